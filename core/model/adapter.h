// Low-rank adapters (LoRA: Hu et al., arXiv:2106.09685): the matrices of a model stay fixed, and a
// small number of parameters learns.
//
//   W' = W + s B A,   A (rank, k), B (n, rank),  s = alpha / rank
//
// A model with an adapter always holds the merged W' in its own weights, so decoding, training and
// checkpoints need not know about it. The adapter keeps the original W, in bf16 where that is
// exact, and every merge computes W' from it anew, so that rounding errors do not accumulate. Files
// are PEFT's. Left out: dropout, biases, embeddings and the heads of language models, DoRA.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/model/parameters.h"

namespace tinyzero {

struct AdapterOptions {
  std::int64_t rank = 8;
  double alpha = 16;
  std::vector<std::string> targets;  // any of q, k, v, o, gate, up, down
  std::string base;                  // the model's folder or name, for other tools

  double scale() const { return alpha / rank; }
};

// One adapted matrix W (rows, columns).
struct AdaptedMatrix {
  std::string name;     // "model.layers.0.self_attn.q_proj"
  std::int64_t weight;  // offset in the model's weights
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t base;  // offset in the stored originals
  std::int64_t a;     // offset of A in values()
  std::int64_t b;     // offset of B in values()
};

// Floats of an adapter.
struct AdapterFloats {
  std::int64_t values = 0;  // trainable
  std::int64_t base = 0;    // stored originals
};

class Adapter {
 public:
  static AdapterFloats floats(const ParameterLayout& layout, const AdapterOptions& options);
  // Sizes of the adapter's tensors: A and B of each matrix in turn.
  static std::vector<std::int64_t> tensor_sizes(const ParameterLayout& layout,
                                                const AdapterOptions& options);
  // Throws Error for a rank that is larger than a matrix.
  static void check_rank(const ParameterLayout& layout, const AdapterOptions& options);

  // Adapts the present matrices of `model`. A is drawn as in PEFT (uniform, of variance 1/(3k)) and
  // B is 0, so the model is unchanged. Throws Error for a rank that is larger than a matrix.
  Adapter(const Model& model, const AdapterOptions& options, std::uint64_t seed);

  // Adapts an auxiliary model whose layers have the same matrices as the model of `of`: shares the
  // original matrices and starts from the same A and B. A value head of `model` learns with them,
  // initially 0.
  Adapter(const Adapter& of, const Model& model);

  const AdapterOptions& options() const { return options_; }
  const std::vector<AdaptedMatrix>& matrices() const { return matrices_; }

  // Offset of the value head in values(), weights first, then the bias; -1 without a value head.
  std::int64_t head() const { return head_width_ > 0 ? size() - head_width_ - 1 : -1; }

  // The trainable values: A and B of every matrix, in order, then the value head.
  std::int64_t size() const { return values_.size(); }
  float* values() { return values_.data(); }
  const float* values() const { return values_.data(); }

  // Resets the values to those of a new adapter made from `of`.
  void begin_as(const Adapter& of);

  // Writes all W' and the value head into the model. Threads share the work: this call does every
  // `parts`-th matrix, beginning with number `part`.
  void merge(Model& model, std::int64_t part = 0, std::int64_t parts = 1) const;
  // Writes all W into the model.
  void unmerge(Model& model) const;

  // Writes adapter_config.json and adapter_model.safetensors, as PEFT does, into an existing folder
  // (fsynced, not atomic).
  void save(const fs::path& folder) const;
  // Reads the values from such a folder. Throws Error if it is damaged or has other targets,
  // another rank or alpha.
  void load(const fs::path& folder);

  // Bytes of the stored originals: two a number if every number is exact in bf16, as in most
  // published models, else four.
  std::int64_t base_bytes() const;

 private:
  void keep_base(const Model& model);
  void draw_values(std::uint64_t seed);
  void read_base(const AdaptedMatrix& m, float* out) const;  // writes W

  // The original matrices, in one of the two formats.
  struct Base {
    FloatBuffer f32;
    std::vector<std::uint16_t> bf16;
  };

  AdapterOptions options_;
  std::vector<AdaptedMatrix> matrices_;
  std::shared_ptr<const Base> base_;
  std::int64_t head_width_ = 0;  // 0 without a value head
  FloatBuffer values_;
};

// Merges the adapter of a PEFT folder into the model's weights. It may have any rank and adapt any
// matrices of the layers. Throws Error for an adapter that is damaged, does not fit, or uses what
// Adapter leaves out.
void merge_adapter(Model& model, const fs::path& folder);

}  // namespace tinyzero
