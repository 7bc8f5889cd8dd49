// Rows of the embedding, whose gradient goes to the rows that occur.

#include <doctest/doctest.h>

#include "core/transformer/kernel_operators.h"
#include "support/value_gradient.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/embedding");

TEST_CASE("the gradient of a row is the sum over the positions of its token") {
  at::manual_seed(1);
  const KernelOperators op;
  const at::Tensor ids = at::tensor(std::vector<std::int64_t>{4, 0, 4, 4, 9, 0});
  const std::vector<at::Tensor> weight = {at::randn({10, 7})};
  const ValueGradient ours = value_gradient(
      [&](const std::vector<at::Tensor>& in) { return op.embed(in[0], ids); }, weight);
  const ValueGradient plain =
      value_gradient([&](const std::vector<at::Tensor>& in) { return at::embedding(in[0], ids); },
                     weight, at::kDouble);
  check_close(ours, plain, 1e-6);
  for (const std::int64_t row : {1, 2, 3, 5, 6, 7, 8})
    CHECK(ours.gradients[0][row].abs().max().item<double>() == 0);
}

TEST_CASE("a gradient is added to what is there already") {
  const KernelOperators op;
  at::Tensor weight = at::zeros({3, 2}).set_requires_grad(true);
  weight.mutable_grad() = at::full({3, 2}, 5.0f);
  const at::Tensor ids = at::tensor(std::vector<std::int64_t>{1, 1});
  torch::autograd::backward({op.embed(weight, ids).sum()}, {});
  CHECK(at::equal(weight.grad(), at::tensor({5.0f, 5.0f, 7.0f, 7.0f, 5.0f, 5.0f}).view({3, 2})));
}

TEST_CASE("a frozen embedding has no gradient") {
  const KernelOperators op;
  const at::Tensor weight = at::randn({3, 2});
  const at::Tensor x = op.embed(weight, at::tensor(std::vector<std::int64_t>{2, 0}));
  CHECK_FALSE(x.requires_grad());
  CHECK(at::equal(x[0], weight[2]));
}
