#include "core/train/trainer.h"

#include <fmt/format.h>

#include "core/base/cpus.h"
#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/told_error.h"
#include "core/base/workers.h"
#include "core/optimizer/schedule.h"
#include "core/ranks/ranks.h"
#include "core/rollout/episodes.h"
#include "core/train/divided_engine.h"
#include "core/train/evaluate_run.h"
#include "core/train/first_update.h"
#include "core/train/preflight.h"
#include "core/train/recorded_step.h"
#include "core/train/records.h"
#include "core/train/rollout_engine.h"
#include "core/train/warm_start.h"

namespace tinyzero {

Trainer::Trainer(OpenedRun& run, RunFolder& folder, Observer& observer, const StopRequest& stop,
                 PreflightReport preflight)
    : run_(run),
      folder_(folder),
      observer_(observer),
      stop_(stop),
      ranks_(run.ranks != nullptr ? *run.ranks : one_process()),
      sampling_ranks_(run.experiment.rollout.ahead > 0 ? ranks_.aside() : ranks_),
      early_stop_(ranks_.are_many() ? nullptr : &stop),
      settings_(run.experiment),
      engine_(divided_engine(
          rollout_engine(run, [&](const std::string& text) { observer.noted(text); }),
          sampling_ranks_)),
      learner_(run.model, *run.algorithm.algorithm, run.experiment,
               threads_or_cores(settings_.general.threads), run.adapter.get(), run.ranks),
      schedule_(settings_.eval, settings_.train),
      curriculum_(run.experiment.curriculum, run.task),
      preflight_(std::move(preflight)) {
  run.task.divide_judging(sampling_ranks_);
  learner_.stop_at(early_stop_);
}

void Trainer::restore(Checkpoint checkpoint) {
  state_ = checkpoint.state;
  if (!checkpoint.folder.empty()) {
    saved_ = CheckpointStep{state_.phase, state_.step};
    if (ranks_.is_first()) folder_.note_checkpoint();
  }
  if (state_.best_step >= 0 &&
      !fs::exists(folder_.checkpoints() / checkpoint_name(Phase::reinforce, state_.best_step))) {
    state_.best_step = -1;
    state_.best_accuracy = -1;
  }
  seconds_before_ = state_.seconds;
  alarms_ = Alarms(state_.first_step);
  curriculum_.restore(state_.curriculum);
  if (checkpoint.ahead && settings_.rollout.ahead > 0)
    sampled_ = RecordedStep(*checkpoint.ahead).repeat(run_, state_.step + 1);
  learner_.restore(std::move(checkpoint));
  if (state_.phase == Phase::reinforce)
    schedule_.restore(state_.evaluations, state_.step, budget_used());
  engine_->refresh();
  ranks_.together("the start of the run", [&] {  // all have read what there was
    if (ranks_.is_first())
      folder_.rewind(state_.metrics_bytes, state_.phase == Phase::reinforce ? state_.step : 0);
  });
}

void Trainer::stop_if_any_asks() {
  if (ranks_.any("whether to stop", stop_ > 0)) throw Interrupted();
}

double Trainer::seconds() const { return seconds_before_ + process_.seconds(); }

bool Trainer::run() {
  bool done = false;
  try {
    preflight();
    warm_start();
    reinforce();
    done = true;
  } catch (const Interrupted&) {
    ahead_.give_up();
    if (!learner_.is_midway()) save();  // else there is one of before the step
  }
  observer_.finished(!done, folder_.path().string(), seconds());
  return done;
}

// Reports what check_start found and, if RL comes first, what the policy does.
void Trainer::preflight() {
  const bool warm = state_.phase == Phase::warm_start;
  const bool at_start = warm ? settings_.warm_start.steps == 0 : state_.step == 0;
  if (at_start && settings_.train.steps > 0)
    check_policy(*engine_, learner_.workers(), run_, preflight_, early_stop_);
  observer_.preflight(preflight_);
  preflight_.warnings.clear();  // they have been told
}

// After the warm start.
void Trainer::check_start_policy() {
  if (preflight_.samples > 0 || settings_.preflight.problems == 0 || settings_.train.steps == 0)
    return;
  sample_policy(has_learned(), "the start policy",
                [&] { check_policy(*engine_, learner_.workers(), run_, preflight_, early_stop_); });
  preflight_.seconds += seconds();
  observer_.preflight(preflight_);
}

void Trainer::write(const std::function<void()>& work) {
  if (!ranks_.is_first()) return;
  std::string what;
  folder_.check_in_place();
  try {
    return work();
  } catch (const LostRank&) {
    throw;  // nothing is wrong with the folder
  } catch (const fs::filesystem_error& e) {
    what = "cannot write " + e.path1().string() + ": " + system_words(e.code().value());
  } catch (const Error& e) {
    what = e.what();
  }
  folder_.check_in_place();  // a folder that is gone is a better reason
  const auto checkpoints = list_checkpoints(folder_.checkpoints());
  throw Failure(what + (checkpoints.empty() ? "; the run has no checkpoint yet"
                                            : "; the last whole checkpoint is " +
                                                  checkpoints.back().filename().string()),
                "when it can be written to again, continue with: tinyzero train --resume " +
                    shell_word(folder_.path().string()));
}

void Trainer::record(const Json& line) {
  write([&] { folder_.write_metrics(line); });
  observer_.recorded(line);
}

// Imitates the task's demonstrations of training problems.
void Trainer::warm_start() {
  if (state_.phase != Phase::warm_start) return;
  const std::int64_t steps = settings_.warm_start.steps;
  const std::int64_t save_every = settings_.checkpoint.every_warm_start();
  while (state_.step < steps) {
    stop_if_any_asks();
    const double loss = warm_start_step(learner_, run_, state_.step);
    ++state_.step;
    record({{"step", 0},
            {"seconds", seconds()},
            {"warm_start/step", state_.step},
            {"warm_start/loss", loss}});
    observer_.warm_start_step(state_.step, steps, loss, seconds());
    if (save_every > 0 && state_.step % save_every == 0 && state_.step < steps) save();
  }
  begin_reinforce();
}

void Trainer::begin_reinforce() {
  engine_->refresh();
  learner_.begin();
  state_.phase = Phase::reinforce;
  state_.step = 0;
  state_.evaluation_due = true;
}

void Trainer::reinforce() {
  reinforce_first_ = state_.step;
  const std::int64_t save_every = settings_.checkpoint.every;
  for (;;) {
    const bool first = state_.step == 0;
    bool save_due = first || schedule_.ended() || (save_every > 0 && state_.step % save_every == 0);
    if (state_.evaluation_due) {
      stop_if_any_asks();
      evaluate_step();
      save_due = save_due || settings_.eval.points > 0 || state_.best_step == state_.step;
    }
    if (save_due) save();
    if (first) check_start_policy();
    if (schedule_.ended()) return;
    stop_if_any_asks();
    if (state_.step == reinforce_first_) reinforce_ = Stopwatch();
    train_step(state_.step + 1);
    ++state_.step;
    schedule_.stepped(state_.step, budget_used());
    state_.evaluation_due = schedule_.evaluation_due();
  }
}

bool Trainer::has_learned() const {
  return state_.phase == Phase::warm_start || state_.step > 0 || settings_.warm_start.steps > 0;
}

double Trainer::budget_used() const {
  return settings_.train.budget_used(learner_.spent().tokens, learner_.spent().seconds);
}

SampledStep Trainer::sample(std::int64_t step, const StopRequest* stop) {
  return sample_policy(has_learned(), fmt::format("step {}", step), [&] {
    return sample_step(*engine_, run_, curriculum_.stage(), step, stop);
  });
}

void Trainer::train_step(std::int64_t step) {
  const Stopwatch whole;
  if (!sampled_) sampled_ = sample(step, early_stop_);
  const bool is_ahead = settings_.rollout.ahead > 0 && step < settings_.train.steps;
  if (is_ahead) ahead_.begin([&, step](const StopRequest* stop) { return sample(step + 1, stop); });
  const Stopwatch update;
  if (settings_.train.device == "cuda" && !is_ahead) engine_->release_scratch();
  if (state_.first_update.empty() && start_sums_.empty()) start_sums_ = weight_sums(run_.model);
  const bool is_saved = saved_ == CheckpointStep{Phase::reinforce, step - 1};
  const LearnReport learned = learner_.learn(step, sampled_->batch, nullptr,
                                             is_saved ? OnInterrupt::abandon : OnInterrupt::finish);
  const double update_seconds = update.seconds();
  std::optional<SampledStep> next = ahead_.finish();
  const double await_seconds = update.seconds() - update_seconds;
  engine_->refresh();
  note_first_update();
  const SampledStep& sampled = *sampled_;
  const std::int64_t tokens = sampled_tokens(sampled) + learned.trained + learned.read;
  // Budgets and schedules follow the first rank's clock.
  learner_.spend(static_cast<double>(tokens), ranks_.of_first("seconds", whole.seconds()));
  last_step_ =
      step_record({.step = step,
                   .seconds = seconds(),
                   .sampled = sampled,
                   .task = run_.stepped(),
                   .learned = learned,
                   .update_seconds = update_seconds,
                   .spent = learner_.spent(),
                   .traffic = traffic(),
                   .await_seconds = is_ahead ? std::optional(await_seconds) : std::nullopt});
  curriculum_.record(last_step_);
  record(last_step_);
  write([&] { folder_.write_episodes(step, episode_lines(step, sampled, run_.stepped())); });
  tell_step(step);
  sampled_ = std::move(next);
  if (learned.fault) handle_fault(step, learned);
}

void Trainer::note_first_update() {
  if (!state_.first_update.empty()) return;
  const std::vector<double> now = weight_sums(run_.model);
  if (now == start_sums_) return;
  for (std::size_t k = 0; k < now.size(); ++k)
    state_.first_update.push_back(now[k] - start_sums_[k]);
}

std::optional<RankTraffic> Trainer::traffic() {
  if (!ranks_.are_many()) return std::nullopt;
  RankTraffic all = ranks_.traffic();
  if (&sampling_ranks_ != &ranks_) all += sampling_ranks_.traffic();
  return all;
}

// Tells the observer of a step that was recorded, of alarms, and of levels that change by it.
void Trainer::tell_step(std::int64_t step) {
  const std::int64_t steps = settings_.train.expected_steps(step, budget_used());
  const double seconds_each = reinforce_.seconds() / static_cast<double>(step - reinforce_first_);
  observer_.stepped(step, steps, last_step_, seconds_each * static_cast<double>(steps - step));
  const RolloutSettings& rollout = settings_.rollout;
  const bool limit_grows = rollout.tokens_at(step) < rollout.max_tokens;
  // Accuracy of demonstrations, or of coins, says nothing of what the policy learns.
  const bool accuracy_is_its_own = !settings_.train.imitate && settings_.train.random_reward == 0;
  for (const std::string& alarm : alarms_.heard(
           last_step_, {.limit_grows = limit_grows, .judges_learning = accuracy_is_its_own}))
    observer_.warned(alarm);
  if (const std::string fault = run_.stepped().traits_fault(); !fault.empty() && !told_traits_) {
    observer_.warned("traits are no longer counted: " + fault);
    told_traits_ = true;
  }
  for (const std::string& change : curriculum_.observe(sampled_->items, sampled_->completions))
    observer_.noted("curriculum  " + change);
}

// Saves the batch of an update that was skipped; stops the run at one too many.
void Trainer::handle_fault(std::int64_t step, const LearnReport& learned) {
  fs::path path;
  write([&] { path = folder_.write_fault(step, batch_to_json(*learned.fault)); });
  state_.skipped += learned.skipped;
  const std::string count = fmt::format(
      "{} update{} of step {} skipped: a loss or gradient was not finite ({} in this run, "
      "train.max_skipped is {})",
      learned.skipped, learned.skipped == 1 ? "" : "s", step, state_.skipped,
      settings_.train.max_skipped);
  const std::string hint = fmt::format("look at it with: tinyzero algorithm explain {} --batch {}",
                                       settings_.algorithm.use, path.string());
  if (state_.skipped > settings_.train.max_skipped)
    ranks_.together("skipped updates", [&] {
      if (ranks_.is_first()) throw Failure(count, hint + "; the last checkpoint is intact");
    });
  observer_.warned(count + "; " + hint);
}

void Trainer::evaluate_step() {
  const Stopwatch watch;
  const std::int64_t step = state_.step;
  std::vector<ScoredCompletion> completions;
  const EvalReport report = sample_policy(
      has_learned(), fmt::format("evaluation at step {}", step),
      [&] { return evaluate_run(*engine_, run_, run_.held_out, step, &completions, early_stop_); });
  Json line = eval_record(step, seconds(), report);
  if (settings_.eval.points > 0) line["eval/point"] = schedule_.point();
  line["time/eval"] = watch.seconds();
  record(line);
  state_.evaluation_due = false;
  saved_.reset();  // a checkpoint from before the evaluation does not hold it
  if (settings_.checkpoint.keep_best && report.accuracy() > state_.best_accuracy) {
    state_.best_step = step;
    state_.best_accuracy = report.accuracy();
  }
  const ScoredCompletion& shown = completions[static_cast<std::size_t>(step) % completions.size()];
  observer_.evaluated(line, last_step_,
                      {.prompt = run_.held_out.items[shown.item].prompt,
                       .completion = shown.text,
                       .reason = run_.task.reason(shown.verdict)});
}

void Trainer::save() {
  const CheckpointStep place{state_.phase, state_.step};
  if (saved_ == place) return;
  state_.seconds = seconds();
  state_.kept = learner_.kept_numbers();
  state_.spent = learner_.spent();
  state_.gradient_signal = learner_.noise_scale().recent();
  state_.first_step = alarms_.first_steps();
  state_.curriculum = curriculum_.state();
  state_.evaluations = schedule_.state();
  std::optional<RecordedStep> ahead;
  if (settings_.rollout.ahead > 0 && sampled_ && !schedule_.ended()) ahead.emplace(*sampled_);
  const CheckpointContent content{
      .policy = learner_.policy_view(),
      .auxiliary_models = learner_.auxiliary_views(),
      .tokenizer = run_.tokenizer,
      .state = state_,
      .ahead = ahead ? ahead->tensors() : std::map<std::string, TensorInfo>()};
  write([&] {
    state_.metrics_bytes = folder_.metrics_bytes();
    save_checkpoint(folder_.checkpoints(), content, settings_.checkpoint.keep);
    folder_.note_checkpoint();
  });
  if (!ranks_.is_first()) read_along(content);
  saved_ = place;
}

}  // namespace tinyzero
