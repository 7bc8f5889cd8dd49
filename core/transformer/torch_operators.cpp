#include "core/transformer/torch_operators.h"

#include <cmath>

#include "core/model/rope.h"
#include "core/transformer/adapted_linear.h"
#include "core/transformer/packed_shape.h"
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

Tensor TorchOperators::embed(const Tensor& weight, const Tensor& ids) const {
  return at::embedding(weight, ids.to(weight.device()));
}

Tensor TorchOperators::rms_norm(const Tensor& x, const Tensor& weight, double eps) const {
  return x * at::rsqrt(x.square().mean(-1, true) + eps) * weight;
}

Tensor TorchOperators::swiglu(const Tensor& gate_up) const {
  const auto halves = gate_up.chunk(2, 1);
  return at::silu(halves[0]) * halves[1];
}

Tensor TorchOperators::attend(std::int64_t s, const Tensor& qkv, const Tensor& q_norm,
                              const Tensor& k_norm, const AttentionInput& in) const {
  const std::int64_t group = in.heads / in.kv_heads;
  const std::int64_t parent = in.shape->parent(s);
  const std::int64_t before = in.shape->first_position(s);
  const std::int64_t length = before + in.shape->length(s);
  Tensor rows = qkv.narrow(0, in.shape->start(s), in.shape->length(s));
  if (parent >= 0)  // the sequence that it continues is computed again
    rows = at::cat({qkv.narrow(0, in.shape->start(parent), before), rows});
  const Tensor heads = rows.view({length, in.heads + 2 * in.kv_heads, in.head_dim});
  Tensor q = heads.narrow(1, 0, in.heads);                          // (T, H, d)
  Tensor k = heads.narrow(1, in.heads, in.kv_heads);                // (T, KV, d)
  Tensor v = heads.narrow(1, in.heads + in.kv_heads, in.kv_heads);  // (T, KV, d)
  if (q_norm.defined()) {
    q = rms_norm(q, q_norm, in.eps);
    k = rms_norm(k, k_norm, in.eps);
  }
  q = rotate(q, *in.rope).transpose(0, 1);                              // (H, T, d)
  k = rotate(k, *in.rope).transpose(0, 1).repeat_interleave(group, 0);  // (H, T, d)
  v = v.transpose(0, 1).repeat_interleave(group, 0);                    // (H, T, d)
  const Tensor future = at::ones({length, length}, q.options().dtype(at::kBool)).triu(1);  // (T, T)
  const Tensor scores = (at::matmul(q, k.transpose(1, 2)) / std::sqrt(in.head_dim))
                            .masked_fill(future, -INFINITY);  // (H, T, T)
  return at::matmul(scores.softmax(-1), v)
      .transpose(0, 1)
      .reshape({length, in.heads * in.head_dim})
      .slice(0, before);
}

Tensor TorchOperators::attention(const Tensor& qkv, const Tensor& q_norm, const Tensor& k_norm,
                                 const AttentionInput& in) const {
  std::vector<Tensor> outputs;
  for (std::int64_t s = 0; s < in.shape->sequences(); ++s)
    outputs.push_back(attend(s, qkv, q_norm, k_norm, in));
  return at::cat(outputs, 0);
}

Tensor TorchOperators::linear(const Tensor& x, const LinearWeight& w,
                              const Tensor& residual) const {
  return torch_linear(x, w, residual);
}

TokenDistribution TorchOperators::distribution(const Tensor& hidden, const LinearWeight& head,
                                               const Tensor& targets, double temperature) const {
  const Tensor log_p = log_softmax_of(at::matmul(hidden, head.weight.t()), temperature);  // (N, V)
  return {log_p.gather(1, targets.unsqueeze(1)).squeeze(1), entropy_from(log_p)};
}

}  // namespace tinyzero
