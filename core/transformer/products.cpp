#include "core/transformer/products.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "core/kernels/kernels.h"
#include "core/transformer/row_chunks.h"
#include "core/transformer/scratch.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kPackedAtOnce = 1 << 16;  // numbers that are worth a thread

// Parts of a loop that threads share, where each part packs so many numbers.
std::int64_t parts_worth_a_thread(std::int64_t numbers) {
  return std::max<std::int64_t>(1, kPackedAtOnce / numbers);
}

// x (rows, k) packed as the right side of products that sum over the rows.
const float* packed_right(const float* x, std::int64_t rows, std::int64_t k) {
  const Kernels& table = kernels();
  const std::int64_t panels = (k + table.panel - 1) / table.panel;
  float* right = scratch(Scratch::right, table.packed_size(k, rows));
  at::parallel_for(
      0, panels, parts_worth_a_thread(rows * table.panel),
      [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t first = begin * table.panel, last = std::min(k, end * table.panel);
        table.pack(x + first, 1, k, last - first, rows, right + table.packed_size(first, rows));
      });
  return right;
}

// dy (rows, n) in words, each of several rows, as the left side of such products.
const float* left_words(const float* dy, std::int64_t rows, std::int64_t n) {
  const Kernels& table = kernels();
  const std::int64_t per_word = table.numbers_per_word;
  if (per_word == 1) return dy;
  const std::int64_t words = table.words(rows);
  float* left = scratch(Scratch::left, words * n);
  at::parallel_for(
      0, words, parts_worth_a_thread(n * per_word), [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t first = begin * per_word, last = std::min(rows, end * per_word);
        table.columns_to_words(dy + first * n, n, last - first, n, left + begin * n);
      });
  return left;
}

}  // namespace

void multiply_rows(const float* x, std::int64_t count, const RightSide& right, float* y,
                   const ProductEnd& end) {
  const Kernels& table = kernels();
  const std::int64_t k = right.matrix.size(0), n = right.matrix.size(1);
  if (right.packed == nullptr) {
    at::Tensor out = at::from_blob(y, {count, n});
    at::mm_out(out, at::from_blob(const_cast<float*>(x), {count, k}), right.matrix);
    return;
  }
  LeftWords left{x, k, 1};
  if (table.numbers_per_word > 1) {
    float* words = scratch(Scratch::words, count * table.words(k));
    table.to_words(x, k, count, k, words);
    left = {words, table.words(k), 1};
  }
  table.matmul(left, count, k, right.packed, n, end.bias, end.add, y, n);
}

void add_weight_gradient(const float* dy, const float* x, std::int64_t rows, at::Tensor gradient) {
  const std::int64_t n = gradient.size(0), k = gradient.size(1);
  const float* right = packed_right(x, rows, k);
  const float* left = left_words(dy, rows, n);
  float* dweight = gradient.mutable_data_ptr<float>();
  for_rows(n, [&](std::int64_t first, std::int64_t count) {
    kernels().matmul({left + first, 1, n}, count, rows, right, k, nullptr, true,
                     dweight + first * k, k);
  });
}

}  // namespace tinyzero
