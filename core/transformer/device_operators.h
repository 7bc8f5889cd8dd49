// The transformer's operations in LibTorch for a device: a packed batch's sequences side by side,
// padded, for attention; the head in chunks that the backward pass computes again; products in bf16
// with sums in f32 if wanted.
//
// For devices that the kernels of core/kernels are not for. On the CPU they give the numbers of the
// other implementations, with which tests compare them.
#pragma once

#include "core/transformer/torch_operators.h"

namespace tinyzero {

struct DeviceOptions {
  at::Device device = at::kCPU;
  at::ScalarType products = at::kFloat;  // or kBFloat16: what products multiply in
};

// Where each position of each sequence is in the packed batch, and back. A sequence that continues
// another holds the other's positions, too. S sequences, T positions of the longest.
struct PaddedShape {
  // (S, T) int64: row of the batch. Behind a sequence's end row 0, which no position before sees.
  at::Tensor rows;
  at::Tensor indices;  // (N) int64: index of each row of the batch in (S · T)
  at::Tensor cosines;  // (T, 1, d/2)
  at::Tensor sines;    // (T, 1, d/2)

  PaddedShape(const PackedShape& shape, const RopeTable& rope, std::int64_t head_dim,
              at::Device device);
};

class DeviceOperators : public TorchOperators {
 public:
  explicit DeviceOperators(const DeviceOptions& options) : options_(options) {}

  std::optional<at::Device> device() const override { return options_.device; }
  AttentionInput attention_input(const ModelConfig& config,
                                 const std::shared_ptr<const PackedShape>& shape,
                                 const std::shared_ptr<const RopeTable>& rope) const override;
  at::Tensor attention(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm,
                       const AttentionInput& in) const override;
  at::Tensor linear(const at::Tensor& x, const LinearWeight& w,
                    const at::Tensor& residual) const override;
  // On the CPU, wherever the device is.
  TokenDistribution distribution(const at::Tensor& hidden, const LinearWeight& head,
                                 const at::Tensor& targets, double temperature) const override;

 private:
  DeviceOptions options_;
};

}  // namespace tinyzero
