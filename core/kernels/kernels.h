// The arithmetic of sampling and training on a CPU, as a table of functions chosen once for the
// machine.
//
// Implementations: scalar (the reference, plain loops, any machine), and vector.h compiled once
// each for AVX2, AVX-512 and AVX-512 with bf16. They agree within rounding; tests/core/kernels
// holds one against the other. Within one implementation every output row is a fixed sequence of
// operations on its own inputs: it does not depend on how many rows are computed together, nor on
// threads. All matrices are row-major f32. No function allocates.
//
// Words. The inner dimension of a product is counted in words of 32 bits. In an f32 table a word is
// one float; in a bf16 table it is two neighbours rounded to bf16 (nearest, ties to even), the
// first in the low half. Products of words are summed in f32. What a function takes or gives in
// words is written so; everything else is f32.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinyzero {

using Index = std::int64_t;

// The left side of a product in words: word c of row i stands at data[i * row_stride + c *
// word_stride].
struct LeftWords {
  const float* data;
  Index row_stride, word_stride;
};

// A part of one sequence's keys and values of one attention layer and one key/value head: positions
// 0 … length-1 of the part. Keys stand in blocks of `Kernels::lanes` positions, [position /
// lanes][word of head_dim][lanes], so that one vector holds the same components of neighbouring
// positions; values as [word of positions][head_dim].
struct KeyValues {
  float* keys;
  float* values;
  Index length;
};

// A packed batch of sequences for attention in training; rows of q, k, v follow each other sequence
// by sequence.
struct AttentionShape {
  Index heads, kv_heads, head_dim;
  Index qkv_stride, out_stride;  // floats from row to row of q, k, v and their gradients, and of
                                 // out and its gradient
  float scale;
};

// The softmax of a row of numbers x: p_j = exp(scale (x_j - largest) - log_sum). Two numbers,
// because their sum would lose the digits that count where the x share a large offset.
struct SoftmaxRow {
  float largest;  // of the x
  float log_sum;  // of the exponentials above
};

// Rows of k and v that stand before a sequence's own, because several sequences share them; row to
// row as in the shape. In the backward pass their gradients are added to dk and dv.
struct SharedRows {
  const float *k = nullptr, *v = nullptr;
  float *dk = nullptr, *dv = nullptr;
  Index length = 0;
};

struct Kernels {
  const char* name;
  Index lanes;             // floats in a vector
  Index numbers_per_word;  // numbers in a word: 1 (f32) or 2 (bf16)
  Index panel;             // columns of a packed right side that stand together

  // ---- ceilings ----
  // Multiply-adds of words in registers alone, `rounds` times a fixed number; returns the
  // floating-point operations done and, so that nothing is left out, a number that depends on all
  // of them.
  Index (*multiply_adds)(Index rounds, float& result);
  // Reads n floats; returns a number that depends on all of them.
  float (*read)(const float* x, Index n);

  // ---- matrix product: y (m, n) = x (m, k) · w (n, k)^T ----
  // Words of k numbers.
  Index words(Index k) const { return (k + numbers_per_word - 1) / numbers_per_word; }
  // x (m, k) in words, [m][words(k)]; and x (k, m), whose columns are the rows of the left side, in
  // words [words(k)][m]. ldx: floats from row to row of x. In an f32 table these copy.
  void (*to_words)(const float* x, Index ldx, Index m, Index k, float* words);
  void (*narrow_columns)(const float* x, Index ldx, Index k, Index m, float* words);
  // Words that a packed right side takes; packs w, whose number c of row i stands at w[i *
  // row_stride + c * depth_stride]. Columns from a multiple of `panel` on begin at the words that
  // the columns before them take, and are a right side of their own.
  Index (*packed_size)(Index n, Index k);
  void (*pack)(const float* w, Index row_stride, Index depth_stride, Index n, Index k,
               float* packed);
  // y = x · w^T + bias (bias may be null); with `add`, y += that. ldy: floats from row to row.
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
  // Turns `heads` vectors of head_dim in place: component pairs (i, i + head_dim/2) by the angles
  // whose cosines and sines are given (head_dim/2 each). Negated sines turn back.
  void (*rope)(float* x, Index heads, Index head_dim, const float* cosines, const float* sines);

  // ---- attention while decoding ----
  // Floats that the keys, and the values, of `length` positions take.
  Index key_floats(Index length, Index head_dim) const {
    return (length + lanes - 1) / lanes * lanes * words(head_dim);
  }
  Index value_floats(Index length, Index head_dim) const { return words(length) * head_dim; }
  void (*store_key)(const float* key, Index head_dim, Index position, float* keys);
  void (*store_value)(const float* value, Index head_dim, Index position, float* values);
  // out (group, head_dim): attention of `group` query heads that share one key/value head, over all
  // positions of `parts` parts. scratch: attend_scratch(group, head_dim, positions + lanes · parts)
  // floats.
  Index (*attend_scratch)(Index group, Index head_dim, Index length);
  void (*attend)(const float* q, Index group, Index head_dim, float scale, const KeyValues* kv,
                 Index parts, float* scratch, float* out);

  // ---- attention in training: one sequence of `length` rows, one key/value head with its query
  // heads; f32 in every table ---- q, k, v point at the head's first component of the sequence's
  // first row. Writes out and, for each query head of the group, the softmax of each row's scores
  // q·k (group, length). scratch: attention_scratch(shape, shared.length + length) floats.
  Index (*attention_scratch)(const AttentionShape& shape, Index length);
  void (*attention)(const AttentionShape& shape, const float* q, const float* k, const float* v,
                    const SharedRows& shared, Index length, float* out, SoftmaxRow* softmax,
                    float* scratch);
  // dq, dk and dv are written.
  void (*attention_backward)(const AttentionShape& shape, const float* q, const float* k,
                             const float* v, const SharedRows& shared, const float* out,
                             const SoftmaxRow* softmax, const float* dout, Index length, float* dq,
                             float* dk, float* dv, float* scratch);

  // ---- distributions over the vocabulary, of x_j = (logit_j - largest logit) · scale ----
  // Largest of n logits, and the sum of exp(x), which replaces the logits in place.
  void (*exponentials)(float* logits, Index n, float scale, float& largest, double& sum);
  // The same without writing, and the sum of x exp(x).
  void (*distribution)(const float* logits, Index n, float scale, float& largest, double& sum,
                       double& weighted);
  // Logits become scale · p (-g - e (log p + entropy)), with p of their softmax: the gradient of g
  // logp + e entropy but for the token that logp is of.
  void (*logit_gradient)(float* logits, Index n, float scale, const SoftmaxRow& softmax,
                         float entropy, float g, float e);
};

// The table in use: this machine's best of f32 or the one that TINYZERO_CPU names, until
// use_kernels() says another.
const Kernels& kernels();
void use_kernels(const Kernels& table);  // before any work begins
// The best table of this machine for a precision: f32, bf16, or auto (bf16 where the machine
// multiplies it, else f32). If the environment's TINYZERO_CPU names a table, auto means that one,
// f32 and bf16 its sibling of that precision.
const Kernels& kernels_for(const std::string& precision);
// The one named by `name`: scalar, scalar-bf16, avx2, avx2-bf16, avx512 or avx512-bf16. Throws
// Error if the machine lacks it.
const Kernels& kernels(const std::string& name);

// Names of the tables this machine can run, best first.
std::vector<const char*> kernel_names();

}  // namespace tinyzero
