#include "core/model/packed_weights.h"

#include "core/kernels/kernels.h"

namespace tinyzero {
namespace {

// Calls work(weight offset, rows, columns) for every matrix: qkv, output, gate_up and down of each
// layer, then the head.
template <class Work>
void for_matrices(const Model& model, const Work& work) {
  const ModelConfig& c = model.config;
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const LayerOffsets& at = model.layout.layer(i);
    work(at.qkv, c.q_width() + 2 * c.kv_width(), c.width);
    work(at.output, c.width, c.q_width());
    work(at.gate_up, 2 * c.mlp, c.width);
    work(at.down, c.width, c.mlp);
  }
  if (!c.value_head) work(model.layout.head(), c.vocab, c.width);
}

}  // namespace

std::int64_t PackedWeights::floats(const Model& model, bool frozen) {
  std::int64_t all = 0;
  for_matrices(model, [&](std::int64_t, std::int64_t rows, std::int64_t columns) {
    all += kernels().packed_size(rows, columns);
    if (!frozen) all += kernels().packed_size(columns, rows);
  });
  return all;
}

PackedWeights::PackedWeights(const Model& model, bool frozen) : data_(floats(model, frozen)) {
  float* at = data_.data();
  std::vector<Matrix> matrices;
  for_matrices(model, [&](std::int64_t offset, std::int64_t rows, std::int64_t columns) {
    Source source{.weight = model.weights.data() + offset,
                  .rows = rows,
                  .columns = columns,
                  .forward = at,
                  .backward = nullptr};
    at += kernels().packed_size(rows, columns);
    if (!frozen) {
      source.backward = at;
      at += kernels().packed_size(columns, rows);
    }
    matrices.push_back({.forward = source.forward, .backward = source.backward});
    sources_.push_back(source);
  });
  for (std::size_t i = 0; i + 4 <= matrices.size(); i += 4)
    layers_.push_back({.qkv = matrices[i],
                       .output = matrices[i + 1],
                       .gate_up = matrices[i + 2],
                       .down = matrices[i + 3]});
  if (!model.config.value_head) head_ = matrices.back();
}

void PackedWeights::pack(std::int64_t part, std::int64_t parts) {
  for (std::size_t i = part; i < sources_.size(); i += parts) {
    const Source& s = sources_[i];
    kernels().pack(s.weight, s.columns, 1, s.rows, s.columns, s.forward);
    if (s.backward != nullptr)
      kernels().pack(s.weight, 1, s.columns, s.columns, s.rows, s.backward);
  }
}

}  // namespace tinyzero
