#include "core/learn/model_workers.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <span>

#include "core/base/workers.h"
#include "core/kernels/kernels.h"
#include "core/model/packed_weights.h"
#include "core/model/parameters.h"
#include "core/ranks/ranks.h"
#include "core/transformer/kernel_operators.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kFloatBytes = sizeof(float);
constexpr std::int64_t kMostGradientBytes = std::int64_t{1} << 30;  // of all replicas together
constexpr std::int64_t kMostPackedBytes = std::int64_t{1} << 30;

const KernelOperators kKernelOperators;

// 0: too much to pack for kernels that are no faster than LibTorch's. Products of bf16 are worth it
// at any size, for two bytes per weight and pass.
std::int64_t packed_bytes(const Model& model, bool frozen) {
  const std::int64_t bytes = PackedWeights::floats(model, frozen) * kFloatBytes;
  return bytes <= kMostPackedBytes || kernels().numbers_per_word > 1 ? bytes : 0;
}

}  // namespace

GradientDivision GradientDivision::of(const Model& model, std::int64_t threads,
                                      std::int64_t shards) {
  const std::int64_t bytes = model.layout.size() * kFloatBytes;
  if (shards == 0) shards = bytes * threads <= kMostGradientBytes ? threads : 1;
  for (std::int64_t each = 1; shards % each == 0; each *= 2) {
    const GradientDivision division{.shards = shards, .replicas = shards / each};
    if (division.replicas <= threads &&
        division.replicas * division.buffers() * bytes <= kMostGradientBytes)
      return division;
  }
  return {.shards = shards, .replicas = 1};
}

std::int64_t GradientDivision::shards_for(const Model& model, std::int64_t threads,
                                          std::int64_t ranks) {
  if (ranks == 1) return of(model, threads, 0).shards;
  const auto each = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(threads)));
  return std::max(of(model, each * ranks, 0).shards, ranks);
}

bool GradientDivision::suits(std::int64_t shards, std::int64_t ranks) {
  return ranks == 1 ||
         (shards % ranks == 0 && std::has_single_bit(static_cast<std::uint64_t>(shards / ranks)));
}

std::int64_t GradientDivision::buffers() const {
  return std::bit_width(static_cast<std::uint64_t>(shards / replicas));
}

bool ModelWorkers::packs(const Model& model, bool frozen) {
  return packed_bytes(model, frozen) > 0;
}

std::int64_t ModelWorkers::bytes(const Model& model, const GradientDivision& division,
                                 std::int64_t learning_floats) {
  return division.replicas * division.buffers() * learning_floats * kFloatBytes +
         packed_bytes(model, learning_floats == 0);
}

ModelWorkers::ModelWorkers(Model& model, std::int64_t threads, const WorkerOptions& options)
    : weights_(model, options.adapter),
      ranks_(options.ranks != nullptr ? *options.ranks : one_process()) {
  const std::int64_t local = options.device ? 1 : threads;
  shards_ = GradientDivision::of(model, local * ranks_.size(), options.shards).shards;
  own_shards_ = shards_ / ranks_.size();
  first_shard_ = ranks_.rank() * own_shards_;
  const GradientDivision division = GradientDivision::of(model, local, own_shards_);
  const std::int64_t count = division.replicas;
  subtrees_.resize(count);
  threads_each_ = static_cast<int>(std::max<std::int64_t>(1, threads / count));
  at::set_num_threads(threads_each_);
  if (options.device) device_ = std::make_unique<DeviceOperators>(*options.device);
  else if (packs(model, options.frozen))
    packed_ = std::make_unique<PackedWeights>(model, options.frozen);
  add_replicas(model, count, options);
  if (options.frozen) return;
  sum_.flat = device_ ? at::zeros_like(weights_.flat()) : replicas_.front()->flat_gradient();
}

ModelWorkers::~ModelWorkers() = default;

void ModelWorkers::add_replicas(Model& model, std::int64_t count, const WorkerOptions& options) {
  const Operators& operators = device_ ? static_cast<const Operators&>(*device_) : kKernelOperators;
  for (std::int64_t i = 0; i < count; ++i)
    replicas_.push_back(
        std::make_unique<Transformer>(model, operators,
                                      TransformerOptions{.packed = packed_.get(),
                                                         .adapter = options.adapter,
                                                         .frozen = options.frozen,
                                                         .recompute = options.recompute}));
}

bool ModelWorkers::is_own(std::int64_t task) const {
  return task % shards_ / own_shards_ == ranks_.rank();
}

void ModelWorkers::visit(std::int64_t tasks, const Work& work) {
  run_replicas(tasks, work, nullptr);
}

GradientSum ModelWorkers::run(std::int64_t tasks, const Work& work) {
  if (!sum_.flat.defined()) {  // frozen
    visit(tasks, work);
    return sum_;
  }
  run_replicas(tasks, work,
               [&](std::int64_t replica, std::int64_t shard) { add_to_subtrees(replica, shard); });
  collect_gradients();
  const std::span<float> all(sum_.flat.mutable_data_ptr<float>(), sum_.flat.numel());
  ranks_.add_up("gradients", all, weights_.cuts(ranks_.size()));
  return sum_;
}

void ModelWorkers::run_replicas(std::int64_t tasks, const Work& work, const EndShard& end_shard) {
  if (device_) {
    replicas_.front()->upload();
    run_shards(0, tasks, work, end_shard);
    if (device_->device()->is_cuda()) at::accelerator::emptyCache();  // for the decoder
    return;
  }
  const std::int64_t threads = count() * threads_each_;
  if (packed_) run_workers(threads, [&](std::int64_t part) { packed_->pack(part, threads); });
  run_workers(count(), [&](std::int64_t replica) {
    at::set_num_threads(threads_each_);  // of this thread
    run_shards(replica, tasks, work, end_shard);
  });
}

void ModelWorkers::run_shards(std::int64_t replica, std::int64_t tasks, const Work& work,
                              const EndShard& end_shard) {
  const std::int64_t first = first_shard_ + replica * shards_each();
  for (std::int64_t shard = 0; shard < shards_each(); ++shard) {
    for (std::int64_t i = first + shard; i < tasks; i += shards_) {
      stop_if_asked(stop_);
      work(*replicas_[replica], i);
    }
    if (end_shard) end_shard(replica, shard);
  }
}

// Finished subtrees wait like the digits of a binary counter: one more shard adds those of equal
// height to its own, and the rest of them at the end.
void ModelWorkers::add_to_subtrees(std::int64_t replica, std::int64_t shard) {
  at::Tensor gradient = replicas_[replica]->flat_gradient();
  std::vector<at::Tensor>& waiting = subtrees_[replica];
  std::size_t height = 0;
  for (; (shard >> height & 1) != 0; ++height) gradient.add_(waiting[height]);
  if (shard + 1 == shards_each()) {
    for (std::size_t h = height; shard >> h != 0; ++h) {
      if ((shard >> h & 1) != 0) gradient.add_(waiting[h]);
    }
    return;
  }
  if (height == waiting.size()) waiting.push_back(at::empty_like(gradient));
  waiting[height].copy_(gradient);
  gradient.zero_();
}

// Adds up the gradients of all replicas, in the tree whose subtrees they are; on the CPU into the
// first one's.
void ModelWorkers::collect_gradients() {
  for (std::int64_t apart = 1; apart < count(); apart *= 2) {
    for (std::int64_t i = 0; i + apart < count(); i += 2 * apart) {
      at::Tensor other = replicas_[i + apart]->flat_gradient();
      at::Tensor(replicas_[i]->flat_gradient()).add_(other);
      other.zero_();
    }
  }
  at::Tensor all = replicas_.front()->flat_gradient();
  if (all.is_same(sum_.flat)) return;
  sum_.flat.add_(all.cpu());
  all.zero_();
}

}  // namespace tinyzero
