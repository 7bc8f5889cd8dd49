// The transformer's operations in plain LibTorch: no kernels of ours, on any device, with autograd
// as LibTorch has it.
//
// Tests compare the other implementations with it. Slow on purpose: one sequence after the other,
// whole logits.
#pragma once

#include "core/transformer/operators.h"

namespace tinyzero {

class TorchOperators : public Operators {
 public:
  at::Tensor embed(const at::Tensor& weight, const at::Tensor& ids) const override;
  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) const override;
  at::Tensor swiglu(const at::Tensor& gate_up) const override;
  at::Tensor attention(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm,
                       const AttentionInput& in) const override;
  at::Tensor linear(const at::Tensor& x, const LinearWeight& w,
                    const at::Tensor& residual) const override;
  TokenDistribution distribution(const at::Tensor& hidden, const LinearWeight& head,
                                 const at::Tensor& targets, double temperature) const override;

 private:
  // The attention of sequence s alone: (length, H d).
  at::Tensor attend(std::int64_t s, const at::Tensor& qkv, const at::Tensor& q_norm,
                    const at::Tensor& k_norm, const AttentionInput& in) const;
};

}  // namespace tinyzero
