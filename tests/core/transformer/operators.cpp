// What all implementations have in common.

#include "core/transformer/operators.h"

#include <doctest/doctest.h>

#include "core/model/config.h"
#include "core/transformer/torch_operators.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/operators");

TEST_CASE("by default fused operations are the two that they consist of, and nothing is copied") {
  const TorchOperators op;
  at::manual_seed(1);
  const at::Tensor x = at::randn({5, 8}), norm = at::randn({8}), residual = at::randn({5, 3});
  const LinearWeight w{.weight = at::randn({3, 8}), .bias = at::randn({3})};
  CHECK(at::equal(op.norm_linear(x, norm, 1e-6, w), op.linear(op.rms_norm(x, norm, 1e-6), w, {})));
  const at::Tensor gate_up = at::randn({5, 16});
  CHECK(at::equal(op.swiglu_linear(gate_up, w, residual),
                  op.linear(op.swiglu(gate_up), w, residual)));
  CHECK_FALSE(op.device().has_value());
}

TEST_CASE("attention is told the model's heads and norm") {
  const ModelConfig c = preset_config("tiny");
  const AttentionInput in = TorchOperators().attention_input(c, nullptr, nullptr);
  CHECK(in.heads == c.heads);
  CHECK(in.kv_heads == c.kv_heads);
  CHECK(in.head_dim == c.head_dim);
  CHECK(in.eps == c.norm_eps);
  CHECK(in.padded == nullptr);
}
