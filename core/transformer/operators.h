// The transformer's operations on packed batches, differentiable: an interface with three
// implementations.
//   kernel_operators.h   our kernels (core/kernels), on the CPU
//   torch_operators.h    plain LibTorch, one sequence after the other: what tests compare with
//   device_operators.h   LibTorch on a device: sequences side by side and padded, bf16 if wanted
//
// Shapes: N tokens, D width, H query heads, KV key/value heads, d head dimension, F width of the
// MLP, V vocabulary.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace tinyzero {

struct ModelConfig;
struct PackedShape;
class RopeTable;

struct PaddedShape;  // device_operators.h

// What attention knows in addition to its tensors.
struct AttentionInput {
  std::int64_t heads;
  std::int64_t kv_heads;
  std::int64_t head_dim;
  double eps;  // of the q/k norm
  std::shared_ptr<const PackedShape> shape;
  std::shared_ptr<const RopeTable> rope;  // covers the positions of the longest sequence
  std::shared_ptr<const PaddedShape> padded = nullptr;  // null but for a device
};

// Rows of a matrix that a low-rank adapter has changed (adapter.h): their gradient goes to a and b.
//   W' = W + s b a,   da = s b^T dW',  db = s dW' a^T
struct AdaptedRows {
  std::int64_t first;  // row of the matrix
  std::int64_t count;  // rows
  at::Tensor a;        // (rank, k)
  at::Tensor b;        // (count, rank)
  double scale;        // s
};

// A matrix of a model and where its gradient is summed.
struct LinearWeight {
  at::Tensor weight;                // (n, k)
  at::Tensor bias;                  // (n), or undefined
  const float* forward = nullptr;   // weight packed by the kernels; null: LibTorch's products
  const float* backward = nullptr;  // its transpose packed, for the gradient of the input
  std::vector<AdaptedRows> adapters = {};
};

struct TokenDistribution {
  at::Tensor logp;     // (N) log-probability of the target
  at::Tensor entropy;  // (N) of the whole distribution, in nats
};

inline constexpr std::int64_t kLogitRows = 256;  // rows of logits held at once

class Operators {
 public:
  virtual ~Operators() = default;

  // The device that holds a copy of the weights; none: the model's own weights are used in place.
  virtual std::optional<at::Device> device() const { return std::nullopt; }

  // What attention() is given in every layer of one pass.
  virtual AttentionInput attention_input(const ModelConfig& config,
                                         const std::shared_ptr<const PackedShape>& shape,
                                         const std::shared_ptr<const RopeTable>& rope) const;

  // Rows `ids` of weight: (V, D), (N) int64 -> (N, D).
  virtual at::Tensor embed(const at::Tensor& weight, const at::Tensor& ids) const = 0;

  // x / rms(x) · weight, row by row: (…, D), (D) -> (…, D).
  virtual at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) const = 0;

  // silu(gate) · up: (N, 2F) -> (N, F). A row holds F gates, then F ups.
  virtual at::Tensor swiglu(const at::Tensor& gate_up) const = 0;

  // Causal attention within each sequence: qkv (N, (H + 2 KV) d) -> (N, H d). q_norm and k_norm
  // (d) are applied to each head before the rotation, unless they are undefined.
  virtual at::Tensor attention(const at::Tensor& qkv, const at::Tensor& q_norm,
                               const at::Tensor& k_norm, const AttentionInput& in) const = 0;

  // x · weight^T + bias + residual: (N, k), (N, n) or undefined -> (N, n). The gradients of a
  // packed weight, of its bias and of adapters are added to their grad().
  virtual at::Tensor linear(const at::Tensor& x, const LinearWeight& w,
                            const at::Tensor& residual) const = 0;

  // linear(rms_norm(x, norm, eps), w): (N, D) -> (N, n).
  virtual at::Tensor norm_linear(const at::Tensor& x, const at::Tensor& norm, double eps,
                                 const LinearWeight& w) const;

  // linear(swiglu(gate_up), w, residual): (N, 2F), (N, D) -> (N, D).
  virtual at::Tensor swiglu_linear(const at::Tensor& gate_up, const LinearWeight& w,
                                   const at::Tensor& residual) const;

  // log softmax(hidden · head^T / temperature) at `targets`: (N, D), (N) int64 on the CPU.
  virtual TokenDistribution distribution(const at::Tensor& hidden, const LinearWeight& head,
                                         const at::Tensor& targets, double temperature) const = 0;
};

}  // namespace tinyzero
