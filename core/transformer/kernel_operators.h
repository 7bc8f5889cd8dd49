// The transformer's operations on our own kernels (core/kernels), on the CPU. Each is in a file of
// its name: embedding.cpp, norms.cpp, attention.cpp, linear.cpp, distribution.cpp.
//
// They keep little for the backward pass: inputs of products are computed again from what they were
// computed from, and logits are never held for more than kLogitRows rows.
#pragma once

#include "core/transformer/operators.h"

namespace tinyzero {

class KernelOperators : public Operators {
 public:
  // The gradient is added to weight's grad(), at the rows `ids` alone: LibTorch's operation would
  // make a second matrix (V, D) for it.
  at::Tensor embed(const at::Tensor& weight, const at::Tensor& ids) const override;
  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) const override;
  at::Tensor swiglu(const at::Tensor& gate_up) const override;
  at::Tensor attention(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm,
                       const AttentionInput& in) const override;
  // Products with a matrix that is not packed are LibTorch's.
  at::Tensor linear(const at::Tensor& x, const LinearWeight& w,
                    const at::Tensor& residual) const override;
  at::Tensor norm_linear(const at::Tensor& x, const at::Tensor& norm, double eps,
                         const LinearWeight& w) const override;
  at::Tensor swiglu_linear(const at::Tensor& gate_up, const LinearWeight& w,
                           const at::Tensor& residual) const override;
  TokenDistribution distribution(const at::Tensor& hidden, const LinearWeight& head,
                                 const at::Tensor& targets, double temperature) const override;
};

}  // namespace tinyzero
