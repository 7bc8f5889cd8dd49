// A part of the graph that the backward pass computes again.

#include "core/transformer/recompute.h"

#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/recompute");

TEST_CASE("the same value and gradients, of the input and of leaves inside") {
  at::manual_seed(1);
  const at::Tensor x0 = at::randn({4, 3}), w0 = at::randn({3, 3});
  std::vector<at::Tensor> results[2];
  for (const bool again : {false, true}) {
    at::Tensor x = x0.clone().set_requires_grad(true), w = w0.clone().set_requires_grad(true);
    const auto work = [&w](const at::Tensor& in) { return at::tanh(at::mm(in, w)); };
    const at::Tensor y = again ? recomputed(work, x) : work(x);
    torch::autograd::backward({(y * y).sum()}, {});
    results[again] = {y.detach(), x.grad(), w.grad()};
  }
  for (std::size_t i = 0; i < 3; ++i) CHECK(at::equal(results[0][i], results[1][i]));
}

TEST_CASE("the work runs once forward and once backward; without gradients once") {
  int calls = 0;
  const auto work = [&](const at::Tensor& in) {
    ++calls;
    return in * 2;
  };
  const at::Tensor y = recomputed(work, at::ones({2}).set_requires_grad(true));
  CHECK(calls == 1);
  torch::autograd::backward({y.sum()}, {});
  CHECK(calls == 2);
  const at::NoGradGuard no_grad;
  CHECK_FALSE(recomputed(work, at::ones({2})).requires_grad());
  CHECK(calls == 3);
}

TEST_CASE("leaves inside get their gradient though the input needs none") {
  at::Tensor w = at::ones({2}).set_requires_grad(true);
  const at::Tensor y = recomputed([&](const at::Tensor& in) { return in * w; }, at::ones({2}));
  torch::autograd::backward({y.sum()}, {});
  CHECK(at::equal(w.grad(), at::ones({2})));
}
