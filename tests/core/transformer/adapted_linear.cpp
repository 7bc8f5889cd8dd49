// LibTorch's products with adapters: the gradients of the factors, and none of the matrix.

#include "core/transformer/adapted_linear.h"

#include <doctest/doctest.h>

#include "support/value_gradient.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/adapted_linear");

namespace {

at::Tensor leaf(std::vector<std::int64_t> shape) {
  at::Tensor out = at::randn(shape).set_requires_grad(true);
  out.mutable_grad() = at::zeros_like(out);
  return out;
}

}  // namespace

// Rows 1 … 3 of the matrix have an adapter: W' = W + s b a, whose gradients are taken by autograd.
TEST_CASE("gradients of factors are those of the merged matrix") {
  at::manual_seed(1);
  const at::Tensor base = at::randn({5, 6}), x = at::randn({7, 6}), dy = at::randn({7, 5});
  const AdaptedRows rows{
      .first = 1, .count = 3, .a = leaf({2, 6}), .b = leaf({3, 2}), .scale = 1.5};
  at::Tensor a = rows.a.detach().clone().set_requires_grad(true);
  at::Tensor b = rows.b.detach().clone().set_requires_grad(true);
  const at::Tensor delta = at::cat({at::zeros({1, 6}), 1.5 * at::mm(b, a), at::zeros({1, 6})}, 0);
  torch::autograd::backward({(at::mm(x, (base + delta).t()) * dy).sum()}, {});

  const LinearWeight w{
      .weight = (base + delta).detach(), .bias = at::randn({5}), .adapters = {rows}};
  at::Tensor input = x.clone().set_requires_grad(true);
  const at::Tensor y = torch_linear(input, w, {});
  CHECK(distance(y.detach(), at::mm(x, w.weight.t()) + w.bias) < 1e-6);
  torch::autograd::backward({(y * dy).sum()}, {});
  CHECK(distance(rows.a.grad(), a.grad()) < 1e-5);
  CHECK(distance(rows.b.grad(), b.grad()) < 1e-5);
  CHECK(distance(input.grad(), at::mm(dy, w.weight)) < 1e-5);
}

TEST_CASE("factors get their gradient though the input needs none") {
  at::manual_seed(2);
  const AdaptedRows rows{.first = 0, .count = 4, .a = leaf({1, 3}), .b = leaf({4, 1}), .scale = 1};
  const LinearWeight w{.weight = at::randn({4, 3}), .bias = {}, .adapters = {rows}};
  torch::autograd::backward({torch_linear(at::randn({6, 3}), w, at::ones({6, 4})).sum()}, {});
  CHECK(rows.a.grad().abs().max().item<double>() > 0);
  CHECK(rows.b.grad().abs().max().item<double>() > 0);
  CHECK(anchor_of(w.adapters).is_same(rows.a));
  CHECK_FALSE(anchor_of({}).defined());
}

TEST_CASE("in bf16 both sides are rounded, and the result is f32") {
  at::manual_seed(3);
  const at::Tensor x = at::randn({5, 64}), weight = at::randn({8, 64}), bias = at::randn({8});
  const at::Tensor exact = typed_linear(x, weight, bias, at::kFloat);
  const at::Tensor near = typed_linear(x, weight, bias, at::kBFloat16);
  CHECK((near.scalar_type() == at::kFloat));
  CHECK(distance(near, exact) < 0.02);
  CHECK_FALSE(at::equal(near, exact));
}
