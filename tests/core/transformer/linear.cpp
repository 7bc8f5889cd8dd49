// Products on our kernels and on LibTorch, whatever their input is computed from, against double
// precision.

#include <doctest/doctest.h>

#include "core/kernels/kernels.h"
#include "core/model/packed_weights.h"
#include "core/transformer/kernel_operators.h"
#include "core/transformer/torch_operators.h"
#include "support/kernels_in_use.h"
#include "support/small_step.h"
#include "support/value_gradient.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/linear");

namespace {

const KernelOperators kKernels;
const TorchOperators kTorch;

// The kernels in f32, until the end of the scope.
class F32Kernels {
 public:
  F32Kernels() { use_kernels(kernels_for("f32")); }

 private:
  KernelsKept kept_;
};

// A matrix of a model, packed for products of our own.
struct PackedMatrix {
  Model model = small_model();
  PackedWeights weights{model, /*frozen=*/false};

  PackedMatrix() { weights.pack(0, 1); }

  at::Tensor down() const {  // (D, F)
    const ModelConfig& c = model.config;
    return at::from_blob(const_cast<float*>(model.weights.data()) + model.layout.layer(0).down,
                         {c.width, c.mlp}, at::kFloat);
  }
  // The same, with `weight` as what its gradient goes to.
  LinearWeight linear(const at::Tensor& weight, const at::Tensor& bias = {}) const {
    const PackedWeights::Matrix& ready = weights.layer(0).down;
    return {.weight = weight, .bias = bias, .forward = ready.forward, .backward = ready.backward};
  }
};

}  // namespace

TEST_CASE("a packed product with bias and residual: value, and gradients of everything") {
  const F32Kernels f32;
  const PackedMatrix m;
  at::manual_seed(1);
  for (const std::int64_t rows : {1, 40, 128, 290}) {
    CAPTURE(rows);
    const std::vector<at::Tensor> inputs = {at::randn({rows, 48}), m.down(), at::randn({32}),
                                            at::randn({rows, 32})};
    const ValueGradient exact = value_gradient(
        [](const std::vector<at::Tensor>& x) { return at::matmul(x[0], x[1].t()) + x[2] + x[3]; },
        inputs, at::kDouble);
    check_close(value_gradient(
                    [&](const std::vector<at::Tensor>& x) {
                      return kKernels.linear(x[0], m.linear(x[1], x[2]), x[3]);
                    },
                    inputs),
                exact);
    check_close(value_gradient(
                    [&](const std::vector<at::Tensor>& x) {
                      return kKernels.linear(x[0], {.weight = x[1], .bias = x[2]}, x[3]);
                    },
                    inputs),
                exact);
  }
}

TEST_CASE("a product of a norm or a gate is that of the two operations") {
  const F32Kernels f32;
  const PackedMatrix m;
  at::manual_seed(2);
  const std::vector<at::Tensor> normed = {at::randn({150, 48}), at::randn({48}), m.down()};
  const auto norm_linear = [&](const Operators& op, bool packed) {
    return [&, packed](const std::vector<at::Tensor>& x) {
      return op.norm_linear(x[0], x[1], 1e-6,
                            packed ? m.linear(x[2]) : LinearWeight{.weight = x[2], .bias = {}});
    };
  };
  const ValueGradient exact_norm = value_gradient(norm_linear(kTorch, false), normed, at::kDouble);
  check_close(value_gradient(norm_linear(kKernels, true), normed), exact_norm);
  check_close(value_gradient(norm_linear(kKernels, false), normed), exact_norm);

  const std::vector<at::Tensor> gated = {at::randn({150, 96}), m.down(), at::randn({150, 32})};
  const auto swiglu_linear = [&](const Operators& op, bool packed) {
    return [&, packed](const std::vector<at::Tensor>& x) {
      return op.swiglu_linear(
          x[0], packed ? m.linear(x[1]) : LinearWeight{.weight = x[1], .bias = {}}, x[2]);
    };
  };
  const ValueGradient exact_gate = value_gradient(swiglu_linear(kTorch, false), gated, at::kDouble);
  check_close(value_gradient(swiglu_linear(kKernels, true), gated), exact_gate);
  check_close(value_gradient(swiglu_linear(kKernels, false), gated), exact_gate);
}

TEST_CASE("a node of the graph owns what it needs: its weight may go before the backward pass") {
  const F32Kernels f32;
  const PackedMatrix m;
  at::manual_seed(3);
  at::Tensor a = at::randn({2, 48}).set_requires_grad(true);
  at::Tensor b = at::randn({32, 2}).set_requires_grad(true);
  for (at::Tensor* t : {&a, &b}) t->mutable_grad() = at::zeros_like(*t);
  const at::Tensor x = at::randn({10, 48});
  at::Tensor y;
  {
    LinearWeight w = m.linear(m.down());
    w.adapters = {{.first = 0, .count = 32, .a = a, .b = b, .scale = 0.5}};
    y = kKernels.linear(x, w, {});
  }
  torch::autograd::backward({y.sum()}, {});
  const at::Tensor dy = at::ones({10, 32});
  CHECK(distance(b.grad(), 0.5 * at::mm(dy.t(), at::mm(x, a.detach().t()))) < 1e-5);
  CHECK(distance(a.grad(), 0.5 * at::mm(at::mm(dy, b.detach()).t(), x)) < 1e-5);
}
