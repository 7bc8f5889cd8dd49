// Log-probs and entropies of tokens: chunks, temperatures, and gradients against double precision.

#include <doctest/doctest.h>

#include "core/transformer/device_operators.h"
#include "core/transformer/kernel_operators.h"
#include "support/value_gradient.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/distribution");

namespace {

const KernelOperators kKernels;
const TorchOperators kTorch;

// Log-probs and entropies side by side: (N, 2).
ValueGradient distribution_of(const Operators& op, const std::vector<at::Tensor>& inputs,
                              const at::Tensor& targets, double temperature,
                              at::ScalarType type = at::kFloat) {
  return value_gradient(
      [&](const std::vector<at::Tensor>& x) {
        const TokenDistribution out =
            op.distribution(x[0], {.weight = x[1], .bias = {}}, targets, temperature);
        return at::stack({out.logp, out.entropy}, 1);
      },
      inputs, type);
}

}  // namespace

TEST_CASE("values and gradients at any temperature, for fewer and more rows than a chunk") {
  at::manual_seed(1);
  for (const std::int64_t rows :
       {std::int64_t{1}, std::int64_t{60}, kLogitRows, 2 * kLogitRows + 9}) {
    for (const double temperature : {1.0, 0.7, 2.5}) {
      CAPTURE(rows);
      CAPTURE(temperature);
      const std::vector<at::Tensor> inputs = {at::randn({rows, 16}), at::randn({37, 16})};
      const at::Tensor targets = at::randint(37, {rows}, at::kLong);
      const ValueGradient exact =
          distribution_of(kTorch, inputs, targets, temperature, at::kDouble);
      check_close(distribution_of(kKernels, inputs, targets, temperature), exact, 2e-5);
      check_close(distribution_of(DeviceOperators({}), inputs, targets, temperature), exact, 2e-5);
    }
  }
}

TEST_CASE("a head of zeros says nothing: every token alike, the most entropy") {
  const auto out =
      kKernels.distribution(at::randn({3, 4}), {.weight = at::zeros({8, 4}), .bias = {}},
                            at::tensor(std::vector<std::int64_t>{0, 3, 7}), 1.0);
  for (std::int64_t i = 0; i < 3; ++i) {
    CHECK(out.logp[i].item<double>() == doctest::Approx(-std::log(8)));
    CHECK(out.entropy[i].item<double>() == doctest::Approx(std::log(8)));
  }
}

TEST_CASE("a loss of log-probs alone, or of entropies alone, has its gradient") {
  at::manual_seed(2);
  const at::Tensor targets = at::randint(9, {12}, at::kLong);
  const std::vector<at::Tensor> inputs = {at::randn({12, 5}), at::randn({9, 5})};
  for (const bool entropy : {false, true}) {
    const auto one = [&](const Operators& op, at::ScalarType type) {
      return value_gradient(
          [&](const std::vector<at::Tensor>& x) {
            const auto out = op.distribution(x[0], {.weight = x[1], .bias = {}}, targets, 1.0);
            return entropy ? out.entropy : out.logp;
          },
          inputs, type);
    };
    check_close(one(kKernels, at::kFloat), one(kTorch, at::kDouble), 2e-5);
  }
}
