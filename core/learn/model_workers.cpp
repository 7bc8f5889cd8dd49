#include "core/learn/model_workers.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "core/base/workers.h"
#include "core/kernels/kernels.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kMostGradientBytes = std::int64_t{1} << 30;  // of all replicas together
constexpr std::int64_t kMostPackedBytes = std::int64_t{1} << 30;

// 0: too much to pack for kernels that are no faster than LibTorch's. Products of bf16 are worth it
// whatever it takes, two bytes a weight and pass.
std::int64_t packed_bytes(const Model& model, bool frozen) {
  const std::int64_t bytes =
      PackedWeights::floats(model, frozen) * static_cast<std::int64_t>(sizeof(float));
  return bytes <= kMostPackedBytes || kernels().numbers_per_word > 1 ? bytes : 0;
}

}  // namespace

std::int64_t ModelWorkers::replicas(const Model& model, std::int64_t threads) {
  return model.layout.size() * threads * static_cast<std::int64_t>(sizeof(float)) <=
                 kMostGradientBytes
             ? threads
             : 1;
}

bool ModelWorkers::packs(const Model& model, bool frozen) {
  return packed_bytes(model, frozen) > 0;
}

std::int64_t ModelWorkers::bytes(const Model& model, std::int64_t threads,
                                 std::int64_t learning_floats) {
  return replicas(model, threads) * learning_floats * static_cast<std::int64_t>(sizeof(float)) +
         packed_bytes(model, learning_floats == 0);
}

ModelWorkers::ModelWorkers(Model& model, std::int64_t threads, WorkerOptions options) {
  const std::int64_t replicas = options.place          ? 1
                                : options.replicas > 0 ? options.replicas
                                                       : ModelWorkers::replicas(model, threads);
  const bool frozen = options.frozen;
  threads_each_ = static_cast<int>(std::max<std::int64_t>(1, threads / replicas));
  at::set_num_threads(threads_each_);
  if (!options.place && packed_bytes(model, frozen) > 0)
    packed_ = std::make_unique<PackedWeights>(model, frozen);
  for (std::int64_t i = 0; i < replicas; ++i) {
    replicas_.push_back(std::make_unique<Transformer>(model, /*reference=*/false, packed_.get(),
                                                      frozen, options.adapter));
    if (options.recompute) replicas_.back()->recompute_layers();
  }
  if (!options.place) return;
  on_cuda_ = options.place->device.is_cuda();
  copy_ = std::make_unique<Transformer>(model, *options.place, frozen, options.adapter);
  if (options.recompute) copy_->recompute_layers();
}

void ModelWorkers::run(std::int64_t tasks,
                       const std::function<void(Transformer&, std::int64_t)>& work) {
  if (copy_) return run_on_device(tasks, work);
  const std::int64_t threads = count() * threads_each_;
  if (packed_) run_workers(threads, [&](std::int64_t part) { packed_->pack(part, threads); });
  run_workers(std::min(count(), tasks), [&](std::int64_t worker) {
    at::set_num_threads(threads_each_);  // holds for a thread
    for (std::int64_t i = worker; i < tasks; i += count()) {
      stop_if_asked(stop_);
      work(*replicas_[worker], i);
    }
  });
  at::Tensor sum = model().flat_gradient();
  if (!sum.defined()) return;
  for (std::size_t i = 1; i < replicas_.size(); ++i) {
    at::Tensor part = replicas_[i]->flat_gradient();
    sum.add_(part);
    part.zero_();
  }
}

void ModelWorkers::run_on_device(std::int64_t tasks,
                                 const std::function<void(Transformer&, std::int64_t)>& work) {
  copy_->upload();
  for (std::int64_t i = 0; i < tasks; ++i) {
    stop_if_asked(stop_);
    work(*copy_, i);
  }
  at::Tensor sum = model().flat_gradient(), part = copy_->flat_gradient();
  if (sum.defined()) {
    sum.add_(part.cpu());
    part.zero_();
  }
  if (on_cuda_) at::accelerator::emptyCache();  // for the decoder
}

}  // namespace tinyzero
