// Low-rank adapters (LoRA: Hu et al., arXiv:2106.09685): the matrices of a model stay as they are,
// and what learns is small.
//
//   W' = W + s B A,   A (rank, k), B (n, rank),  s = alpha / rank
//
// A model with an adapter holds the merged W' in its own weights, always: decoding, training and
// checkpoints need not know. The adapter keeps the W it began with, in bf16 where that is exact,
// and merging computes W' from it anew, so that nothing drifts. Files are those of PEFT, in its
// folder. Left out: dropout, biases, embeddings and the heads of language models, DoRA.
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
  std::vector<std::string> targets;  // of q, k, v, o, gate, up, down
  std::string base;                  // the model's folder or name, for other tools

  double scale() const { return alpha / static_cast<double>(rank); }
};

// One adapted matrix W (rows, columns).
struct AdaptedMatrix {
  std::string name;                    // "model.layers.0.self_attn.q_proj"
  std::int64_t weight, rows, columns;  // offset in the model's weights, and the shape
  std::int64_t base;                   // offset in the base that is kept
  std::int64_t a, b;                   // offsets in values()
};

// Floats of an adapter: what learns, and the matrices that it keeps.
struct AdapterFloats {
  std::int64_t values = 0, base = 0;
};

class Adapter {
 public:
  static AdapterFloats floats(const ParameterLayout& layout, const AdapterOptions& options);
  // Numbers of each of its tensors, A and B of every matrix in turn.
  static std::vector<std::int64_t> tensor_sizes(const ParameterLayout& layout,
                                                const AdapterOptions& options);
  // Throws Error for a rank that is larger than a matrix.
  static void check_rank(const ParameterLayout& layout, const AdapterOptions& options);

  // For the matrices that `model` holds now. A is drawn as PEFT draws it (uniform, of variance
  // 1/(3k)), B is 0: the model is unchanged. Throws Error for a rank that is larger than a matrix.
  Adapter(const Model& model, const AdapterOptions& options, std::uint64_t seed);

  // For a model beside the one that `of` belongs to, which has the same matrices in its layers:
  // shares what they began with, begins with the same A and B, and if the model has a value head,
  // that learns with them, from 0.
  Adapter(const Adapter& of, const Model& model);

  const AdapterOptions& options() const { return options_; }
  const std::vector<AdaptedMatrix>& matrices() const { return matrices_; }

  // Where the value head stands in values(), its weights and then its bias; -1: it has none.
  std::int64_t head() const { return head_width_ > 0 ? size() - head_width_ - 1 : -1; }

  // A and B of every matrix, in order, then a value head: what learns.
  std::int64_t size() const { return values_.size(); }
  float* values() { return values_.data(); }
  const float* values() const { return values_.data(); }

  // Becomes as one that was newly made for its model of `of`.
  void begin_as(const Adapter& of);

  // Writes W' of all matrices and a value head, or W, into the model; `part` of `parts`, so that
  // threads can share the work.
  void merge(Model& model, std::int64_t part = 0, std::int64_t parts = 1) const;
  void unmerge(Model& model) const;

  // adapter_config.json and adapter_model.safetensors, as PEFT writes them, into an existing folder
  // (fsynced, not atomic).
  void save(const fs::path& folder) const;
  // The values of such a folder. Throws Error if it is damaged or has other targets, another rank
  // or alpha.
  void load(const fs::path& folder);

  // Bytes of the matrices that it keeps: two a number where all are numbers of bf16, as most
  // published models are, else four.
  std::int64_t base_bytes() const;

 private:
  void read_base(const AdaptedMatrix& m, float* out) const;  // writes W

  AdapterOptions options_;
  std::vector<AdaptedMatrix> matrices_;
  struct Base {
    FloatBuffer f32;                  // empty: they are in bf16
    std::vector<std::uint16_t> bf16;  // the same numbers, exactly
  };
  std::shared_ptr<const Base> base_;
  std::int64_t head_width_ = 0;  // 0: no head
  FloatBuffer values_;
};

// Merges the adapter of a PEFT folder, of any rank and any matrices of the layers, into the model's
// weights. Throws Error for one that is damaged, or does not fit, or has what Adapter leaves out.
void merge_adapter(Model& model, const fs::path& folder);

}  // namespace tinyzero
