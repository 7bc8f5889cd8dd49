#include "core/optimizer/orthogonalize.h"

namespace tinyzero {

at::Tensor orthogonalize(const at::Tensor& matrix) {
  const bool tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = tall ? matrix.t() : matrix;  // (r, c), r <= c
  x = x / (x.norm() + 1e-7);
  for (int i = 0; i < 5; ++i) {
    const at::Tensor a = at::mm(x, x.t());                     // (r, r)
    const at::Tensor b = at::addmm(a, a, a, -4.7750, 2.0315);  // (r, r)
    x = at::addmm(x, b, x, 3.4445, 1.0);                       // (r, c)
  }
  return tall ? x.t() : x;
}

}  // namespace tinyzero
