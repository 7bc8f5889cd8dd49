// What learns in a run: the policy with its optimizer, and the algorithm with its auxiliary models.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/algorithm/batch_file.h"
#include "core/config/experiment.h"
#include "core/learn/model_workers.h"
#include "core/learn/update.h"
#include "core/run/checkpoint.h"
#include "tinyzero/primitives/losses.h"

namespace tinyzero {

class Ranks;

struct LearnReport {
  Metrics metrics;
  double learning_rate = 0;
  // The completions of an update in which noise would be as large as signal, by recent steps.
  std::optional<double> noise_scale;
  std::int64_t skipped = 0;        // updates of any model whose loss or gradient was not finite
  std::optional<BatchFile> fault;  // the batch at the first skipped update
  // Completion tokens that models learned from, and that they were asked about without learning;
  // each counted once for each model and pass.
  std::int64_t trained = 0;
  std::int64_t read = 0;
};

// Whether an auxiliary model needs no memory until it is changed: the frozen copy of a policy whose
// adapter begins at 0 is the policy without its adapter.
bool is_policy_without_adapter(const AuxiliaryModel& model, const Experiment& settings);

// Whether an auxiliary model learns through an adapter of its own.
bool has_adapter(const AuxiliaryModel& model, const Experiment& settings);

// What an interrupt does to a step that has begun to change weights.
enum class OnInterrupt {
  finish,   // the step is finished first
  abandon,  // the step ends half done; only a checkpoint knows the state before it
};

class Learner : private AlgorithmHost {
 public:
  // Works on the weights of `policy` in place, or on its adapter. All arguments must outlive it.
  Learner(Model& policy, Algorithm& algorithm, const Experiment& settings, std::int64_t threads,
          Adapter* adapter = nullptr, Ranks* ranks = nullptr);

  // RL begins: auxiliary models become copies of the policy, and the policy's optimizer forgets.
  void begin();

  // One step: prepares the batch and takes its updates. A step without episodes changes nothing.
  // Fills batch.advantage and batch.added and, with train.importance_cap, overwrites logp_old.
  // `seen`, if not null, receives the batch as it is before the first update. Throws Failure if the
  // trainer's log-probs are further from the sampler's than train.max_logp_gap. After stop_at() it
  // may end with Interrupted: see is_midway().
  LearnReport learn(std::int64_t step, StepBatch& batch, BatchFile* seen = nullptr,
                    OnInterrupt midway = OnInterrupt::finish);

  // From now on work ends with Interrupted once a stop is requested; null: never.
  void stop_at(const StopRequest* wish);
  // Whether learn() was interrupted after it had changed a weight. If not, everything is as it was
  // before the step.
  bool is_midway() const { return midway_; }

  ModelWorkers& workers() { return workers_; }
  Optimizer& optimizer() { return optimizer_; }

  // Tokens and seconds that RL has used. With a budget, the schedule follows them.
  const Spent& spent() const { return spent_; }
  void spend(double tokens, double seconds);
  const NoiseScale& noise_scale() const { return noise_scale_; }

  // What a checkpoint holds in addition to the policy's weights.
  ModelView policy_view();
  std::map<std::string, ModelView> auxiliary_views();
  const std::map<std::string, double>& kept_numbers() const { return kept_; }
  // Continues from a checkpoint of the policy. With `begin_missing` auxiliary models that it lacks
  // begin as copies of the policy, and are named in the result; without, they are an Error.
  std::vector<std::string> restore(Checkpoint checkpoint, bool begin_missing = false);

 private:
  struct Auxiliary {
    AuxiliaryModel spec;
    std::optional<Model> model = {};             // none: the policy without its adapter
    std::unique_ptr<Adapter> adapter = {};       // null: all weights learn, or none
    std::unique_ptr<ModelWorkers> workers = {};  // null: the policy's
    std::unique_ptr<Optimizer> optimizer = {};   // null: frozen
    at::Tensor last = {};                        // its outputs in this step: (N)
  };

  // The step's batch as `algorithm explain` reads it, with what the policy says of it now.
  BatchFile snapshot(const Batch& batch);
  ModelView view_of(const Model& model, const Adapter* adapter, Optimizer* optimizer);
  Auxiliary& auxiliary(const std::string& name);
  void add_auxiliary(const AuxiliaryModel& spec, std::optional<Model> model,
                     const fs::path& adapter = {});
  void restore_auxiliary(const AuxiliaryModel& spec, Checkpoint& checkpoint, bool begin_missing,
                         std::vector<std::string>& begun);
  ModelOutput read_without_adapter(double temperature);
  double learning_rate(std::int64_t step) const;
  ModelOutput read(ModelWorkers& workers, double temperature);
  UpdateOptions update_options(double learning_rate, double clip_norm);
  double temperature_of(const AuxiliaryModel& spec) const;
  void begin_change();
  void set_stops(const StopRequest* wish);
  LearnReport learn_step(std::int64_t step, StepBatch& batch, BatchFile* seen);
  void prepare(StepBatch& step);
  UpdateReport update(const StepBatch& step, LearnReport& report);
  void add_signal(const GradientSignal& signal, double episodes, LearnReport& report);
  ImportanceOptions importance_options() const;
  at::Tensor correct_for_sampler(Batch& batch);
  void check_gap() const;

  std::int64_t step() const override { return step_; }
  at::Tensor outputs(const std::string& model, const Batch& batch) override;
  void train(const std::string& model, const Batch& batch, const AuxiliaryLoss& loss) override;
  void copy_policy(const std::string& model) override;
  double& kept(const std::string& name, double initial) override {
    return kept_.try_emplace(name, initial).first->second;
  }
  Metrics& metrics() override { return algorithm_metrics_; }

  Model& policy_;
  Adapter* adapter_;  // null: all weights of the policy learn
  Algorithm& algorithm_;
  const Experiment& settings_;
  std::int64_t threads_;
  Ranks* const ranks_;  // null: one process
  ModelWorkers workers_;
  Optimizer optimizer_;
  std::map<std::string, std::unique_ptr<Auxiliary>> auxiliaries_;
  std::map<std::string, double> kept_;         // numbers of the algorithm
  std::map<std::string, double> kept_before_;  // the same before the step
  Spent spent_;
  NoiseScale noise_scale_;

  // Of the step.
  std::int64_t step_ = 0;
  std::int64_t skipped_ = 0;  // updates of auxiliary models
  std::int64_t trained_ = 0;  // tokens of auxiliary models
  std::int64_t read_ = 0;     // tokens of all models
  Metrics metrics_;
  Metrics algorithm_metrics_;  // what prepare() records
  const StepBatch* batch_ = nullptr;
  bool midway_ = false;  // it has changed something
  OnInterrupt on_interrupt_ = OnInterrupt::finish;

  const StopRequest* stop_ = nullptr;
};

}  // namespace tinyzero
