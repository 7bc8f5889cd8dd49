#include "core/optimizer/trained_weights.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <numeric>

#include "core/base/workers.h"
#include "core/transformer/flat_tensors.h"

namespace tinyzero {
namespace {

// A multiple of the blocks of dynamic_code.h and rounding.h.
constexpr std::int64_t kBlock = 65'536;

}  // namespace

std::int64_t TrainedTensor::size() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

at::Tensor TrainedTensor::of(const at::Tensor& flat) const {
  return flat.narrow(0, offset, size()).view(shape);
}

TrainedWeights::TrainedWeights(Model& model, Adapter* adapter)
    : model_(model),
      adapter_(adapter),
      flat_(adapter == nullptr ? flat_tensor(model) : flat_tensor(*adapter)) {
  if (adapter == nullptr) list_weights();
  else list_adapter();
  list_blocks();
}

void TrainedWeights::list_weights() {
  for (const ParameterSlot& slot : model_.layout.slots()) {
    std::vector<TrainedTensor>& kind = slot.shape.size() == 1                   ? vectors_
                                       : slot.name.starts_with("model.layers.") ? layer_matrices_
                                                                                : embeddings_;
    kind.push_back({slot.offset, slot.shape});
  }
}

void TrainedWeights::list_adapter() {
  const std::int64_t rank = adapter_->options().rank;
  for (const AdaptedMatrix& m : adapter_->matrices()) {
    layer_matrices_.push_back({m.a, {rank, m.columns}});
    layer_matrices_.push_back({m.b, {m.rows, rank}});
  }
  const std::int64_t head = adapter_->head(), width = model_.config.width;
  if (head < 0) return;
  embeddings_.push_back({head, {1, width}});
  vectors_.push_back({head + width, {1}});
}

void TrainedWeights::list_blocks() {
  for (const auto* tensors : {&layer_matrices_, &embeddings_, &vectors_}) {
    for (const TrainedTensor& tensor : *tensors) {
      const std::int64_t end = tensor.span().end();
      for (std::int64_t at = tensor.offset; at < end; at += kBlock) {
        const std::int64_t block_end = std::min(at + kBlock, end);
        blocks_.push_back({at, block_end - at});
        if (tensors != &layer_matrices_ || block_end == end) borders_.push_back(block_end);
      }
    }
  }
  std::ranges::sort(blocks_, {}, &WeightSpan::offset);
  std::ranges::sort(borders_);
}

std::vector<std::int64_t> TrainedWeights::cuts(std::int64_t ranks) const {
  const std::int64_t size = flat_.numel();
  std::vector<std::int64_t> cuts = {0};
  for (std::int64_t r = 1; r < ranks; ++r) {
    const std::int64_t wanted = r * size / ranks;
    const std::int64_t nearest = *std::ranges::min_element(
        borders_, {}, [&](std::int64_t border) { return std::abs(border - wanted); });
    cuts.push_back(std::max(cuts.back(), nearest));
  }
  cuts.push_back(size);
  return cuts;
}

void TrainedWeights::merge_adapter(std::int64_t threads) {
  if (adapter_ == nullptr) return;
  run_workers(threads, [&](std::int64_t part) { adapter_->merge(model_, part, threads); });
}

}  // namespace tinyzero
