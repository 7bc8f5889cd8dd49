// What learns in a run: the policy with its optimizer, and the algorithm with its auxiliary models.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/algorithm/batch_file.h"
#include "core/config/experiment.h"
#include "core/learn/update.h"
#include "core/run/checkpoint.h"

namespace tinyzero {

struct LearnReport {
  Metrics metrics;
  double learning_rate = 0;
  std::int64_t skipped = 0;  // updates whose loss or gradient was not finite, of any model
  std::int64_t trained =
      0;  // completion tokens that models learned from, once for each model and pass
  std::int64_t read = 0;  // completion tokens that models were asked about without learning, once
                          // for each model and pass
  std::optional<BatchFile> fault;  // the batch as it was at the first of them
};

// Whether an auxiliary model needs no memory until it is changed: the frozen copy of a policy that
// begins with its adapter at 0 is the policy without its adapter.
bool is_policy_without_adapter(const AuxiliaryModel& side, const Experiment& settings);

// Whether an auxiliary model learns through an adapter of its own.
bool has_adapter(const AuxiliaryModel& side, const Experiment& settings);

// What an interrupt does to a step that has begun to change weights.
enum class Midway {
  finish,   // it comes after the step
  abandon,  // it ends the step; what was before it, a checkpoint must know
};

class Learner : private AlgorithmHost {
 public:
  // Works on the weights of `policy` in place, or on its adapter; the references must outlive it.
  Learner(Model& policy, Algorithm& algorithm, const Experiment& settings, std::int64_t threads,
          Adapter* adapter = nullptr);

  // RL begins: auxiliary models become copies of the policy, and the policy's optimizer forgets.
  void begin();

  // One step: prepares the batch and takes its updates. A step without episodes changes nothing.
  // `seen`, if not null, receives the batch as it is before the first update. Throws Failure if the
  // trainer's log-probs are further from the sampler's than train.max_logp_gap. Where stop_at() was
  // given a wish, it may end with Interrupted: see is_midway().
  LearnReport learn(std::int64_t step, StepBatch& batch, BatchFile* seen = nullptr,
                    Midway midway = Midway::finish);

  // Lets whatever this does end early where that is asked for; null: nothing does.
  void stop_at(const StopWish* wish);
  // Whether learn() was interrupted after it had changed a weight. If not, all is as it was before
  // the step.
  bool is_midway() const { return midway_; }

  ModelWorkers& workers() { return workers_; }
  Optimizer& optimizer() { return optimizer_; }

  // What RL has cost so far, from which schedules follow where a budget binds.
  const Spent& spent() const { return spent_; }
  void spend(double tokens, double seconds);

  // What a checkpoint holds beside the policy's weights.
  ModelView policy_view() const;
  std::map<std::string, ModelView> side_views() const;
  const std::map<std::string, double>& kept_numbers() const { return kept_; }
  // Goes on from a checkpoint of the policy. Auxiliary models that it lacks begin as copies of the
  // policy with `begin_missing`, and are named in the result; else they are an Error.
  std::vector<std::string> restore(Checkpoint checkpoint, bool begin_missing = false);

 private:
  struct Side {
    AuxiliaryModel about;
    std::optional<Model> model;             // none: the policy without its adapter
    std::unique_ptr<Adapter> adapter;       // what learns of it; none: all weights, or it is frozen
    std::unique_ptr<ModelWorkers> workers;  // none: those of the policy
    std::unique_ptr<Optimizer> optimizer;   // none: frozen
    at::Tensor last;                        // outputs of the step
  };

  // The batch of the step in work as `algorithm explain` reads it, with what the policy says of it
  // now.
  BatchFile snapshot(const Batch& batch);
  Side& side(const std::string& name);
  void add_side(const AuxiliaryModel& about, std::optional<Model> model,
                const fs::path& adapter = {});
  ModelOutput read_without_adapter(double temperature);
  double learning_rate(std::int64_t step) const;
  ModelOutput read(ModelWorkers& workers, double temperature);
  UpdateOptions update_options(double learning_rate, double clip_norm);
  double temperature_of(const AuxiliaryModel& about) const;
  void begin_change();
  void set_stops(const StopWish* wish);
  LearnReport learn_step(std::int64_t step, StepBatch& batch, BatchFile* seen);
  void correct_for_sampler(Batch& batch, at::Tensor& importance);

  std::int64_t step() const override { return step_; }
  at::Tensor outputs(const std::string& model, const Batch& batch) override;
  void train(const std::string& model, const Batch& batch, const SideLoss& loss) override;
  void copy_policy(const std::string& model) override;
  double& kept(const std::string& name, double initial) override {
    return kept_.try_emplace(name, initial).first->second;
  }
  Metrics& metrics() override { return metrics_; }

  Model& policy_;
  Adapter* adapter_;  // null: all weights of the policy learn
  Algorithm& algorithm_;
  const Experiment& settings_;
  std::int64_t threads_;
  ModelWorkers workers_;
  Optimizer optimizer_;
  std::map<std::string, std::unique_ptr<Side>> sides_;
  std::map<std::string, double> kept_, kept_before_;  // now, and before the step
  std::int64_t step_ = 0, skipped_auxiliary_ = 0, trained_ = 0, read_ = 0;
  Spent spent_;
  Metrics metrics_;
  const StepBatch* batch_ = nullptr;  // of the step in work
  const StopWish* stop_ = nullptr;
  bool midway_ = false;  // the step in work has changed something
  Midway when_midway_ = Midway::finish;
};

}  // namespace tinyzero
