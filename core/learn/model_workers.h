// A model on every core: replicas with the same weights and gradients of their own, which work side
// by side.
//
// For small models a step is divided by episodes, one replica a core, and not each operation by
// rows: their matrices are so small that threads which share them wait for each other half of the
// time. Where gradients of that many replicas would fill the memory, there is one replica, whose
// operations use all cores. On another device there is one, too. It works on a copy of the weights
// that is made before each run, and its gradient comes back after it, so that optimizers and
// checkpoints know nothing of devices.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/stop.h"
#include "core/optimizer/gradient_sum.h"
#include "core/optimizer/trained_weights.h"
#include "core/transformer/device_operators.h"
#include "core/transformer/transformer.h"

namespace tinyzero {

struct WorkerOptions {
  std::int64_t replicas = 0;   // 0: chosen by the size of the model
  bool frozen = false;         // no gradients
  Adapter* adapter = nullptr;  // what learns, merged into the model; null: all weights
  bool recompute = false;      // layers are computed again in the backward pass
  std::optional<DeviceOptions> device = {};  // where the one replica works; none: on the CPU
};

class ModelWorkers {
 public:
  // Works on the weights of `model` in place. `model` and its adapter must outlive it. From here on
  // LibTorch's operations use threads / replicas threads.
  ModelWorkers(Model& model, std::int64_t threads, const WorkerOptions& options = {});
  ~ModelWorkers();

  // Bytes that workers take in addition to such a model's weights: packed matrices, and the
  // gradients of their replicas, of so many floats each (0: frozen).
  static std::int64_t bytes(const Model& model, std::int64_t threads, std::int64_t learning_floats);
  // Whether matrices are packed, so that products are our own.
  static bool packs(const Model& model, bool frozen);
  // The replicas that such a model gets.
  static std::int64_t replicas(const Model& model, std::int64_t threads);

  std::int64_t count() const { return std::ssize(replicas_); }  // passes at a time

  // What learns: what an optimizer changes between two runs.
  TrainedWeights& weights() { return weights_; }

  // Calls work(replica, i) for i = 0 … tasks-1, task i on replica i modulo count(), those of one
  // replica in order. Returns the gradients of all replicas, added up in order: a function of tasks
  // and count() alone. Until somebody clears it, further runs add to it. The weights must not
  // change meanwhile.
  GradientSum run(std::int64_t tasks, const std::function<void(Transformer&, std::int64_t)>& work);

  // From here on run() ends with Interrupted between two tasks where that is asked for; the
  // gradients are then of no use. Null: nobody asks.
  void stop_at(const StopRequest* wish) { stop_ = wish; }

 private:
  using Work = std::function<void(Transformer&, std::int64_t)>;

  void add_replicas(Model& model, std::int64_t count, const WorkerOptions& options);
  void run_on_cpu(std::int64_t tasks, const Work& work);
  void run_on_device(std::int64_t tasks, const Work& work);
  void collect_gradients();

  TrainedWeights weights_;
  std::unique_ptr<PackedWeights> packed_;    // null: too large, or not needed
  std::unique_ptr<DeviceOperators> device_;  // null: on the CPU
  std::vector<std::unique_ptr<Transformer>> replicas_;
  GradientSum sum_;  // on the CPU the first replica's own gradient
  const StopRequest* stop_ = nullptr;
  int threads_each_;
};

}  // namespace tinyzero
