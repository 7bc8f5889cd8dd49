// The direction of a step of Muon.

#include "core/optimizer/orthogonalize.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/optimizer/orthogonalize");

TEST_CASE("orthogonalize leaves the directions of a matrix and evens their lengths") {
  at::manual_seed(3);
  for (const auto& [rows, columns] : {std::pair{24, 64}, {64, 24}, {32, 32}, {1, 8}}) {
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
    CHECK((inner - inner.diag().diag()).abs().max().item<double>() < 1e-4);
    CHECK(at::equal(out, orthogonalize(matrix)));
  }
}

TEST_CASE("the size of a matrix does not matter, its direction does") {
  at::manual_seed(4);
  const at::Tensor matrix = at::randn({6, 20});
  const at::Tensor once = orthogonalize(matrix), scaled = orthogonalize(matrix * 1000);
  CHECK((once - scaled).abs().max().item<double>() < 1e-4);
  CHECK((orthogonalize(-matrix) + once).abs().max().item<double>() < 1e-5);
  CHECK((orthogonalize(matrix.t()) - once.t()).abs().max().item<double>() < 1e-5);
}
