#include "core/train/probe.h"
#include "core/base/random_streams.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "core/base/cpus.h"
#include "core/base/memory.h"
#include "core/eval/evaluate.h"
#include "core/learn/learner.h"
#include "core/learn/update.h"
#include "core/rollout/cpu/engine.h"
#include "core/train/rollout_engine.h"
#include "core/train/step_sampler.h"

namespace tinyzero {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kProbedProblems = 64;  // of an evaluation
constexpr double kLearnPasses =
    3;  // forward, and twice that backward: a pass that learns, in passes that read

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A step's completions, every other of them right: so all problems teach, and the update is as long
// as one can be.
StepBatch teaching_batch(Engine& engine, const OpenedRun& parts, RunProbe& probe) {
  const Experiment& e = parts.experiment;
  const std::uint64_t seed = e.general.seed;
  const auto items = draw_step(parts.task, /*stage=*/nullptr, seed, 1, e.rollout.prompts);
  const auto prompts = make_prompts(parts.tokenizer, parts.framing, items, e.rollout.samples);
  const auto start = Clock::now();
  auto completions = score_episodes(
      parts.tokenizer, parts.task, items,
      engine.generate(prompts, {e.rollout.max_tokens, e.rollout.temperature, parts.model.config.eos,
                                seed, RandomStream::rollout, 1}));
  probe.rollout = since(start);
  for (std::size_t i = 0; i < completions.size(); ++i) {
    probe.tokens += completions[i].episode.tokens.size();
    completions[i].right = i % 2 == 0;
    completions[i].verdict.outcome = Outcome::scored;
    completions[i].verdict.reward =
        completions[i].right ? parts.task.about().reward_full : parts.task.about().reward_min;
  }
  return make_batch(prompts, completions, e.rollout.max_tokens);
}

double probe_warm_start(Learner& learner, const OpenedRun& parts) {
  const Experiment& e = parts.experiment;
  if (e.warm_start.steps == 0) return 0;
  const UpdateOptions options{1,
                              1,
                              e.train.micro_batch,
                              e.warm_start.learning_rate,
                              e.train.clip_norm,
                              1.0,
                              update_rule_from_name(e.warm_start.optimizer)};
  imitate(learner.workers(), learner.optimizer(), demonstrations(parts, 0),
          options);  // the first pays for fresh memory
  const auto start = Clock::now();
  imitate(learner.workers(), learner.optimizer(), demonstrations(parts, 1), options);
  return since(start);
}

double probe_evaluation(Engine& engine, const OpenedRun& parts) {
  const Experiment& e = parts.experiment;
  EvalSet few = parts.held_out;
  few.items.resize(std::min(few.items.size(), kProbedProblems));
  const auto start = Clock::now();
  evaluate(engine, parts.tokenizer, parts.model.config.eos, parts.framing, parts.task, few,
           {e.eval.samples, e.eval.temperature, e.rollout.max_tokens,
            static_cast<std::uint64_t>(e.general.seed), 0, true});
  return since(start) * static_cast<double>(parts.held_out.items.size()) /
         static_cast<double>(few.items.size());
}

}  // namespace

namespace {

// The largest number where there is no larger one.
std::int64_t product(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_mul_overflow(a, b, &out) ? std::numeric_limits<std::int64_t>::max() : out;
}

}  // namespace

RunArithmetic arithmetic_of(const RunShape& run, std::int64_t steps) {
  const Experiment& e = run.experiment;
  RunArithmetic a;
  a.demonstrations = e.warm_start.steps * e.warm_start.batch;
  a.completions = run.completions();
  a.rounds = run.rounds;
  a.updates = e.train.updates * e.train.epochs;
  a.update_completions = a.completions / e.train.updates;
  a.step_tokens = product(a.completions * a.rounds, e.rollout.max_tokens);
  a.run_tokens = product(a.step_tokens, steps);
  a.evaluations = 1;
  if (steps > 0) a.evaluations += e.eval.every > 0 ? (steps + e.eval.every - 1) / e.eval.every : 1;
  a.evaluation_completions = run.held_out * (e.eval.samples + 1);
  return a;
}

std::int64_t RunProbe::steps(const TrainSettings& t) const {
  if (!t.has_budget()) return t.steps;
  const double of_budget = t.budget_tokens > 0 ? t.budget_tokens / std::max(1.0, tokens)
                                               : t.budget_seconds / (rollout + update);
  return std::min(t.steps, static_cast<std::int64_t>(std::ceil(of_budget)));
}

double RunProbe::rl_seconds(const Experiment& e, const RunArithmetic& a) const {
  return static_cast<double>(steps(e.train)) * (rollout + update) +
         static_cast<double>(a.evaluations) * evaluation;
}

double RunProbe::seconds(const Experiment& e, const RunArithmetic& a) const {
  return static_cast<double>(e.warm_start.steps) * warm_start + rl_seconds(e, a);
}

RunProbe probe_run(OpenedRun& parts) {
  const Experiment& e = parts.experiment;
  RunProbe probe;
  const auto engine = rollout_engine(parts, [](const std::string&) {});
  Learner learner(parts.model, *parts.algorithm.algorithm, e, threads_or_cores(e.general.threads),
                  parts.adapter.get());
  probe.warm_start = probe_warm_start(learner, parts);
  engine->refresh();
  learner.begin();
  if (e.train.steps > 0) {
    StepBatch batch = teaching_batch(*engine, parts, probe);
    const auto start = Clock::now();
    const LearnReport learned = learner.learn(1, batch);
    engine->refresh();
    probe.update = since(start);
    probe.tokens += learned.trained + learned.read;
  }
  probe.evaluation = probe_evaluation(*engine, parts);
  probe.peak_bytes = peak_memory();
  return probe;
}

RunProbe probe_sample(ModelWorkers& workers, const OpenedRun& parts, const StepBatch& sampled,
                      double seconds) {
  const Experiment& e = parts.experiment;
  const auto start = Clock::now();
  evaluate_model(workers, sampled.sequences, e.train.micro_batch, e.rollout.temperature);
  const double read = since(start);
  double trained = static_cast<double>(e.train.epochs),
         asked = e.train.importance_cap > 0 ? 1 : 0;  // passes over a step's completions
  for (const AuxiliaryModel& side : parts.algorithm.algorithm->auxiliary_models()) {
    asked += 1;
    if (side.learning_rate > 0) trained += side.epochs > 0 ? side.epochs : e.train.epochs;
  }
  const double completions = sampled.sequences.size();
  const double share = static_cast<double>(e.rollout.prompts * e.rollout.samples) /
                       completions;  // of a step, to what was sampled
  RunProbe probe;
  probe.rollout = share * seconds;
  probe.update = share * read * (kLearnPasses * trained + asked);
  probe.tokens = share * static_cast<double>(sampled.batch.tokens()) * (1 + trained + asked);
  probe.evaluation = seconds / completions * static_cast<double>(parts.held_out.items.size()) *
                     static_cast<double>(e.eval.samples + 1);
  probe.peak_bytes = peak_memory();
  return probe;
}

}  // namespace tinyzero
