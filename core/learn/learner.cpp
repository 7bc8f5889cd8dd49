#include "core/learn/learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/kernels/kernels.h"
#include "tinyzero/primitives.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

// `model`: "" for the policy, or the name of an auxiliary model; their randomness is not the same.
OptimizerOptions optimizer_options(const Experiment& e, std::int64_t threads,
                                   const std::string& model) {
  const TrainSettings& s = e.train;
  std::uint64_t seed = e.general.seed;
  for (const char letter : model) seed = stream_key(seed, {static_cast<std::uint64_t>(letter)});
  return {s.beta1,
          s.beta2,
          1e-8,
          s.weight_decay,
          threads,
          moment_type_from_name(s.optimizer_state),
          dtype_from_name(s.weights) == Dtype::bf16,
          seed};
}

std::optional<DevicePlace> place_of(const TrainSettings& s) {
  if (s.device == "cpu") return std::nullopt;
  return DevicePlace{at::kCUDA, kernels().numbers_per_word == 2
                                    ? at::kBFloat16
                                    : at::kFloat};  // as the setting `precision` has it
}

}  // namespace

bool is_policy_without_adapter(const AuxiliaryModel& side, const Experiment& settings) {
  return settings.lora.rank > 0 && settings.warm_start.steps == 0 && side.learning_rate == 0 &&
         !side.value_head;
}

bool has_adapter(const AuxiliaryModel& side, const Experiment& settings) {
  return settings.lora.rank > 0 && settings.lora.auxiliary_models && side.learning_rate > 0;
}

Learner::Learner(Model& policy, Algorithm& algorithm, const Experiment& settings,
                 std::int64_t threads, Adapter* adapter)
    : policy_(policy),
      adapter_(adapter),
      algorithm_(algorithm),
      settings_(settings),
      threads_(threads),
      workers_(policy, threads,
               {.adapter = adapter,
                .recompute = settings.train.recompute,
                .place = place_of(settings.train)}),
      optimizer_(workers_.model(), optimizer_options(settings, threads, "")) {}

// `adapter`: the folder that it continues from; empty: it begins as the policy's.
void Learner::add_side(const AuxiliaryModel& about, std::optional<Model> model,
                       const fs::path& adapter) {
  auto side = std::make_unique<Side>(Side{about, std::move(model), nullptr, nullptr, nullptr, {}});
  if (has_adapter(about, settings_)) {
    side->adapter = std::make_unique<Adapter>(*adapter_, *side->model);
    if (!adapter.empty()) restore_adapter(adapter, *side->model, *side->adapter);
  }
  if (side->model) {
    const WorkerOptions options{.frozen = about.learning_rate == 0,
                                .adapter = side->adapter.get(),
                                .recompute = settings_.train.recompute,
                                .place = place_of(settings_.train)};
    side->workers = std::make_unique<ModelWorkers>(*side->model, threads_, options);
  }
  if (side->workers) side->workers->stop_at(stop_);
  if (about.learning_rate > 0)
    side->optimizer = std::make_unique<Optimizer>(
        side->workers->model(), optimizer_options(settings_, threads_, about.name));
  sides_[about.name] = std::move(side);
}

void Learner::begin() {
  optimizer_.reset();
  for (const AuxiliaryModel& about : algorithm_.models())
    add_side(about, is_policy_without_adapter(about, settings_)
                        ? std::nullopt
                        : std::optional(auxiliary_model_of(policy_, about.value_head)));
}

Learner::Side& Learner::side(const std::string& name) {
  const auto found = sides_.find(name);
  if (found == sides_.end())
    throw Failure("the algorithm asks for a model \"" + name +
                  "\" that its models() does not name");
  return *found->second;
}

double Learner::temperature_of(const AuxiliaryModel& about) const {
  return about.at_temperature_1 ? 1.0 : settings_.rollout.temperature;
}

UpdateOptions Learner::update_options(double learning_rate, double clip_norm) {
  const TrainSettings& t = settings_.train;
  UpdateOptions options{t.updates,
                        t.epochs,
                        t.micro_batch,
                        learning_rate,
                        clip_norm,
                        settings_.rollout.temperature,
                        update_rule_from_name(t.optimizer)};
  options.before_step = [this] { begin_change(); };
  return options;
}

void Learner::stop_at(const StopWish* wish) {
  stop_ = wish;
  set_stops(wish);
}

void Learner::set_stops(const StopWish* wish) {
  workers_.stop_at(wish);
  for (auto& [name, side] : sides_) {
    if (side->workers) side->workers->stop_at(wish);
  }
}

// Weights, moments or an auxiliary model of the step in work are about to change.
void Learner::begin_change() {
  midway_ = true;
  if (when_midway_ == Midway::finish) set_stops(nullptr);
}

LearnReport Learner::learn(std::int64_t step, StepBatch& batch, BatchFile* seen, Midway midway) {
  midway_ = false;
  when_midway_ = midway;
  kept_before_ = kept_;
  try {
    LearnReport report = learn_step(step, batch, seen);
    midway_ = false;
    set_stops(stop_);
    return report;
  } catch (const Interrupted&) {
    if (!midway_) kept_ = kept_before_;
    throw;
  }
}

LearnReport Learner::learn_step(std::int64_t step, StepBatch& step_batch, BatchFile* seen) {
  LearnReport report;
  const TrainSettings& t = settings_.train;
  report.learning_rate = learning_rate(step);
  if (step_batch.sequences.empty()) return report;
  Batch& batch = step_batch.batch;
  step_ = step;
  batch_ = &step_batch;
  metrics_ = {};
  skipped_auxiliary_ = trained_ = read_ = 0;
  for (auto& [name, side] : sides_) side->last = at::Tensor();

  at::Tensor importance;  // (N)
  if (t.importance_cap > 0) correct_for_sampler(batch, importance);
  algorithm_.prepare(batch, *this);
  if (importance.defined()) batch.advantage = batch.advantage * importance;

  if (seen != nullptr) *seen = snapshot(batch);
  UpdateOptions options = update_options(report.learning_rate, t.clip_norm);
  options.measure_gap = t.importance_cap == 0;
  options.on_skip = [&](const std::vector<std::int64_t>& episodes) {
    if (report.fault) return;
    report.fault = snapshot(batch);
    report.fault->update = episodes;
  };
  const UpdateReport update =
      update_policy(workers_, optimizer_, algorithm_, batch, step_batch.sequences, options);
  metrics_.add(update.metrics);
  report.metrics = metrics_;
  report.skipped = update.skipped + skipped_auxiliary_;
  report.trained = update.tokens + trained_;
  report.read = read_;
  if (report.skipped > 0 && !report.fault) report.fault = snapshot(batch);
  const auto gap = metrics_.values().find("logp_gap");
  if (gap != metrics_.values().end() && t.max_logp_gap > 0 &&
      gap->second.value() > t.max_logp_gap) {
    throw Failure(
        fmt::format("the trainer's log-probs are {:.3g} nats from the sampler's in the mean, "
                    "train.max_logp_gap is {:.3g}: the two compute different models",
                    gap->second.value(), t.max_logp_gap),
        "the last checkpoint is intact; if the gap is meant to be, raise the limit and set "
        "train.importance_cap: 2");
  }
  return report;
}

double Learner::learning_rate(std::int64_t step) const {
  const TrainSettings& t = settings_.train;
  if (!t.has_budget() || step <= t.warmup)
    return t.learning_rate * schedule_factor(t.schedule, step - 1, t.steps, t.warmup);
  return t.learning_rate *
         decay_factor(t.schedule, std::min(1.0, t.budget_used(spent_.tokens, spent_.seconds)));
}

void Learner::spend(double tokens, double seconds) {
  spent_.tokens += tokens;
  spent_.seconds += seconds;
}

// A pass over the step's completions that is charged.
ModelOutput Learner::read(ModelWorkers& workers, double temperature) {
  read_ += batch_->batch.tokens();
  return evaluate_model(workers, batch_->sequences, settings_.train.micro_batch, temperature);
}

ModelOutput Learner::read_without_adapter(double temperature) {
  adapter_->unmerge(policy_);
  try {
    ModelOutput out = read(workers_, temperature);
    workers_.model().changed(threads_);
    return out;
  } catch (const Interrupted&) {
    workers_.model().changed(threads_);  // merged again, as it was
    throw;
  }
}

// The trainer's own log-probs stand in for the sampler's; `importance` weighs tokens for the
// difference.
void Learner::correct_for_sampler(Batch& batch, at::Tensor& importance) {
  const at::Tensor logp = read(workers_, settings_.rollout.temperature).logp;
  importance = truncated_importance(logp, batch.logp_old, settings_.train.importance_cap);
  const double count = batch.mask.sum().item<double>();
  metrics_.add("logp_gap", masked_sum((logp - batch.logp_old).abs(), batch.mask), count);
  metrics_.add("importance", masked_sum(importance, batch.mask), count);
  batch.logp_old = logp;
}

BatchFile Learner::snapshot(const Batch& batch) {
  BatchFile file;
  file.step = step_;
  file.batch = batch;
  const ModelOutput now = evaluate_model(workers_, batch_->sequences, settings_.train.micro_batch,
                                         settings_.rollout.temperature);
  file.logp = now.logp;
  file.entropy = now.entropy;
  for (const auto& [name, side] : sides_) {
    if (side->last.defined()) file.outputs[name] = side->last;
  }
  file.kept = kept_before_;
  return file;
}

at::Tensor Learner::outputs(const std::string& model, const Batch& batch) {
  Side& s = side(model);
  if (batch.tokens() != batch_->batch.tokens())
    throw Failure("outputs() was asked for a part of a step", "call it from prepare()");
  const ModelOutput out = s.model ? read(*s.workers, temperature_of(s.about))
                                  : read_without_adapter(temperature_of(s.about));
  s.last = s.about.value_head ? out.value : out.logp;  // (N)
  return s.last;
}

void Learner::train(const std::string& model, const Batch& batch, const SideLoss& loss) {
  Side& s = side(model);
  if (!s.optimizer)
    throw Failure("the algorithm trains its model \"" + model + "\", whose learning rate is 0");
  UpdateOptions options = update_options(s.about.learning_rate, s.about.clip_norm);
  options.temperature = temperature_of(s.about);
  if (s.about.epochs > 0) options.epochs = s.about.epochs;
  const auto micro_loss = [&](std::int64_t, const Batch& micro, const ModelOutput& out,
                              Metrics& metrics) {
    return loss(micro, s.about.value_head ? out.value : out.logp, metrics);
  };
  const UpdateReport report = update_model(*s.workers, *s.optimizer, micro_loss, batch,
                                           batch_->sequences, batch.usable, options);
  skipped_auxiliary_ += report.skipped;
  trained_ += report.tokens;
  for (const auto& [name, mean] : report.metrics.values()) {
    const bool common = name == "loss" || name == "gradient_norm";
    metrics_.add(common ? model + "_" + name : name, mean.sum, mean.count);
  }
}

void Learner::copy_policy(const std::string& model) {
  Side& s = side(model);
  begin_change();
  Model copy = auxiliary_model_of(policy_, s.about.value_head);
  if (!s.model) return add_side(AuxiliaryModel(s.about), std::move(copy));
  std::memcpy(s.model->weights.data(), copy.weights.data(),
              static_cast<std::size_t>(copy.weights.size()) * sizeof(float));
  if (s.adapter) s.adapter->begin_as(*adapter_);
}

ModelView Learner::policy_view() const {
  return {&policy_, optimizer_.steps(), optimizer_.moments().tensors(), adapter_,
          dtype_from_name(settings_.train.weights)};
}

std::map<std::string, ModelView> Learner::side_views() const {
  std::map<std::string, ModelView> views;
  for (const auto& [name, side] : sides_) {
    if (!side->model) continue;
    const Optimizer* o = side->optimizer.get();
    views[name] = {.model = &*side->model, .dtype = dtype_from_name(settings_.train.weights)};
    views[name].adapter = side->adapter.get();
    if (o == nullptr) continue;
    views[name].steps = o->steps();
    views[name].moments = o->moments().tensors();
  }
  return views;
}

std::vector<std::string> Learner::restore(Checkpoint checkpoint, bool begin_missing) {
  std::vector<std::string> begun;
  if (checkpoint.policy.moments)
    optimizer_.restore(checkpoint.policy.steps, *checkpoint.policy.moments);
  else optimizer_.reset();
  kept_ = checkpoint.state.kept;
  spent_ = checkpoint.state.spent;
  if (checkpoint.state.phase != Phase::reinforce) return begun;
  for (const AuxiliaryModel& about : algorithm_.models()) {
    const auto found = checkpoint.auxiliary_models.find(about.name);
    if (found == checkpoint.auxiliary_models.end() && is_policy_without_adapter(about, settings_)) {
      add_side(about, std::nullopt);
      continue;
    }
    const fs::path saved = checkpoint.folder / "trainer" / about.name;
    const bool adapted = has_adapter(about, settings_);
    const bool fits = fs::exists(saved / "adapter") == adapted &&
                      found != checkpoint.auxiliary_models.end() &&
                      found->second.model.config.value_head == about.value_head &&
                      (found->second.optimizer.moments != nullptr) == (about.learning_rate > 0);
    if (!fits && !begin_missing)
      throw Error(checkpoint.folder.string() + " has no model \"" + about.name +
                      "\" as the algorithm needs it",
                  "go on with the algorithm and settings that the run began with");
    add_side(about,
             fits ? std::move(found->second.model) : auxiliary_model_of(policy_, about.value_head),
             fits && adapted ? saved : fs::path());
    if (!fits) begun.push_back(about.name);
    else if (about.learning_rate > 0) {
      const OptimizerState& o = found->second.optimizer;
      side(about.name).optimizer->restore(o.steps, *o.moments);
    }
  }
  return begun;
}

}  // namespace tinyzero
