#include "core/transformer/device_operators.h"

#include "core/transformer/torch_operators.h"
#include "tinyzero/primitives/losses.h"

namespace tinyzero {

using at::Tensor;

PaddedShape::PaddedShape(const PackedShape& shape, const RopeTable& rope, std::int64_t head_dim,
                         at::Device device) {
  const std::int64_t sequences = shape.sequences(), longest = shape.longest();
  rows = at::zeros({sequences, longest}, at::kLong);
  places = at::empty({shape.tokens()}, at::kLong);
  auto row = rows.accessor<std::int64_t, 2>();
  auto place = places.accessor<std::int64_t, 1>();
  for (std::int64_t s = 0; s < sequences; ++s) {
    const std::int64_t before = shape.first_position(s);
    for (std::int64_t p = 0; p < before; ++p) row[s][p] = shape.start(shape.parent(s)) + p;
    for (std::int64_t i = 0; i < shape.length(s); ++i) {
      row[s][before + i] = shape.start(s) + i;
      place[shape.start(s) + i] = s * longest + before + i;
    }
  }
  const auto table = [&](const float* from) {
    return at::from_blob(const_cast<float*>(from), {longest, 1, head_dim / 2}, at::kFloat)
        .clone()
        .to(device);
  };
  rows = rows.to(device);
  places = places.to(device);
  cosines = table(rope.cosines(0));
  sines = table(rope.sines(0));
}

Tensor typed_linear(const Tensor& x, const Tensor& weight, const Tensor& bias,
                    at::ScalarType type) {
  if (type == at::kFloat) return at::linear(x, weight, bias);
  const Tensor y = at::linear(x.to(type), weight.to(type)).to(at::kFloat);
  return bias.defined() ? y + bias : y;
}

Tensor padded_attention(const Tensor& qkv, const Tensor& q_norm, const Tensor& k_norm,
                        const AttentionInput& in, at::ScalarType type) {
  const PaddedShape& padded = *in.padded;
  const std::int64_t sequences = padded.rows.size(0), longest = padded.rows.size(1),
                     group = in.heads / in.kv_heads, half = in.head_dim / 2;
  const Tensor parts = qkv.index_select(0, padded.rows.view(-1))
                           .view({sequences, longest, in.heads + 2 * in.kv_heads,
                                  in.head_dim});  // (S, T, H + 2 KV, d)
  Tensor q = parts.narrow(2, 0, in.heads), k = parts.narrow(2, in.heads, in.kv_heads),
         v = parts.narrow(2, in.heads + in.kv_heads, in.kv_heads);  // (S, T, heads, d)
  if (q_norm.defined()) {
    q = reference_rms_norm(q, q_norm, in.eps);
    k = reference_rms_norm(k, k_norm, in.eps);
  }
  const auto rotate = [&](const Tensor& x) {
    const Tensor a = x.narrow(3, 0, half), b = x.narrow(3, half, half);  // (S, T, heads, d/2)
    return at::cat({a * padded.cosines - b * padded.sines, b * padded.cosines + a * padded.sines},
                   3);
  };
  const auto by_head = [&](const Tensor& x) {
    return x.transpose(1, 2).to(type);
  };  // (S, heads, T, d)
  const Tensor keys = by_head(rotate(k)).repeat_interleave(group, 1),
               values = by_head(v).repeat_interleave(group, 1);
  const Tensor out = at::scaled_dot_product_attention(by_head(rotate(q)), keys, values, {}, 0.0,
                                                      /*is_causal=*/true);  // (S, H, T, d)
  return out.transpose(1, 2)
      .reshape({sequences * longest, in.heads * in.head_dim})
      .to(at::kFloat)
      .index_select(0, padded.places);
}

TokenDistribution chunked_token_distribution(const Tensor& hidden, const Tensor& weight,
                                             const Tensor& targets, double temperature,
                                             at::ScalarType type) {
  std::vector<Tensor> parts;  // (rows, 2): log-probability and entropy
  for (std::int64_t first = 0; first < hidden.size(0); first += kLogitRows) {
    const std::int64_t count = std::min(kLogitRows, hidden.size(0) - first);
    const Tensor chosen = targets.narrow(0, first, count).unsqueeze(1);
    const auto work = [weight, chosen, temperature, type](const Tensor& rows) {
      const Tensor log_p =
          log_softmax_of(typed_linear(rows, weight, {}, type), temperature);  // (rows, V)
      return at::cat({log_p.gather(1, chosen), entropy_from(log_p).unsqueeze(1)}, 1);
    };
    parts.push_back(recomputed(work, hidden.narrow(0, first, count)));
  }
  const Tensor all = at::cat(parts, 0);
  return {all.select(1, 0), all.select(1, 1)};
}

}  // namespace tinyzero
