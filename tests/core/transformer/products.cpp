// Products of matrices on every table of kernels, and the gradient of a matrix.

#include "core/transformer/products.h"

#include <doctest/doctest.h>

#include "core/kernels/kernels.h"
#include "support/kernels_in_use.h"
#include "support/value_gradient.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/products");

namespace {

constexpr KernelTolerance kTolerance{.f32 = 1e-5, .bf16 = 0.03};

std::vector<float> packed(const at::Tensor& right) {
  const std::int64_t k = right.size(0), n = right.size(1);
  std::vector<float> out(kernels().packed_size(n, k));
  const at::Tensor rows = right.t().contiguous();  // (n, k)
  kernels().pack(rows.const_data_ptr<float>(), k, 1, n, k, out.data());
  return out;
}

}  // namespace

TEST_CASE("packed or not, with a bias or added to what is there") {
  for_kernels(kTolerance, [](double tolerance) {
    at::manual_seed(1);
    const at::Tensor x = at::randn({37, 19}), right = at::randn({19, 53}), bias = at::randn({53});
    const at::Tensor expected = at::mm(x, right), start = at::randn({37, 53});
    const std::vector<float> ready = packed(right);
    const auto product = [&](const float* with, const ProductEnd& end) {
      at::Tensor y = start.clone();
      multiply_rows(x.const_data_ptr<float>(), 37, {right, with}, y.mutable_data_ptr<float>(), end);
      return y;
    };
    CHECK(distance(product(nullptr, {}), expected) < 1e-5);
    CHECK(distance(product(ready.data(), {}), expected) < tolerance);
    const float* row = bias.const_data_ptr<float>();
    CHECK(distance(product(ready.data(), {.bias = row}), expected + bias) < tolerance);
    CHECK(distance(product(ready.data(), {.add = true}), expected + start) < tolerance);
  });
}

TEST_CASE("the gradient of a matrix is added to what it has, for odd numbers of rows, too") {
  for_kernels(kTolerance, [](double tolerance) {
    at::manual_seed(2);
    for (const std::int64_t rows : {1, 7, 130}) {
      const at::Tensor dy = at::randn({rows, 140}), x = at::randn({rows, 21});
      const at::Tensor gradient = at::ones({140, 21});
      add_weight_gradient(dy.const_data_ptr<float>(), x.const_data_ptr<float>(), rows, gradient);
      CHECK(distance(gradient, at::mm(dy.t(), x) + 1) < tolerance);
    }
  });
}
