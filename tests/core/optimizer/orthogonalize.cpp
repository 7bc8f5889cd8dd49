// The direction of a step of Muon.

#include "core/optimizer/orthogonalize.h"

#include <doctest/doctest.h>

#include <utility>

#include "support/kernels_in_use.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/optimizer/orthogonalize");

namespace {

constexpr std::pair<std::int64_t, std::int64_t> kShapes[] = {{24, 64}, {64, 24},  {32, 32},
                                                             {1, 8},   {33, 130}, {130, 33}};

// Of a number of a direction.
constexpr KernelTolerance kTolerance{.f32 = 1e-4, .bf16 = 0.02};

// The same iteration in double, by LibTorch.
at::Tensor reference(const at::Tensor& matrix) {
  const bool is_tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = (is_tall ? matrix.t() : matrix).to(at::kDouble);
  x = x / x.norm();
  for (int i = 0; i < 5; ++i) {
    const at::Tensor a = at::mm(x, x.t());
    x = 3.4445 * x + at::mm(-4.7750 * a + 2.0315 * at::mm(a, a), x);
  }
  return is_tall ? x.t() : x;
}

double largest(const at::Tensor& difference) { return difference.abs().max().item<double>(); }

}  // namespace

TEST_CASE("every table of kernels gives what the iteration gives in double, within its rounding") {
  for_kernels(kTolerance, [&](double tolerance) {
    at::manual_seed(3);
    for (const auto& [rows, columns] : kShapes) {
      CAPTURE(rows);
      CAPTURE(columns);
      const at::Tensor matrix = at::randn({rows, columns}), out = orthogonalize(matrix);
      CHECK(largest(out - reference(matrix)) < tolerance);
      CHECK(at::equal(out, orthogonalize(matrix)));
    }
  });
}

TEST_CASE("orthogonalize leaves the directions of a matrix and evens their lengths") {
  for_kernels(kTolerance, [&](double tolerance) {
    at::manual_seed(3);
    for (const auto& [rows, columns] : kShapes) {
      const at::Tensor matrix = at::randn({rows, columns}), out = orthogonalize(matrix);
      const auto [u, s, v] = at::linalg_svd(matrix, false);
      const at::Tensor values = at::linalg_svdvals(out);
      CAPTURE(rows);
      CHECK(values.max().item<double>() < 1.25);
      if (rows != columns)
        CHECK(values.min().item<double>() >
              0.6);  // a square one has singular values near 0, which stay small
      // The same singular vectors: U^T out V is diagonal.
      const at::Tensor inner = at::mm(at::mm(u.t(), out), v.t());
      CHECK(largest(inner - inner.diag().diag()) < 3 * tolerance);
    }
  });
}

TEST_CASE("the size of a matrix does not matter, its direction does") {
  for_kernels(kTolerance, [&](double tolerance) {
    at::manual_seed(4);
    const at::Tensor matrix = at::randn({6, 20});
    const at::Tensor once = orthogonalize(matrix);
    CHECK(largest(once - orthogonalize(matrix * 1000)) < tolerance);
    CHECK(largest(orthogonalize(-matrix) + once) < tolerance);
    CHECK(largest(orthogonalize(matrix.t()) - once.t()) < tolerance);
  });
}
