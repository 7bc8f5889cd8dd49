// Plain LibTorch's operations against loops over single numbers.

#include "core/transformer/torch_operators.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/model/config.h"
#include "core/model/rope.h"
#include "core/transformer/packed_shape.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/torch_operators");

namespace {

const TorchOperators kTorch;

}  // namespace

// One head of two components, which position p rotates by the angle p: the logit of positions i, j
// is q_i · R(j - i) k_j / sqrt(2).
TEST_CASE("attention by hand, for one head of two components") {
  ModelConfig c = preset_config("tiny");
  c.heads = c.kv_heads = 1;
  c.head_dim = 2;
  const auto rope = std::make_shared<RopeTable>(c);
  rope->ensure(3);
  auto shape = std::make_shared<PackedShape>();
  shape->add(3);
  at::manual_seed(1);
  const at::Tensor qkv = at::randn({3, 6}, at::kDouble);
  const auto x = qkv.accessor<double, 2>();
  const at::Tensor out = kTorch.attention(qkv, {}, {}, kTorch.attention_input(c, shape, rope));
  for (std::int64_t i = 0; i < 3; ++i) {
    double sum = 0, expected[2] = {0, 0};
    for (std::int64_t j = 0; j <= i; ++j) {
      const double angle = static_cast<double>(j - i);
      const double k0 = x[j][2] * std::cos(angle) - x[j][3] * std::sin(angle);
      const double k1 = x[j][3] * std::cos(angle) + x[j][2] * std::sin(angle);
      const double weight = std::exp((x[i][0] * k0 + x[i][1] * k1) / std::sqrt(2.0));
      sum += weight;
      for (int d = 0; d < 2; ++d) expected[d] += weight * x[j][4 + d];
    }
    for (int d = 0; d < 2; ++d)
      CHECK(out[i][d].item<double>() == doctest::Approx(expected[d] / sum).epsilon(1e-6));
  }
}

TEST_CASE("the gate and the distribution by their formulas") {
  const at::Tensor gate_up = at::tensor({1.5, -2.0, 3.0, 0.5}, at::kDouble).view({1, 4});
  const at::Tensor y = kTorch.swiglu(gate_up);
  CHECK(y[0][0].item<double>() == doctest::Approx(1.5 / (1 + std::exp(-1.5)) * 3.0));
  CHECK(y[0][1].item<double>() == doctest::Approx(-2.0 / (1 + std::exp(2.0)) * 0.5));

  const LinearWeight head{.weight = at::tensor({1.0, 2.0, 4.0}, at::kDouble).view({3, 1}),
                          .bias = {}};
  const auto out = kTorch.distribution(at::ones({1, 1}, at::kDouble), head,
                                       at::tensor(std::vector<std::int64_t>{1}), 2.0);
  double sum = 0, entropy = 0;
  for (const double logit : {0.5, 1.0, 2.0}) sum += std::exp(logit);
  for (const double logit : {0.5, 1.0, 2.0})
    entropy -= std::exp(logit) / sum * (logit - std::log(sum));
  CHECK(out.logp[0].item<double>() == doctest::Approx(1.0 - std::log(sum)));
  CHECK(out.entropy[0].item<double>() == doctest::Approx(entropy));
}
