// The arithmetic of sampling and training on a CPU, as a table of functions chosen once for the machine.
//
// Three implementations: scalar (the reference, plain loops, any machine), AVX2 and AVX-512 (vector.h, compiled once for each). They
// agree within rounding; tests/kernels holds one against the other. Within one implementation every output row is a fixed sequence of
// operations on its own inputs: it does not depend on how many rows are computed together, nor on threads.
// All matrices are row-major f32. No function allocates.
#pragma once

#include <cstdint>
#include <string>

namespace tinyzero {

using Index = std::int64_t;

// One attention layer's keys and values of one sequence and one key/value head.
// Keys stand in blocks of `Kernels::lanes` positions, [position / lanes][head_dim][lanes], so that one vector holds the same
// component of neighbouring positions; values stand as rows, [position][head_dim].
struct KeyValues {
  float* keys;
  float* values;
};

// A packed batch of sequences for attention in training; rows of q, k, v follow each other sequence by sequence.
struct AttentionShape {
  Index heads, kv_heads, head_dim;
  Index qkv_stride, out_stride;  // floats from row to row of q, k, v and their gradients, and of out and its gradient
  float scale;
};

struct Kernels {
  const char* name;
  Index lanes;  // floats in a vector

  // ---- matrix product: y (m, n) = x (m, k) · w (n, k)^T ----
  // Floats that a packed (n, k) weight takes.
  Index (*packed_size)(Index n, Index k);
  void (*pack)(const float* w, Index n, Index k, float* packed);
  // y = x · w^T + bias (bias may be null); with `add`, y += that. ldx, ldy: floats from row to row.
  void (*matmul)(const float* x, Index ldx, Index m, Index k, const float* packed, Index n, const float* bias, bool add, float* y,
                 Index ldy);

  // ---- rows ----
  // y = x / sqrt(mean(x²) + eps) · weight for m rows of n; ldx, ldy as above. y may be x.
  void (*rms_norm)(const float* x, Index ldx, const float* weight, float eps, Index m, Index n, float* y, Index ldy);
  // Gradient of rms_norm: dx (m, n) is written, dweight (n) is added to.
  void (*rms_norm_backward)(const float* x, const float* weight, float eps, const float* dy, Index m, Index n, float* dx, float* dweight);
  // y (m, n) = silu(gate) · up, where a row of gate_up is n gates, then n ups.
  void (*swiglu)(const float* gate_up, Index m, Index n, float* y);
  void (*swiglu_backward)(const float* gate_up, const float* dy, Index m, Index n, float* dgate_up);
  // Turns `heads` vectors of head_dim in place: component pairs (i, i + head_dim/2) by the angles whose cosines and sines are given
  // (head_dim/2 each). Negated sines turn back.
  void (*rope)(float* x, Index heads, Index head_dim, const float* cosines, const float* sines);

  // ---- attention while decoding ----
  void (*store_key)(const float* key, Index head_dim, Index position, float* keys);
  // out (group, head_dim): attention of `group` query heads that share one key/value head, over positions 0 … length-1.
  // `scratch` has room for group · (length rounded up to lanes) floats.
  void (*attend)(const float* q, Index group, Index head_dim, float scale, const KeyValues& kv, Index length, float* scratch, float* out);

  // ---- attention in training: one sequence of `length` rows, one key/value head with its query heads ----
  // q, k, v point at the head's first component of the sequence's first row. Writes out and, for each query head of the group, the
  // log-sum-exp of each row's scores (group, length). scratch: attention_scratch(shape, length) floats.
  Index (*attention_scratch)(const AttentionShape& shape, Index length);
  void (*attention)(const AttentionShape& shape, const float* q, const float* k, const float* v, Index length, float* out, float* lse,
                    float* scratch);
  // dq, dk and dv are written.
  void (*attention_backward)(const AttentionShape& shape, const float* q, const float* k, const float* v, const float* out,
                             const float* lse, const float* dout, Index length, float* dq, float* dk, float* dv, float* scratch);

  // ---- distributions over the vocabulary ----
  // Largest of n logits, and the sum of exp((logit - largest) · scale), which replaces the logits in place.
  void (*exponentials)(float* logits, Index n, float scale, float& largest, double& sum);
};

// The table for this machine, or the one named by `name` ("scalar", "avx2", "avx512"); throws Error if the machine lacks it.
const Kernels& kernels();
const Kernels& kernels(const std::string& name);

// Names of the tables this machine can run, best first.
const char* const* kernel_names(int& count);

}  // namespace tinyzero
