// The norm and the gate on our kernels, against LibTorch in double precision.

#include <doctest/doctest.h>

#include "core/transformer/kernel_operators.h"
#include "core/transformer/torch_operators.h"
#include "support/value_gradient.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/norms");

namespace {

const KernelOperators kKernels;
const TorchOperators kTorch;

}  // namespace

TEST_CASE("the norm and its gradients, for any number of rows") {
  at::manual_seed(1);
  for (const std::int64_t rows : {1, 5, 128, 300}) {
    CAPTURE(rows);
    const std::vector<at::Tensor> inputs = {at::randn({rows, 40}) * 3, at::randn({40})};
    const auto norm = [](const Operators& op) {
      return [&op](const std::vector<at::Tensor>& in) { return op.rms_norm(in[0], in[1], 1e-6); };
    };
    check_close(value_gradient(norm(kKernels), inputs),
                value_gradient(norm(kTorch), inputs, at::kDouble));
  }
}

TEST_CASE("the gate and its gradient, for any number of rows") {
  at::manual_seed(2);
  for (const std::int64_t rows : {1, 127, 129}) {
    CAPTURE(rows);
    const std::vector<at::Tensor> inputs = {at::randn({rows, 2 * 24}) * 4};
    const auto gate = [](const Operators& op) {
      return [&op](const std::vector<at::Tensor>& in) { return op.swiglu(in[0]); };
    };
    check_close(value_gradient(gate(kKernels), inputs),
                value_gradient(gate(kTorch), inputs, at::kDouble));
  }
}

TEST_CASE("a norm of ones is the row over its root mean square") {
  const at::Tensor x = at::tensor({3.0f, 4.0f}).view({1, 2});
  const at::Tensor y = kKernels.rms_norm(x, at::ones({2}), 0.0);
  CHECK(y[0][0].item<double>() == doctest::Approx(3 / std::sqrt(12.5)));
  CHECK(y[0][1].item<double>() == doctest::Approx(4 / std::sqrt(12.5)));
}
