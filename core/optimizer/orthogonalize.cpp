#include "core/optimizer/orthogonalize.h"

#include <algorithm>
#include <vector>

#include "core/kernels/kernels.h"

namespace tinyzero {
namespace {

constexpr int kIterations = 5;
constexpr float kLinear = 3.4445f, kCubic = -4.7750f, kQuintic = 2.0315f;

using Floats = std::vector<float>;

void scale(const Floats& x, float factor, Floats& y) {
  std::ranges::transform(x, y.begin(), [&](float value) { return factor * value; });
}

// The iteration on x (m, n), m >= n, with products of the kernels in use. Every right side is read
// along its rows, which is how it is packed fastest: that of xᵀ · x is x, and others are symmetric.
class NewtonSchulz {
 public:
  NewtonSchulz(Index m, Index n)
      : m_(m),
        n_(n),
        square_(n * n),
        scaled_(n * n),
        polynomial_(n * n),
        left_(std::max(k_.words(m) * n, m * k_.words(n))),
        right_(std::max(k_.packed_size(n, m), k_.packed_size(n, n))) {}

  // x becomes 3.4445 x - 4.7750 x xᵀ x + 2.0315 x xᵀ x xᵀ x.
  void step(Floats& x) {
    k_.columns_to_words(x.data(), n_, m_, n_, left_.data());
    multiply({left_.data(), 1, n_}, n_, x, m_, /*add=*/false, square_);
    scale(square_, kCubic, polynomial_);
    scale(square_, kQuintic, scaled_);
    multiply_rows(scaled_, n_, square_, polynomial_);
    next_.resize(x.size());
    scale(x, kLinear, next_);
    multiply_rows(x, m_, polynomial_, next_);
    x.swap(next_);
  }

 private:
  // y += left (rows, n) · symmetric (n, n)
  void multiply_rows(const Floats& left, Index rows, const Floats& symmetric, Floats& y) {
    k_.to_words(left.data(), n_, rows, n_, left_.data());
    multiply({left_.data(), k_.words(n_), 1}, rows, symmetric, n_, /*add=*/true, y);
  }
  // y (rows, n) = left (rows, depth) · right (depth, n), or added to it.
  void multiply(const LeftWords& left, Index rows, const Floats& right, Index depth, bool add,
                Floats& y) {
    k_.pack(right.data(), 1, n_, n_, depth, right_.data());
    k_.matmul(left, rows, depth, right_.data(), n_, /*bias=*/nullptr, add, y.data(), n_);
  }

  const Kernels& k_ = kernels();
  const Index m_, n_;
  Floats square_, scaled_, polynomial_;  // xᵀ · x, a multiple of it, and what x is multiplied by
  Floats left_, right_;                  // of a product, in words
  Floats next_;
};

}  // namespace

at::Tensor orthogonalize(const at::Tensor& matrix) {
  const bool is_wide = matrix.size(0) < matrix.size(1);
  const at::Tensor tall = (is_wide ? matrix.t() : matrix).contiguous();  // (m, n), m >= n
  const float* from = tall.const_data_ptr<float>();
  Floats x(from, from + tall.numel());
  scale(x, 1 / (tall.norm().item<float>() + 1e-7f), x);
  NewtonSchulz iteration(tall.size(0), tall.size(1));
  for (int i = 0; i < kIterations; ++i) iteration.step(x);
  const at::Tensor out = at::empty_like(tall);
  std::ranges::copy(x, out.mutable_data_ptr<float>());
  return is_wide ? out.t() : out;
}

}  // namespace tinyzero
