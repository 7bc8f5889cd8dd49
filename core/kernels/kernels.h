// The arithmetic of sampling and training on a CPU, as a table of functions chosen once for the
// machine.
//
// Implementations: scalar (the standard the others are tested against: plain loops, any machine),
// and vector/, compiled for AVX2 and for AVX-512; each for words of f32 and of bf16. They agree
// within rounding. Within one implementation every output row is a fixed sequence of operations on
// its own inputs: it depends neither on how many rows are computed together nor on threads.
// Matrices are row-major f32 unless they are packed or in words. No function allocates.
//
// Words. The inner dimension of a product is counted in words of 32 bits. In an f32 table a word is
// one float; in a bf16 table it is two neighbours rounded to bf16 (to nearest, ties to even;
// subnormal numbers become 0 with their sign, NaN stays NaN), the first in the low half. A pointer
// to words has the type float*, whatever they hold. Products of words are summed in f32. Arguments
// and results are f32 unless their comment says words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinyzero {

using Index = std::int64_t;

// The left side of a product, in words: word c of row i is data[i * row_stride + c * word_stride].
struct LeftWords {
  const float* data;
  Index row_stride, word_stride;
};

// A segment of one sequence's keys and values, of one layer and one key/value head: its positions
// 0 … length-1. Keys are stored in blocks of `Kernels::lanes` positions, [position / lanes][word of
// head_dim][lanes], so that one vector holds the same components of neighbouring positions. Values
// are stored as [word of positions][head_dim].
struct KeyValues {
  float* keys;
  float* values;
  Index length;
};

// A packed batch of sequences for attention in training: the rows of one sequence follow those of
// another.
struct AttentionShape {
  Index heads;
  Index kv_heads;
  Index head_dim;
  Index qkv_stride;  // floats from row to row of q, k, v and of their gradients
  Index out_stride;  // floats from row to row of out and of its gradient
  float scale;       // of the scores
};

// The softmax of a row of numbers x: p_j = exp(scale (x_j - largest) - log_sum). Kept as two
// numbers because one would lose the significant digits where the x share a large offset.
struct SoftmaxRow {
  float largest;  // largest x
  float log_sum;  // log Σ exp(scale (x_j - largest))
};

// Rows of k and v that precede a sequence's own and that several sequences share; strides as in the
// shape. The backward pass adds their gradients to dk and dv.
struct SharedRows {
  const float* k = nullptr;
  const float* v = nullptr;
  float* dk = nullptr;
  float* dv = nullptr;
  Index length = 0;
};

struct Kernels {
  const char* name;
  Index lanes;             // floats in a vector
  Index numbers_per_word;  // numbers in a word: 1 (f32) or 2 (bf16)
  Index panel;             // columns of a packed right side that are stored together

  // ---- ceilings ----
  // Does `rounds` times a fixed number of multiply-adds of words, in registers alone. Returns how
  // many floating-point operations that were. `result` depends on all of them, so that none can be
  // optimized away.
  Index (*multiply_adds)(Index rounds, float& result);
  // Reads n floats; returns a number that depends on all of them.
  float (*read)(const float* x, Index n);

  // ---- matrix product: y (m, n) = x (m, k) · w (n, k)^T ----
  // The words that k numbers take.
  Index words(Index k) const { return (k + numbers_per_word - 1) / numbers_per_word; }
  // Left sides in words: x (m, k) becomes [m][words(k)]; or x (k, m), whose columns are the rows of
  // the left side, becomes [words(k)][m]. ldx: floats from row to row of x. An f32 table copies.
  void (*to_words)(const float* x, Index ldx, Index m, Index k, float* words);
  void (*columns_to_words)(const float* x, Index ldx, Index k, Index m, float* words);
  // packed_size: words that a packed right side takes. pack: packs w, whose number c of row i is
  // w[i * row_stride + c * depth_stride]. The columns from a multiple c of `panel` on are a right
  // side of their own, which begins at packed + packed_size(c, k).
  Index (*packed_size)(Index n, Index k);
  void (*pack)(const float* w, Index row_stride, Index depth_stride, Index n, Index k,
               float* packed);
  // y = x · w^T + bias (bias may be null); with `add`, y += x · w^T + bias. ldy: floats from row to
  // row of y.
  void (*matmul)(const LeftWords& x, Index m, Index k, const float* packed, Index n,
                 const float* bias, bool add, float* y, Index ldy);

  // ---- rows ----
  // y = x / sqrt(mean(x²) + eps) · weight for m rows of n; ldx, ldy as above. y may be x.
  void (*rms_norm)(const float* x, Index ldx, const float* weight, float eps, Index m, Index n,
                   float* y, Index ldy);
  // Gradient of rms_norm: dx (m, n) is written, dweight (n) is added to.
  void (*rms_norm_backward)(const float* x, const float* weight, float eps, const float* dy,
                            Index m, Index n, float* dx, float* dweight);
  // y (m, n) = silu(gate) · up, where a row of gate_up is n gates, then n ups.
  void (*swiglu)(const float* gate_up, Index m, Index n, float* y);
  void (*swiglu_backward)(const float* gate_up, const float* dy, Index m, Index n, float* dgate_up);
  // Rotates `heads` vectors of head_dim in place: component pairs (i, i + head_dim/2) by the angles
  // with the given cosines and sines, head_dim/2 each. Negated sines rotate back.
  void (*rope)(float* x, Index heads, Index head_dim, const float* cosines, const float* sines);

  // ---- attention while decoding ----
  // Floats that the keys and the values of `length` positions take.
  Index key_floats(Index length, Index head_dim) const {
    return (length + lanes - 1) / lanes * lanes * words(head_dim);
  }
  Index value_floats(Index length, Index head_dim) const { return words(length) * head_dim; }
  void (*store_key)(const float* key, Index head_dim, Index position, float* keys);
  void (*store_value)(const float* value, Index head_dim, Index position, float* values);
  // out (group, head_dim): attention of `group` query heads that share one key/value head, over all
  // positions of `segments` segments. scratch: attend_scratch(group, head_dim, positions + lanes ·
  // segments) floats.
  Index (*attend_scratch)(Index group, Index head_dim, Index length);
  void (*attend)(const float* q, Index group, Index head_dim, float scale, const KeyValues* kv,
                 Index segments, float* scratch, float* out);

  // ---- attention in training: its products take words ----
  // One sequence of `length` rows, and one key/value head with its group of query heads. q, k and v
  // point at the head's first component in the sequence's first row. Writes out and, for each query
  // head of the group, the softmax of each row's scores q·k, (group, length).
  // scratch: attention_scratch(shape, shared.length + length) floats.
  Index (*attention_scratch)(const AttentionShape& shape, Index length);
  void (*attention)(const AttentionShape& shape, const float* q, const float* k, const float* v,
                    const SharedRows& shared, Index length, float* out, SoftmaxRow* softmax,
                    float* scratch);
  // Writes dq, dk and dv; adds to shared.dk and shared.dv.
  void (*attention_backward)(const AttentionShape& shape, const float* q, const float* k,
                             const float* v, const SharedRows& shared, const float* out,
                             const SoftmaxRow* softmax, const float* dout, Index length, float* dq,
                             float* dk, float* dv, float* scratch);

  // ---- distributions over the vocabulary: x_j = (logit_j - largest logit) · scale ----
  // Replaces n logits by exp(x_j), and gives the largest logit and Σ exp(x_j).
  void (*exponentials)(float* logits, Index n, float scale, float& largest, double& sum);
  // Gives the same two without writing, and weighted = Σ x_j exp(x_j).
  void (*distribution)(const float* logits, Index n, float scale, float& largest, double& sum,
                       double& weighted);
  // Replaces the logits by scale · p_j (-g - e (log p_j + entropy)), where p is their softmax. This
  // is the gradient of g logp + e entropy, except at the token whose log-probability is logp, where
  // the caller adds scale · g.
  void (*logit_gradient)(float* logits, Index n, float scale, const SoftmaxRow& softmax,
                         float entropy, float g, float e);
};

// The table in use: the one that TINYZERO_CPU names, or else this machine's best of f32, until
// use_kernels() chooses another.
const Kernels& kernels();
void use_kernels(const Kernels& table);  // before any work begins
// The best table of this machine for a precision: f32, bf16, or auto (bf16 where the machine
// multiplies it, else f32). If the environment variable TINYZERO_CPU names a table, auto is that
// table, and f32 and bf16 are its siblings of that precision.
const Kernels& kernels_for(const std::string& precision);
// The table of that name: scalar, avx2 or avx512, each also with -bf16 behind it. Throws Error if
// the machine cannot run it.
const Kernels& kernels(const std::string& name);

// Names of the tables this machine can run, best first.
std::vector<const char*> kernel_names();

}  // namespace tinyzero
