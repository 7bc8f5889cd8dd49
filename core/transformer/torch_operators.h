// The transformer in plain LibTorch operations: no kernels of ours, any device, autograd as it
// comes.
//
// What the fast path (operators.h, rollout/cpu) is held against in tests, and what runs where the
// fast path cannot. Slow on purpose: one sequence after the other, whole logits.
#pragma once

#include <ATen/ATen.h>

#include "core/model/parameters.h"
#include "core/transformer/operators.h"

namespace tinyzero {

at::Tensor reference_rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);
at::Tensor reference_attention(const at::Tensor& qkv, const at::Tensor& q_norm,
                               const at::Tensor& k_norm, const AttentionInput& input);
at::Tensor reference_swiglu(const at::Tensor& gate_up);
TokenDistribution reference_token_distribution(const at::Tensor& hidden, const at::Tensor& weight,
                                               const at::Tensor& targets, double temperature);

}  // namespace tinyzero
