#include "core/transformer/device_operators.h"

#include "core/model/config.h"
#include "core/model/rope.h"
#include "core/transformer/adapted_linear.h"
#include "core/transformer/packed_shape.h"
#include "core/transformer/recompute.h"
#include "tinyzero/primitives/losses.h"

namespace tinyzero {
namespace {

using at::Tensor;

// Rotates x (S, T, heads, d) by the angles of its positions.
Tensor rotate(const Tensor& x, const PaddedShape& padded) {
  const std::int64_t half = x.size(3) / 2;
  const Tensor a = x.narrow(3, 0, half), b = x.narrow(3, half, half);  // (S, T, heads, d/2)
  return at::cat({a * padded.cosines - b * padded.sines, b * padded.cosines + a * padded.sines}, 3);
}

}  // namespace

PaddedShape::PaddedShape(const PackedShape& shape, const RopeTable& rope, std::int64_t head_dim,
                         at::Device device) {
  const std::int64_t sequences = shape.sequences(), longest = shape.longest();
  rows = at::zeros({sequences, longest}, at::kLong);
  indices = at::empty({shape.tokens()}, at::kLong);
  auto row = rows.accessor<std::int64_t, 2>();
  auto index = indices.accessor<std::int64_t, 1>();
  for (std::int64_t s = 0; s < sequences; ++s) {
    const std::int64_t before = shape.first_position(s);
    for (std::int64_t p = 0; p < before; ++p) row[s][p] = shape.start(shape.parent(s)) + p;
    for (std::int64_t i = 0; i < shape.length(s); ++i) {
      row[s][before + i] = shape.start(s) + i;
      index[shape.start(s) + i] = s * longest + before + i;
    }
  }
  const auto table = [&](const float* from) {
    return at::from_blob(const_cast<float*>(from), {longest, 1, head_dim / 2}, at::kFloat)
        .clone()
        .to(device);
  };
  rows = rows.to(device);
  indices = indices.to(device);
  cosines = table(rope.cosines(0));
  sines = table(rope.sines(0));
}

AttentionInput DeviceOperators::attention_input(
    const ModelConfig& config, const std::shared_ptr<const PackedShape>& shape,
    const std::shared_ptr<const RopeTable>& rope) const {
  AttentionInput in = Operators::attention_input(config, shape, rope);
  in.padded = std::make_shared<PaddedShape>(*shape, *rope, config.head_dim, options_.device);
  return in;
}

Tensor DeviceOperators::attention(const Tensor& qkv, const Tensor& q_norm, const Tensor& k_norm,
                                  const AttentionInput& in) const {
  const PaddedShape& padded = *in.padded;
  const std::int64_t sequences = padded.rows.size(0), longest = padded.rows.size(1);
  const std::int64_t group = in.heads / in.kv_heads;
  const Tensor heads = qkv.index_select(0, padded.rows.view(-1))
                           .view({sequences, longest, in.heads + 2 * in.kv_heads,
                                  in.head_dim});                          // (S, T, H + 2 KV, d)
  Tensor q = heads.narrow(2, 0, in.heads);                                // (S, T, H, d)
  Tensor k = heads.narrow(2, in.heads, in.kv_heads);                      // (S, T, KV, d)
  const Tensor v = heads.narrow(2, in.heads + in.kv_heads, in.kv_heads);  // (S, T, KV, d)
  if (q_norm.defined()) {
    q = rms_norm(q, q_norm, in.eps);
    k = rms_norm(k, k_norm, in.eps);
  }
  const auto by_head = [&](const Tensor& x) {
    return x.transpose(1, 2).to(options_.products);
  };  // (S, heads, T, d)
  const Tensor keys = by_head(rotate(k, padded)).repeat_interleave(group, 1);  // (S, H, T, d)
  const Tensor values = by_head(v).repeat_interleave(group, 1);                // (S, H, T, d)
  const Tensor out =
      at::scaled_dot_product_attention(by_head(rotate(q, padded)), keys, values, {}, 0.0,
                                       /*is_causal=*/true);  // (S, H, T, d)
  return out.transpose(1, 2)
      .reshape({sequences * longest, in.heads * in.head_dim})
      .to(at::kFloat)
      .index_select(0, padded.indices);
}

Tensor DeviceOperators::linear(const Tensor& x, const LinearWeight& w,
                               const Tensor& residual) const {
  return torch_linear(x, w, residual, options_.products);
}

TokenDistribution DeviceOperators::distribution(const Tensor& hidden, const LinearWeight& head,
                                                const Tensor& targets, double temperature) const {
  const Tensor there = targets.to(options_.device);  // (N)
  std::vector<Tensor> chunks;                        // (rows, 2): log-probability and entropy
  for (std::int64_t first = 0; first < hidden.size(0); first += kLogitRows) {
    const std::int64_t count = std::min(kLogitRows, hidden.size(0) - first);
    const auto work = [weight = head.weight, chosen = there.narrow(0, first, count).unsqueeze(1),
                       temperature, type = options_.products](const Tensor& rows) {
      const Tensor log_p =
          log_softmax_of(typed_linear(rows, weight, {}, type), temperature);  // (rows, V)
      return at::cat({log_p.gather(1, chosen), entropy_from(log_p).unsqueeze(1)}, 1);
    };
    chunks.push_back(recomputed(work, hidden.narrow(0, first, count)));
  }
  const Tensor all = at::cat(chunks, 0);  // (N, 2)
  return {all.select(1, 0).cpu(), all.select(1, 1).cpu()};
}

}  // namespace tinyzero
