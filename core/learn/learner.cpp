#include "core/learn/learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/algorithm/called.h"
#include "core/base/error.h"
#include "core/kernels/kernels.h"
#include "core/optimizer/schedule.h"
#include "tinyzero/primitives/losses.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

// `model`: "" for the policy, or the name of an auxiliary model. Each has randomness of its own.
OptimizerOptions optimizer_options(const Experiment& e, std::int64_t threads, Ranks* ranks,
                                   const std::string& model) {
  const TrainSettings& s = e.train;
  std::uint64_t seed = e.general.seed;
  for (const char letter : model) seed = stream_key(seed, {static_cast<std::uint64_t>(letter)});
  return {.beta1 = s.beta1,
          .beta2 = s.beta2,
          .eps = 1e-8,
          .weight_decay = s.weight_decay,
          .threads = threads,
          .state = moment_type_from_name(s.optimizer_state),
          .bf16_weights = dtype_from_name(s.weights) == Dtype::bf16,
          .seed = seed,
          .ranks = ranks};
}

// On a device, products use the number type of the setting `precision`.
WorkerOptions worker_options(const TrainSettings& s, Adapter* adapter, Ranks* ranks) {
  WorkerOptions options{
      .shards = s.shards, .adapter = adapter, .recompute = s.recompute, .ranks = ranks};
  const bool bf16 = kernels().numbers_per_word == 2;
  if (s.device != "cpu")
    options.device =
        DeviceOptions{.device = at::kCUDA, .products = bf16 ? at::kBFloat16 : at::kFloat};
  return options;
}

// What an auxiliary model says, (N): values, or log-probs.
const at::Tensor& numbers_of(const ModelOutput& out, const AuxiliaryModel& spec) {
  return spec.value_head ? out.value : out.logp;
}

}  // namespace

bool is_policy_without_adapter(const AuxiliaryModel& model, const Experiment& settings) {
  return settings.lora.rank > 0 && settings.warm_start.steps == 0 && model.learning_rate == 0 &&
         !model.value_head;
}

bool has_adapter(const AuxiliaryModel& model, const Experiment& settings) {
  return settings.lora.rank > 0 && settings.lora.auxiliary_models && model.learning_rate > 0;
}

Learner::Learner(Model& policy, Algorithm& algorithm, const Experiment& settings,
                 std::int64_t threads, Adapter* adapter, Ranks* ranks)
    : policy_(policy),
      adapter_(adapter),
      algorithm_(algorithm),
      settings_(settings),
      threads_(threads),
      ranks_(ranks),
      workers_(policy, threads, worker_options(settings.train, adapter, ranks)),
      optimizer_(workers_.weights(), optimizer_options(settings, threads, ranks, "")) {}

// `adapter`: the folder that its adapter is read from; empty: it begins as the policy's.
void Learner::add_auxiliary(const AuxiliaryModel& spec, std::optional<Model> model,
                            const fs::path& adapter) {
  auto out = std::make_unique<Auxiliary>(Auxiliary{.spec = spec, .model = std::move(model)});
  if (has_adapter(spec, settings_)) {
    out->adapter = std::make_unique<Adapter>(*adapter_, *out->model);
    if (!adapter.empty()) restore_adapter(adapter, *out->model, *out->adapter);
  }
  if (out->model) {
    WorkerOptions options = worker_options(settings_.train, out->adapter.get(), ranks_);
    options.frozen = spec.learning_rate == 0;
    out->workers = std::make_unique<ModelWorkers>(*out->model, threads_, options);
    out->workers->stop_at(stop_);
  }
  if (spec.learning_rate > 0)
    out->optimizer = std::make_unique<Optimizer>(
        out->workers->weights(), optimizer_options(settings_, threads_, ranks_, spec.name));
  auxiliaries_[spec.name] = std::move(out);
}

void Learner::begin() {
  optimizer_.reset();
  for (const AuxiliaryModel& spec : algorithm_.auxiliary_models())
    add_auxiliary(spec, is_policy_without_adapter(spec, settings_)
                            ? std::nullopt
                            : std::optional(auxiliary_model_of(policy_, spec.value_head)));
}

Learner::Auxiliary& Learner::auxiliary(const std::string& name) {
  const auto found = auxiliaries_.find(name);
  if (found == auxiliaries_.end())
    throw Failure("the algorithm asks for a model \"" + name +
                  "\" that its auxiliary_models() does not name");
  return *found->second;
}

double Learner::temperature_of(const AuxiliaryModel& spec) const {
  return spec.at_temperature_1 ? 1.0 : settings_.rollout.temperature;
}

UpdateOptions Learner::update_options(double learning_rate, double clip_norm) {
  const TrainSettings& t = settings_.train;
  return {.updates = t.updates,
          .epochs = t.epochs,
          .micro_batch = t.micro_batch,
          .learning_rate = learning_rate,
          .clip_norm = clip_norm,
          .temperature = settings_.rollout.temperature,
          .rule = update_rule_from_name(t.optimizer),
          .before_step = [this] { begin_change(); }};
}

void Learner::stop_at(const StopRequest* wish) {
  stop_ = wish;
  set_stops(wish);
}

void Learner::set_stops(const StopRequest* wish) {
  workers_.stop_at(wish);
  for (auto& [name, auxiliary] : auxiliaries_) {
    if (auxiliary->workers) auxiliary->workers->stop_at(wish);
  }
}

// Weights, moments or an auxiliary model are about to change.
void Learner::begin_change() {
  midway_ = true;
  if (on_interrupt_ == OnInterrupt::finish) set_stops(nullptr);
}

LearnReport Learner::learn(std::int64_t step, StepBatch& batch, BatchFile* seen,
                           OnInterrupt midway) {
  midway_ = false;
  on_interrupt_ = midway;
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

LearnReport Learner::learn_step(std::int64_t step, StepBatch& batch, BatchFile* seen) {
  LearnReport report;
  report.learning_rate = learning_rate(step);
  if (batch.sequences.empty()) return report;
  step_ = step;
  batch_ = &batch;
  metrics_ = algorithm_metrics_ = {};
  skipped_ = trained_ = read_ = 0;
  for (auto& [name, auxiliary] : auxiliaries_) auxiliary->last = at::Tensor();

  if (settings_.train.mask_truncated) mask_truncated(batch.batch);
  prepare(batch);
  if (seen != nullptr) *seen = snapshot(batch.batch);
  const UpdateReport policy = update(batch, report);

  metrics_.add(policy.metrics);
  add_signal(policy.signal, static_cast<double>(batch.batch.episodes()), report);
  report.metrics = metrics_;
  report.skipped = policy.skipped + skipped_;
  report.trained = policy.tokens + trained_;
  report.read = read_;
  if (report.skipped > 0 && !report.fault) report.fault = snapshot(batch.batch);
  check_gap();
  return report;
}

// The algorithm's advantages, weighted by token for the difference between sampler and trainer if
// train.importance_cap says so.
void Learner::prepare(StepBatch& step) {
  at::Tensor importance;  // (N)
  if (settings_.train.importance_cap > 0) importance = correct_for_sampler(step.batch);
  call_algorithm("prepare", [&] { algorithm_.prepare(step.batch, *this); });
  check_own_metrics(algorithm_metrics_);
  metrics_.add(algorithm_metrics_);
  if (importance.defined()) step.batch.advantage = step.batch.advantage * importance;
}

UpdateReport Learner::update(const StepBatch& step, LearnReport& report) {
  UpdateOptions options = update_options(report.learning_rate, settings_.train.clip_norm);
  options.measure_gap = settings_.train.importance_cap == 0;
  options.measure_signal = true;
  options.on_skip = [&](const std::vector<std::int64_t>& episodes) {
    if (report.fault) return;
    report.fault = snapshot(step.batch);
    report.fault->update = episodes;
  };
  return update_policy(workers_, optimizer_, algorithm_, step, options);
}

void Learner::add_signal(const GradientSignal& signal, double episodes, LearnReport& report) {
  if (signal.total <= 0) return;
  noise_scale_.add(signal);
  const double updates = static_cast<double>(settings_.train.updates);
  const double scale = noise_scale_.completions(episodes / updates);
  if (std::isfinite(scale)) report.noise_scale = scale;
}

void Learner::check_gap() const {
  const double limit = settings_.train.max_logp_gap;
  const auto gap = metrics_.values().find("logp_gap");
  if (gap == metrics_.values().end() || limit <= 0 || gap->second.value() <= limit) return;
  const std::string distance = fmt::format(
      "the trainer's log-probs are {:.3g} nats from the sampler's in the mean, "
      "train.max_logp_gap is {:.3g}: ",
      gap->second.value(), limit);
  if (settings_.rollout.ahead > 0)
    throw Failure(distance +
                      "an update moves the policy too far for samples of the weights before "
                      "it",
                  "the last checkpoint is intact; take a smaller train.learning_rate, leave out "
                  "rollout.ahead, or raise the limit");
  throw Failure(distance + "the two compute different models",
                "the last checkpoint is intact; if the gap is meant to be, raise the limit and set "
                "train.importance_cap: 2");
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

// A pass over the step's completions, which is counted in read_.
ModelOutput Learner::read(ModelWorkers& workers, double temperature) {
  read_ += batch_->batch.tokens();
  return evaluate_model(workers, batch_->sequences, settings_.train.micro_batch, temperature);
}

ModelOutput Learner::read_without_adapter(double temperature) {
  adapter_->unmerge(policy_);
  try {
    ModelOutput out = read(workers_, temperature);
    workers_.weights().merge_adapter(threads_);
    return out;
  } catch (const Interrupted&) {
    workers_.weights().merge_adapter(threads_);  // merged again, as it was
    throw;
  }
}

ImportanceOptions Learner::importance_options() const {
  const TrainSettings& t = settings_.train;
  return {.cap = t.importance_cap,
          .floor = t.importance_floor,
          .mask = t.importance == "mask",
          .sequence = t.importance_level == "sequence"};
}

// Replaces the sampler's log-probs by the trainer's. Returns the weights of tokens that correct for
// the difference: (N).
at::Tensor Learner::correct_for_sampler(Batch& batch) {
  const at::Tensor logp = read(workers_, settings_.rollout.temperature).logp;           // (N)
  const at::Tensor importance = importance_weights(logp, batch, importance_options());  // (N)
  const double count = batch.mask.sum().item<double>();
  metrics_.add("logp_gap", masked_sum((logp - batch.logp_old).abs(), batch.mask), count);
  metrics_.add("importance", masked_sum(importance, batch.mask), count);
  batch.logp_old = logp;
  return importance;
}

BatchFile Learner::snapshot(const Batch& batch) {
  BatchFile file;
  file.step = step_;
  file.batch = batch;
  const ModelOutput now = evaluate_model(workers_, batch_->sequences, settings_.train.micro_batch,
                                         settings_.rollout.temperature);
  file.logp = now.logp;
  file.entropy = now.entropy;
  for (const auto& [name, auxiliary] : auxiliaries_) {
    if (auxiliary->last.defined()) file.outputs[name] = auxiliary->last;
  }
  file.kept = kept_before_;
  return file;
}

at::Tensor Learner::outputs(const std::string& model, const Batch& batch) {
  Auxiliary& a = auxiliary(model);
  if (batch.tokens() != batch_->batch.tokens())
    throw Failure("outputs() was asked for a part of a step", "call it from prepare()");
  const double temperature = temperature_of(a.spec);
  const ModelOutput out =
      a.model ? read(*a.workers, temperature) : read_without_adapter(temperature);
  a.last = numbers_of(out, a.spec);  // (N)
  return a.last;
}

void Learner::train(const std::string& model, const Batch& batch, const AuxiliaryLoss& loss) {
  Auxiliary& a = auxiliary(model);
  if (!a.optimizer)
    throw Failure("the algorithm trains its model \"" + model + "\", whose learning rate is 0");
  UpdateOptions options = update_options(a.spec.learning_rate, a.spec.clip_norm);
  options.temperature = temperature_of(a.spec);
  if (a.spec.epochs > 0) options.epochs = a.spec.epochs;
  const auto micro_loss = [&](std::int64_t, const Batch& micro, const ModelOutput& out,
                              Metrics& metrics) {
    const at::Tensor value = call_algorithm(
        "the loss of a model", [&] { return loss(micro, numbers_of(out, a.spec), metrics); });
    check_own_metrics(metrics);
    return value;
  };
  const UpdateReport report = update_model(*a.workers, *a.optimizer, micro_loss,
                                           {batch, batch_->sequences, batch.usable}, options);
  skipped_ += report.skipped;
  trained_ += report.tokens;
  for (const auto& [name, mean] : report.metrics.values()) {
    const bool common = name == "loss" || name == "gradient_norm";
    metrics_.add(common ? model + "_" + name : name, mean.sum, mean.count);
  }
}

void Learner::copy_policy(const std::string& model) {
  Auxiliary& a = auxiliary(model);
  begin_change();
  Model copy = auxiliary_model_of(policy_, a.spec.value_head);
  if (!a.model) return add_auxiliary(AuxiliaryModel(a.spec), std::move(copy));
  std::copy_n(copy.weights.data(), copy.weights.size(), a.model->weights.data());
  if (a.adapter) a.adapter->begin_as(*adapter_);
}

ModelView Learner::view_of(const Model& model, const Adapter* adapter, Optimizer* optimizer) {
  ModelView view{
      .model = &model, .adapter = adapter, .dtype = dtype_from_name(settings_.train.weights)};
  if (optimizer == nullptr) return view;
  view.steps = optimizer->steps();
  view.moments = optimizer->moments().tensors();
  view.read_moments = [=](const std::string& name,
                          const std::function<void(std::string_view)>& take) {
    optimizer->read_moments(name, take);
  };
  return view;
}

ModelView Learner::policy_view() { return view_of(policy_, adapter_, &optimizer_); }

std::map<std::string, ModelView> Learner::auxiliary_views() {
  std::map<std::string, ModelView> views;
  for (const auto& [name, auxiliary] : auxiliaries_) {
    if (!auxiliary->model) continue;
    views[name] = view_of(*auxiliary->model, auxiliary->adapter.get(), auxiliary->optimizer.get());
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
  noise_scale_ = NoiseScale(checkpoint.state.gradient_signal);
  if (checkpoint.state.phase != Phase::reinforce) return begun;
  for (const AuxiliaryModel& spec : algorithm_.auxiliary_models())
    restore_auxiliary(spec, checkpoint, begin_missing, begun);
  return begun;
}

// Adds the model's name to `begun` if it is a copy of the policy.
void Learner::restore_auxiliary(const AuxiliaryModel& spec, Checkpoint& checkpoint,
                                bool begin_missing, std::vector<std::string>& begun) {
  const auto found = checkpoint.auxiliary_models.find(spec.name);
  const bool has = found != checkpoint.auxiliary_models.end();
  if (!has && is_policy_without_adapter(spec, settings_)) return add_auxiliary(spec, std::nullopt);
  const fs::path saved = checkpoint.folder / "trainer" / spec.name;
  const bool adapted = has_adapter(spec, settings_);
  const bool fits = fs::exists(saved / "adapter") == adapted && has &&
                    found->second.model.config.value_head == spec.value_head &&
                    (found->second.optimizer.moments != nullptr) == (spec.learning_rate > 0);
  if (!fits && !begin_missing)
    throw Error(checkpoint.folder.string() + " has no model \"" + spec.name +
                    "\" as the algorithm needs it",
                "continue with the algorithm and settings that the run began with");
  if (!fits) {
    add_auxiliary(spec, auxiliary_model_of(policy_, spec.value_head));
    begun.push_back(spec.name);
    return;
  }
  add_auxiliary(spec, std::move(found->second.model), adapted ? saved : fs::path());
  if (spec.learning_rate == 0) return;
  const OptimizerState& state = found->second.optimizer;
  auxiliary(spec.name).optimizer->restore(state.steps, *state.moments);
}

}  // namespace tinyzero
