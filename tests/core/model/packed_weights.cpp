// Packed matrices: the product with a packed matrix is that with the model's own.

#include "core/model/packed_weights.h"

#include <doctest/doctest.h>

#include "core/kernels/kernels.h"
#include "support/small_model.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/model/packed_weights");

namespace {

// What Kernels::pack makes of rows x columns numbers that lie so many apart.
std::vector<float> packed(const float* w, std::int64_t row_stride, std::int64_t column_stride,
                          std::int64_t rows, std::int64_t columns) {
  std::vector<float> out(kernels().packed_size(rows, columns), 0.0f);
  kernels().pack(w, row_stride, column_stride, rows, columns, out.data());
  return out;
}

bool begins_with(const float* at, const std::vector<float>& expected) {
  return std::equal(expected.begin(), expected.end(), at);
}

}  // namespace

TEST_CASE("each matrix is packed as it is, and transposed") {
  const Model model = random_model({.width = 32, .kv_heads = 2, .head_dim = 8, .mlp = 48});
  const ModelConfig& c = model.config;
  PackedWeights weights(model, false);
  weights.pack(0, 1);
  const auto check = [&](const PackedWeights::Matrix& matrix, std::int64_t offset,
                         std::int64_t rows, std::int64_t columns) {
    const float* w = model.weights.data() + offset;
    CHECK(begins_with(matrix.forward, packed(w, columns, 1, rows, columns)));
    CHECK(begins_with(matrix.backward, packed(w, 1, columns, columns, rows)));
  };
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const LayerOffsets& at = model.layout.layer(i);
    check(weights.layer(i).qkv, at.qkv, c.q_width() + 2 * c.kv_width(), c.width);
    check(weights.layer(i).output, at.output, c.width, c.q_width());
    check(weights.layer(i).gate_up, at.gate_up, 2 * c.mlp, c.width);
    check(weights.layer(i).down, at.down, c.width, c.mlp);
  }
  check(weights.head(), model.layout.head(), c.vocab, c.width);
}

TEST_CASE("a frozen model has no transposes and takes half of the memory") {
  const Model model = random_model({});
  PackedWeights weights(model, true);
  weights.pack(0, 1);
  CHECK(weights.layer(0).qkv.forward != nullptr);
  CHECK(weights.layer(0).qkv.backward == nullptr);
  CHECK(weights.head().backward == nullptr);
  CHECK(PackedWeights::floats(model, true) < PackedWeights::floats(model, false));
}

TEST_CASE("a value head is not packed") {
  const Model model = random_model({.value_head = true});
  const PackedWeights weights(model, false);
  CHECK(weights.head().forward == nullptr);
  CHECK(weights.layer(1).down.forward != nullptr);
}

TEST_CASE("threads that share the work pack the same") {
  Model model = random_model({});
  PackedWeights whole(model, false);
  PackedWeights shared(model, false);
  whole.pack(0, 1);
  for (std::int64_t part = 0; part < 3; ++part) shared.pack(part, 3);
  const std::int64_t floats = PackedWeights::floats(model, false);
  const auto equal = [&] {
    return std::equal(whole.layer(0).qkv.forward, whole.layer(0).qkv.forward + floats,
                      shared.layer(0).qkv.forward);
  };
  CHECK(equal());
  model.weights.data()[model.layout.layer(1).down] += 1.0f;  // weights are packed as they are now
  whole.pack(0, 1);
  CHECK_FALSE(equal());
}
