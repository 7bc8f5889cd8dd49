// A model on every thread: replicas with the same weights and gradients of their own, which work
// side by side.
//
// For small models a step is divided by episodes, one replica per thread, and not each operation by
// rows: their matrices are so small that threads which share them wait for each other half of the
// time. Where gradients of that many replicas would fill the memory, there is one replica, whose
// operations use all cores. On another device there is one, too. It works on a copy of the weights
// that is made before each run, and its gradient comes back after it, so that optimizers and
// checkpoints know nothing of devices.
//
// Gradients are summed by shard, and shards in a fixed tree: (0 + 1) + (2 + 3) and so on. Whoever
// computes a shard, the sum has the same bits.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/stop.h"
#include "core/optimizer/trained_weights.h"
#include "core/transformer/device_operators.h"
#include "core/transformer/transformer.h"

namespace tinyzero {

// How the gradient of a model is divided: into shards, and among the replicas that compute them.
struct GradientDivision {
  std::int64_t shards = 1;
  // Divides `shards` into a power of two each, so that the shards of a replica are a subtree; 1 if
  // none of those is at most `threads`, or if the gradients of more would fill the memory.
  std::int64_t replicas = 1;

  // `shards` 0: one per thread, or a single one for a large model.
  static GradientDivision of(const Model& model, std::int64_t threads, std::int64_t shards);
  // The shards of so many ranks with so many threads each, where no setting says how many.
  static std::int64_t shards_for(const Model& model, std::int64_t threads, std::int64_t ranks);
  // Whether each of so many ranks can have a subtree of the shards.
  static bool suits(std::int64_t shards, std::int64_t ranks);
  // Gradients that a replica holds at a time: its own and those of finished subtrees.
  std::int64_t buffers() const;
};

class Ranks;

struct WorkerOptions {
  std::int64_t shards = 0;     // of all ranks; 0: chosen by the size of the model
  bool frozen = false;         // no gradients
  Adapter* adapter = nullptr;  // what learns, merged into the model; null: all weights
  bool recompute = false;      // layers are computed again in the backward pass
  std::optional<DeviceOptions> device = {};  // where the one replica works; none: on the CPU
  Ranks* ranks = nullptr;  // which divide the shards, contiguous ones each; null: one process
};

class ModelWorkers {
 public:
  // Works on the weights of `model` in place. `model` and its adapter must outlive it. From here on
  // LibTorch's operations use threads / replicas threads.
  ModelWorkers(Model& model, std::int64_t threads, const WorkerOptions& options = {});
  ~ModelWorkers();

  // Bytes that workers take in addition to such a model's weights: packed matrices, and the
  // gradients of their replicas, of so many floats each (0: frozen).
  static std::int64_t bytes(const Model& model, const GradientDivision& division,
                            std::int64_t learning_floats);
  // Whether matrices are packed, so that products are our own.
  static bool packs(const Model& model, bool frozen);

  std::int64_t shards() const { return shards_; }
  Ranks& ranks() const { return ranks_; }
  bool is_own(std::int64_t task) const;                         // whether this rank does it
  std::int64_t count() const { return std::ssize(replicas_); }  // passes at a time

  // What learns: what an optimizer changes between two runs.
  TrainedWeights& weights() { return weights_; }

  // Calls work(replica, i) for i = 0 … tasks-1. Task i belongs to shard i modulo shards(); those of
  // one shard run in order, on one replica of one rank. Returns the gradients of all shards and
  // ranks, added up in a tree: a function of tasks and shards() alone. In one process further runs
  // add to it until somebody clears it. The weights must not change meanwhile.
  GradientSum run(std::int64_t tasks, const std::function<void(Transformer&, std::int64_t)>& work);
  // The same for work that computes no gradient.
  void visit(std::int64_t tasks, const std::function<void(Transformer&, std::int64_t)>& work);

  // From here on run() ends with Interrupted between two tasks where that is asked for; the
  // gradients are then of no use. Null: nobody asks.
  void stop_at(const StopRequest* wish) { stop_ = wish; }

 private:
  using Work = std::function<void(Transformer&, std::int64_t)>;

  void add_replicas(Model& model, std::int64_t count, const WorkerOptions& options);
  // Calls `end_shard`, if not null, after each shard of a replica with its number there.
  using EndShard = std::function<void(std::int64_t replica, std::int64_t shard)>;
  void run_replicas(std::int64_t tasks, const Work& work, const EndShard& end_shard);
  void run_shards(std::int64_t replica, std::int64_t tasks, const Work& work,
                  const EndShard& end_shard);
  std::int64_t shards_each() const { return own_shards_ / count(); }
  void add_to_subtrees(std::int64_t replica, std::int64_t shard);
  void collect_gradients();

  TrainedWeights weights_;
  std::unique_ptr<PackedWeights> packed_;    // null: too large, or not needed
  std::unique_ptr<DeviceOperators> device_;  // null: on the CPU
  std::vector<std::unique_ptr<Transformer>> replicas_;
  // By replica and height in the tree: sums of finished subtrees, made when they are first needed.
  std::vector<std::vector<at::Tensor>> subtrees_;
  GradientSum sum_;  // on the CPU the first replica's own gradient
  const StopRequest* stop_ = nullptr;
  Ranks& ranks_;
  std::int64_t shards_;
  std::int64_t first_shard_, own_shards_;  // of this rank
  int threads_each_;
};

}  // namespace tinyzero
