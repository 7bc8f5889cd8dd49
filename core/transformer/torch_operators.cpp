#include "core/transformer/torch_operators.h"

#include <cmath>

#include "tinyzero/primitives/losses.h"

namespace tinyzero {
namespace {

using at::Tensor;

// Rotates the halves of each head of x (T, heads, d) by the angles of its row's position.
Tensor rotate(const Tensor& x, const RopeTable& rope) {
  const std::int64_t length = x.size(0), half = x.size(2) / 2;
  const auto table = [&](const float* row) {
    return at::from_blob(const_cast<float*>(row), {length, 1, half}, at::kFloat)
        .clone()
        .to(x.options());  // (T, 1, d/2)
  };
  const Tensor c = table(rope.cosines(0)), s = table(rope.sines(0));
  const Tensor a = x.narrow(2, 0, half), b = x.narrow(2, half, half);  // (T, heads, d/2)
  return at::cat({a * c - b * s, b * c + a * s}, 2);
}

}  // namespace

Tensor reference_rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  return x * at::rsqrt(x.square().mean(-1, true) + eps) * weight;
}

Tensor reference_attention(const Tensor& qkv, const Tensor& q_norm, const Tensor& k_norm,
                           const AttentionInput& in) {
  const std::int64_t group = in.heads / in.kv_heads;
  std::vector<Tensor> outputs;
  for (std::int64_t s = 0; s < in.shape->sequences(); ++s) {
    const std::int64_t parent = in.shape->parent(s), before = in.shape->first_position(s),
                       length = before + in.shape->length(s);
    Tensor rows = qkv.narrow(0, in.shape->start(s),
                             in.shape->length(s));  // what it continues is computed again
    if (parent >= 0) rows = at::cat({qkv.narrow(0, in.shape->start(parent), before), rows});
    const auto parts = rows.view({length, in.heads + 2 * in.kv_heads, in.head_dim});
    Tensor q = parts.narrow(1, 0, in.heads), k = parts.narrow(1, in.heads, in.kv_heads),
           v = parts.narrow(1, in.heads + in.kv_heads, in.kv_heads);  // (T, heads, d)
    if (q_norm.defined()) {
      q = reference_rms_norm(q, q_norm, in.eps);
      k = reference_rms_norm(k, k_norm, in.eps);
    }
    q = rotate(q, *in.rope).transpose(0, 1);                              // (H, T, d)
    k = rotate(k, *in.rope).transpose(0, 1).repeat_interleave(group, 0);  // (H, T, d)
    v = v.transpose(0, 1).repeat_interleave(group, 0);                    // (H, T, d)
    const Tensor future =
        at::ones({length, length}, q.options().dtype(at::kBool)).triu(1);  // (T, T)
    const Tensor scores =
        (at::matmul(q, k.transpose(1, 2)) / std::sqrt(in.head_dim)).masked_fill(future, -INFINITY);
    outputs.push_back(at::matmul(scores.softmax(-1), v)
                          .transpose(0, 1)
                          .reshape({length, in.heads * in.head_dim})
                          .slice(0, before));
  }
  return at::cat(outputs, 0);
}

Tensor reference_swiglu(const Tensor& gate_up) {
  const auto halves = gate_up.chunk(2, 1);
  return at::silu(halves[0]) * halves[1];
}

TokenDistribution reference_token_distribution(const Tensor& hidden, const Tensor& weight,
                                               const Tensor& targets, double temperature) {
  const Tensor log_p = log_softmax_of(at::matmul(hidden, weight.t()), temperature);  // (N, V)
  return {log_p.gather(1, targets.unsqueeze(1)).squeeze(1), entropy_from(log_p)};
}

}  // namespace tinyzero
