// A model on every core: replicas with the same weights and gradients of their own, which work side
// by side.
//
// For small models a step is divided by episodes, one replica a core, and not each operation by
// rows: their matrices are so small that threads which share them wait for each other half of the
// time. Where gradients of that many replicas would fill the memory, there is one replica, and its
// operations use all cores. On another device there is one, too: a copy of the weights is made
// before each run, and the gradient comes back after it, so that optimizers and checkpoints know
// nothing of devices.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/stop.h"
#include "core/transformer/transformer.h"

namespace tinyzero {

struct WorkerOptions {
  std::int64_t replicas = 0;  // 0: chosen by the size of the model
  bool frozen = false;        // no gradients
  Adapter* adapter =
      nullptr;             // of the model, into which it is merged: what learns; null: all weights
  bool recompute = false;  // layers are computed once more in the backward pass
  std::optional<DevicePlace> place =
      {};  // of a copy that does the passes, alone; none: replicas on the CPU
};

class ModelWorkers {
 public:
  // Works on the weights of `model` in place; `model` and its adapter must outlive it. From here on
  // LibTorch's operations use threads / replicas threads.
  ModelWorkers(Model& model, std::int64_t threads, WorkerOptions options = {});

  // Bytes that workers on such a model take beside its weights: the gradients of their replicas, of
  // so many floats each (0: frozen), and packed matrices.
  static std::int64_t bytes(const Model& model, std::int64_t threads, std::int64_t learning_floats);
  // Whether matrices are packed, so that products are our own.
  static bool packs(const Model& model, bool frozen);
  // The replicas that such a model gets.
  static std::int64_t replicas(const Model& model, std::int64_t threads);

  std::int64_t count() const { return std::ssize(replicas_); }  // passes at a time

  // The replica that holds the gradient: what an optimizer steps on. Passes through it belong into
  // run().
  Transformer& model() { return *replicas_.front(); }

  // Calls work(replica, i) for i = 0 … tasks-1, task i on replica i modulo count(), those of one
  // replica in order. Then adds the gradients of the other replicas to the first's, in order, and
  // clears them (a frozen model has none): the sum is a function of tasks and count() alone. The
  // weights must not change meanwhile.
  void run(std::int64_t tasks, const std::function<void(Transformer&, std::int64_t)>& work);

  // From here on run() ends with Interrupted between two tasks where that is asked for; the
  // gradients are then of no use. Null: it goes to its end.
  void stop_at(const StopWish* wish) { stop_ = wish; }

 private:
  void run_on_device(std::int64_t tasks,
                     const std::function<void(Transformer&, std::int64_t)>& work);

  std::unique_ptr<PackedWeights> packed_;  // none: too large, or not needed
  std::vector<std::unique_ptr<Transformer>> replicas_;
  std::unique_ptr<Transformer>
      copy_;  // on a device, which does the passes of the one replica; none: on the CPU
  bool on_cuda_ = false;
  const StopWish* stop_ = nullptr;
  int threads_each_;
};

}  // namespace tinyzero
