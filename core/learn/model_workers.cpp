#include "core/learn/model_workers.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "core/base/workers.h"
#include "core/kernels/kernels.h"
#include "core/model/packed_weights.h"
#include "core/model/parameters.h"
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

std::int64_t ModelWorkers::replicas(const Model& model, std::int64_t threads) {
  return model.layout.size() * threads * kFloatBytes <= kMostGradientBytes ? threads : 1;
}

bool ModelWorkers::packs(const Model& model, bool frozen) {
  return packed_bytes(model, frozen) > 0;
}

std::int64_t ModelWorkers::bytes(const Model& model, std::int64_t threads,
                                 std::int64_t learning_floats) {
  return replicas(model, threads) * learning_floats * kFloatBytes +
         packed_bytes(model, learning_floats == 0);
}

ModelWorkers::ModelWorkers(Model& model, std::int64_t threads, const WorkerOptions& options)
    : weights_(model, options.adapter) {
  const std::int64_t count = options.device         ? 1
                             : options.replicas > 0 ? options.replicas
                                                    : replicas(model, threads);
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

GradientSum ModelWorkers::run(std::int64_t tasks, const Work& work) {
  if (device_) run_on_device(tasks, work);
  else run_on_cpu(tasks, work);
  if (sum_.flat.defined()) collect_gradients();
  if (device_ && device_->device()->is_cuda()) at::accelerator::emptyCache();  // for the decoder
  return sum_;
}

void ModelWorkers::run_on_cpu(std::int64_t tasks, const Work& work) {
  const std::int64_t threads = count() * threads_each_;
  if (packed_) run_workers(threads, [&](std::int64_t part) { packed_->pack(part, threads); });
  run_workers(std::min(count(), tasks), [&](std::int64_t worker) {
    at::set_num_threads(threads_each_);  // of this thread
    for (std::int64_t i = worker; i < tasks; i += count()) {
      stop_if_asked(stop_);
      work(*replicas_[worker], i);
    }
  });
}

void ModelWorkers::run_on_device(std::int64_t tasks, const Work& work) {
  replicas_.front()->upload();
  for (std::int64_t i = 0; i < tasks; ++i) {
    stop_if_asked(stop_);
    work(*replicas_.front(), i);
  }
}

// Moves the gradients of all replicas into the sum, which is the first one's on the CPU.
void ModelWorkers::collect_gradients() {
  for (const auto& replica : replicas_) {
    at::Tensor gradient = replica->flat_gradient();
    if (gradient.is_same(sum_.flat)) continue;
    sum_.flat.add_(gradient.cpu());
    gradient.zero_();
  }
}

}  // namespace tinyzero
