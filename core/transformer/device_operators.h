// The transformer's operations in LibTorch for a device: a packed batch's sequences side by side,
// padded, for attention; the head in chunks that the backward pass computes once more; products in
// bf16 with sums in f32 if wanted.
//
// For devices that the kernels of core/kernels are not for. On the CPU they give what operators.h
// gives, which tests hold them against.
#pragma once

#include <ATen/ATen.h>

#include "core/transformer/operators.h"

namespace tinyzero {

// Where each position of each sequence stands in the packed batch, and back. A sequence that
// continues another holds that one's positions too.
struct PaddedShape {
  at::Tensor rows;    // (S, T) int64: the row of the batch; behind a sequence's end row 0, which no
                      // position before it sees
  at::Tensor places;  // (N) int64: the place of each row of the batch in (S · T)
  at::Tensor cosines, sines;  // (T, 1, d/2)

  PaddedShape(const PackedShape& shape, const RopeTable& rope, std::int64_t head_dim,
              at::Device device);
};

// x · weight^T + bias with both sides in `type`: (N, k), (n, k), (n) or undefined -> (N, n) f32.
at::Tensor typed_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                        at::ScalarType type);

// As attention() of operators.h; in.padded must be there. Queries, keys and values are multiplied
// in `type`.
at::Tensor padded_attention(const at::Tensor& qkv, const at::Tensor& q_norm,
                            const at::Tensor& k_norm, const AttentionInput& in,
                            at::ScalarType type);

// As token_distribution() of operators.h, on any device.
TokenDistribution chunked_token_distribution(const at::Tensor& hidden, const at::Tensor& weight,
                                             const at::Tensor& targets, double temperature,
                                             at::ScalarType type);

}  // namespace tinyzero
