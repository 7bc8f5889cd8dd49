// The operations of the transformer on packed batches, differentiable.
//
// A packed batch is N tokens of several sequences, one after the other, without padding. On the CPU
// the operations run on our own kernels (core/kernels); `reference.h` has the same operations in
// plain LibTorch, for tests and for other devices.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <vector>

#include "core/model/rope.h"

namespace tinyzero {

// Where the sequences of a packed batch lie: sequence s has rows starts[s] … starts[s+1]-1. Its
// positions are 0, 1, …, or, if it continues a sequence before it (a prompt that several
// completions share), those after that one's, and it sees its rows too.
struct PackedShape {
  std::vector<std::int64_t> starts = {0};
  std::vector<std::int64_t>
      continues;  // by sequence: the one that it continues, which continues none itself; -1: none

  std::int64_t tokens() const { return starts.back(); }
  std::int64_t sequences() const { return std::ssize(continues); }
  std::int64_t start(std::int64_t s) const { return starts[s]; }
  std::int64_t length(std::int64_t s) const { return start(s + 1) - start(s); }
  std::int64_t parent(std::int64_t s) const { return continues[s]; }
  std::int64_t first_position(std::int64_t s) const {
    return parent(s) < 0 ? 0 : length(parent(s));
  }
  std::int64_t longest() const;  // positions that any sequence reaches

  void add(std::int64_t length) {
    starts.push_back(starts.back() + length);
    continues.push_back(-1);
  }
  // Adds one that continues the last that continues none.
  void add_continuation(std::int64_t length);
};

struct PaddedShape;  // padded.h

struct AttentionInput {
  std::int64_t heads, kv_heads, head_dim;
  double eps;  // of the q/k norm
  std::shared_ptr<const PackedShape> shape;
  std::shared_ptr<const RopeTable> rope;  // with as many positions as the longest sequence
  std::shared_ptr<const PaddedShape> padded = nullptr;
};

// Where the time of these operations went, forward and backward, in seconds of all threads, while
// account is kept; from 0 when it begins.
struct OperatorTimes {
  double products = 0, attention = 0, norms_and_gates = 0, distribution = 0;
};
void profile_operators(bool on);
OperatorTimes operator_times();

// Rows `ids` of weight: (V, D), (N) int64 -> (N, D). The gradient is added to weight's grad(), at
// those rows alone: LibTorch's operation would make a second matrix (V, D) for it.
at::Tensor token_embedding(const at::Tensor& weight, const at::Tensor& ids);

// x / rms(x) · weight, row by row: (N, D), (D) -> (N, D).
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

// Causal attention within each sequence. qkv (N, (heads + 2 kv_heads) · head_dim), heads side by
// side; q_norm and k_norm (head_dim) are applied to each head before the rotation, or undefined.
// Returns (N, heads · head_dim).
at::Tensor attention(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm,
                     const AttentionInput& input);

// silu(gate) · up: (N, 2F) -> (N, F), a row being F gates, then F ups.
at::Tensor swiglu(const at::Tensor& gate_up);

// Rows of a matrix that a low-rank adapter has changed (adapter.h): the gradient of the rows goes
// to a and b instead.
//   W' = W + s b a,   da = s b^T dW',  db = s dW' a^T
struct AdaptedRows {
  std::int64_t first, count;  // of the matrix
  at::Tensor a, b;            // (rank, k), (count, rank)
  double scale;
};

// A matrix (n, k) of a model, ready for products on the CPU, and where its gradient is summed.
struct LinearWeight {
  at::Tensor weight, bias;          // (n, k), (n) or undefined
  const float* forward = nullptr;   // weight packed by the kernels; null: LibTorch's products
  const float* backward = nullptr;  // its transpose packed, for the gradient of the input
  std::vector<AdaptedRows> adapters = {};
  at::ScalarType products = at::kFloat;  // what LibTorch's products multiply in
};

// x · weight^T + bias + residual: (N, k), (N, n) or undefined -> (N, n). The gradients of a packed
// weight, its bias and of adapters are added to their grad().
at::Tensor linear(const at::Tensor& x, const LinearWeight& w, const at::Tensor& residual = {});

// linear(rms_norm(x, norm, eps), w) and linear(swiglu(gate_up), w, residual), which keep only x and
// gate_up for the backward pass.
at::Tensor norm_linear(const at::Tensor& x, const at::Tensor& norm, double eps,
                       const LinearWeight& w);
at::Tensor swiglu_linear(const at::Tensor& gate_up, const LinearWeight& w,
                         const at::Tensor& residual = {});

// work(x), with nothing kept of it but x: the backward pass computes it once more. `work` must be a
// function of x and of leaves that do not change until then; what it refers to must live as long.
at::Tensor recomputed(const std::function<at::Tensor(const at::Tensor&)>& work,
                      const at::Tensor& x);

struct TokenDistribution {
  at::Tensor logp;     // (N) log-probability of the target
  at::Tensor entropy;  // (N) of the whole distribution, in nats
};

inline constexpr std::int64_t kLogitRows = 256;  // rows of logits held at once

// log softmax(hidden · weight^T / temperature) at `targets`: (N, D), (V, D), (N) int64. Never holds
// more than kLogitRows rows of logits.
TokenDistribution token_distribution(const at::Tensor& hidden, const LinearWeight& weight,
                                     const at::Tensor& targets, double temperature);

}  // namespace tinyzero
