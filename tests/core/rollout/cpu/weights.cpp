// Weights packed for decoding are right sides of products.

#include "core/rollout/cpu/weights.h"

#include <doctest/doctest.h>

#include "support/kernel_tables.h"
#include "support/rollout.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/cpu/weights");

namespace {

// x (1, columns) · packed^T, by the table's own product.
std::vector<float> multiplied(const Kernels& k, const std::vector<float>& x, const float* packed,
                              Index rows) {
  const Index columns = std::ssize(x);
  std::vector<float> words(k.words(columns)), y(rows);
  k.to_words(x.data(), columns, 1, columns, words.data());
  k.matmul({.data = words.data(), .row_stride = k.words(columns), .word_stride = 1}, 1, columns,
           packed, rows, nullptr, false, y.data(), rows);
  return y;
}

}  // namespace

TEST_CASE("every packed matrix multiplies as the one in the model does") {
  const Model model = small_decoder();
  const ModelConfig& c = model.config;
  for_tables([&](const Kernels& k, const Kernels&) {
    for (const std::int64_t threads : {1, 3}) {
      Team team(threads);
      DecodeWeights weights(c, model.layout, k);
      weights.pack(model.weights.data(), team);
      Rng rng(4);
      const auto check = [&](const float* packed, std::int64_t offset, Index rows, Index columns) {
        std::vector<float> alone(k.packed_size(rows, columns));
        k.pack(model.weights.data() + offset, columns, 1, rows, columns, alone.data());
        const auto x = random_floats(rng, columns);
        CHECK(same_bits(multiplied(k, x, packed, rows), multiplied(k, x, alone.data(), rows)));
      };
      for (std::int64_t i = 0; i < c.layers; ++i) {
        const LayerOffsets& at = model.layout.layer(i);
        const DecodeLayer& layer = weights.layer(i);
        check(layer.qkv, at.qkv, c.q_width() + 2 * c.kv_width(), c.width);
        check(layer.output, at.output, c.width, c.q_width());
        check(layer.gate_up, at.gate_up, 2 * c.mlp, c.width);
        check(layer.down, at.down, c.width, c.mlp);
        CHECK(layer.input_norm == model.weights.data() + at.input_norm);
        CHECK(layer.qkv_bias == (at.qkv_bias < 0 ? nullptr : model.weights.data() + at.qkv_bias));
      }
      check(weights.head(), model.layout.head(), c.vocab, c.width);
      CHECK(weights.embedding() == model.weights.data() + model.layout.embedding());
    }
  });
}

TEST_CASE("bf16 takes half the memory, and never less than the numbers need") {
  const Model model = small_decoder();
  const std::int64_t f32 = DecodeWeights::floats(model.config, kernels("scalar")),
                     bf16 = DecodeWeights::floats(model.config, kernels("scalar-bf16"));
  CHECK(2 * bf16 == f32);
  for_tables([&](const Kernels& k, const Kernels& exact) {
    CHECK(DecodeWeights::floats(model.config, k) >= DecodeWeights::floats(model.config, exact));
  });
}
