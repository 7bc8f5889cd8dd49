// Matrix products over random shapes with tails, of f32 and of bf16.

#include <doctest/doctest.h>

#include "support/kernel_tables.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/kernels/vector/products");

namespace {

// x (m, k) as words, by rows or, of x^T, by columns.
std::vector<float> narrowed(const Kernels& table, const std::vector<float>& x, Index m, Index k,
                            bool columns) {
  std::vector<float> words(m * table.words(k));
  if (columns) table.columns_to_words(x.data(), m, k, m, words.data());
  else table.to_words(x.data(), k, m, k, words.data());
  return words;
}

std::vector<float> transposed(const std::vector<float>& x, Index rows, Index columns) {
  std::vector<float> out(x.size());
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) out[j * rows + i] = x[i * columns + j];
  }
  return out;
}

// x (m, depth) · w (n, depth)^T. `across`: both sides are given transposed and packed from there.
std::vector<float> product(const Kernels& k, const std::vector<float>& x,
                           const std::vector<float>& w, Index m, Index n, Index depth,
                           const float* bias, bool add, std::vector<float> y, bool across = false) {
  std::vector<float> packed(k.packed_size(n, depth), NAN);
  if (across) k.pack(transposed(w, n, depth).data(), 1, n, n, depth, packed.data());
  else k.pack(w.data(), depth, 1, n, depth, packed.data());
  const std::vector<float> words =
      narrowed(k, across ? transposed(x, m, depth) : x, m, depth, across);
  const LeftWords left =
      across ? LeftWords{words.data(), 1, m} : LeftWords{words.data(), k.words(depth), 1};
  k.matmul(left, m, depth, packed.data(), n, bias, add, y.data(), n);
  return y;
}

}  // namespace

TEST_CASE("matmul") {
  for_tables([](const Kernels& fast, const Kernels& slow) {
    Rng rng(1);
    for (int trial = 0; trial < 80; ++trial) {
      const bool large = trial % 8 == 0,
                 across = rng.chance(0.5);  // large: more rows and depth than are done at once
      const Index m = large ? rng.between(49, 70) : rng.between(0, 30), n = rng.between(1, 100),
                  k = large ? rng.between(250, 1100) : rng.between(1, 70);
      CAPTURE(m);
      CAPTURE(n);
      CAPTURE(k);
      const auto x = random_floats(rng, m * k), w = random_floats(rng, n * k),
                 bias = random_floats(rng, n), y = random_floats(rng, m * n);
      const bool add = rng.chance(0.5);
      const float* b = rng.chance(0.5) ? bias.data() : nullptr;
      check_near(product(fast, x, w, m, n, k, b, add, y, across),
                 product(slow, x, w, m, n, k, b, add, y), large ? 2e-5 : 2e-6);
    }
  });
}

TEST_CASE("products of bf16 are those of numbers rounded to bf16") {
  Rng rng(21);
  const Index m = 5, n = 7, k = 33;
  auto x = random_floats(rng, m * k), w = random_floats(rng, n * k);
  const auto bf16 =
      product(kernels("scalar-bf16"), x, w, m, n, k, nullptr, false, std::vector<float>(35));
  check_near(bf16,
             product(kernels("scalar"), x, w, m, n, k, nullptr, false, std::vector<float>(35)),
             2e-2);
  for (auto* numbers : {&x, &w}) {
    for (float& number : *numbers)
      number = std::ldexp(std::nearbyint(std::ldexp(number, 8 - std::ilogb(number) - 1)),
                          std::ilogb(number) + 1 - 8);
  }
  check_near(bf16,
             product(kernels("scalar"), x, w, m, n, k, nullptr, false, std::vector<float>(35)),
             1e-6);
}

TEST_CASE("a row of matmul does not depend on the rows beside it, nor a column on the columns") {
  for_tables([](const Kernels& fast, const Kernels&) {
    Rng rng(2);
    const Index n = 77;
    for (const Index k : {130, 1100}) {  // short, and longer than what is summed at once
      const Index m = 59;
      CAPTURE(k);
      const auto x = random_floats(rng, m * k), w = random_floats(rng, n * k);
      const auto whole = product(fast, x, w, m, n, k, nullptr, false, std::vector<float>(m * n));
      for (Index i = 0; i < m; ++i) {
        const std::vector<float> row(x.begin() + i * k, x.begin() + (i + 1) * k);
        const auto alone = product(fast, row, w, 1, n, k, nullptr, false, std::vector<float>(n));
        for (Index j = 0; j < n; ++j) REQUIRE(alone[j] == whole[i * n + j]);
      }
      std::vector<float> packed(fast.packed_size(n, k)), words(m * fast.words(k));
      fast.pack(w.data(), k, 1, n, k, packed.data());
      fast.to_words(x.data(), k, m, k, words.data());
      const Index first = n / fast.panel * fast.panel;
      std::vector<float> rest(m * (n - first));
      fast.matmul({words.data(), fast.words(k), 1}, m, k,
                  packed.data() + fast.packed_size(first, k), n - first, nullptr, false,
                  rest.data(), n - first);
      for (Index i = 0; i < m; ++i) {
        for (Index j = first; j < n; ++j)
          REQUIRE(rest[i * (n - first) + j - first] == whole[i * n + j]);
      }
    }
  });
}

TEST_CASE("a number that is NaN makes the sums it enters NaN") {
  for_tables([](const Kernels& fast, const Kernels&) {
    CHECK(std::isnan(product(fast, {NAN, 1}, {1, 1}, 1, 1, 2, nullptr, false, {0})[0]));
  });
}

TEST_CASE("multiply_adds counts its operations, and its result depends on all rounds") {
  for_tables([](const Kernels& fast, const Kernels&) {
    float once = 0, often = 0;
    const Index operations = fast.multiply_adds(1, once);
    CHECK(operations > 0);
    CHECK(fast.multiply_adds(5, often) == 5 * operations);
    CHECK(once != often);
  });
}
