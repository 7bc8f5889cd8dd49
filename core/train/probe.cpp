#include "core/train/probe.h"

#include <algorithm>
#include <limits>

#include "core/base/clock.h"
#include "core/base/cpus.h"
#include "core/base/memory.h"
#include "core/base/random_streams.h"
#include "core/forecast/passes.h"
#include "core/learn/learner.h"
#include "core/learn/update.h"
#include "core/rollout/episodes.h"
#include "core/train/evaluate_run.h"
#include "core/train/rollout_engine.h"
#include "core/train/step_sampler.h"
#include "core/train/warm_start.h"

namespace tinyzero {
namespace {

constexpr std::size_t kProbedProblems = 64;  // of an evaluation
// A pass that learns, in passes that read: one forward, and backward twice that.
constexpr double kLearnPasses = 3;

// A product, or the largest number where it is larger.
std::int64_t product(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_mul_overflow(a, b, &out) ? std::numeric_limits<std::int64_t>::max() : out;
}

// Samples a step, and takes every other completion as right: so all problems teach, and the update
// takes as long as one can.
StepBatch teaching_batch(Engine& engine, const OpenedRun& run, RunProbe& probe) {
  const Experiment& e = run.experiment;
  const std::uint64_t seed = e.general.seed;
  const auto items = draw_step(run.task, /*stage=*/nullptr, seed, 1, e.rollout.prompts);
  const auto prompts = make_prompts(run.tokenizer, run.framing, items, e.rollout.samples);
  const Stopwatch watch;
  auto episodes = engine.generate(prompts, {.max_tokens = e.rollout.max_tokens,
                                            .temperature = e.rollout.temperature,
                                            .eos = run.model.config.eos,
                                            .seed = seed,
                                            .stream = RandomStream::rollout,
                                            .step = 1});
  auto completions = score_episodes(run.tokenizer, run.task, items, std::move(episodes));
  probe.rollout = watch.seconds();
  const TaskAbout& about = run.task.about();
  for (std::size_t i = 0; i < completions.size(); ++i) {
    ScoredCompletion& completion = completions[i];
    probe.sampled += completion.episode.tokens.size();
    completion.right = i % 2 == 0;
    completion.verdict.outcome = Outcome::scored;
    completion.verdict.reward = completion.right ? about.reward_full : about.reward_full - 1;
  }
  return make_batch(prompts, completions, e.rollout.max_tokens);
}

double probe_warm_start(Learner& learner, const OpenedRun& run) {
  if (run.experiment.warm_start.steps == 0) return 0;
  warm_start_step(learner, run, 0);  // pays for fresh memory
  const Stopwatch watch;
  warm_start_step(learner, run, 1);
  return watch.seconds();
}

double probe_evaluation(Engine& engine, const OpenedRun& run) {
  EvalSet few = run.held_out;
  few.items.resize(std::min(few.items.size(), kProbedProblems));
  const Stopwatch watch;
  evaluate_run(engine, run, few, 0);
  const double all = run.held_out.items.size();
  return watch.seconds() * all / static_cast<double>(few.items.size());
}

// On one device the two take as long side by side as in turns.
bool samples_beside_learning(const Experiment& e) {
  return e.rollout.ahead > 0 && e.rollout.device != e.train.device;
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
  if (steps > 0) {
    a.evaluations += e.eval.points > 0  ? std::min(e.eval.points, steps)
                     : e.eval.every > 0 ? (steps + e.eval.every - 1) / e.eval.every
                                        : 1;
  }
  a.evaluation_completions = run.held_out * (e.eval.samples + 1);
  return a;
}

std::int64_t RunProbe::steps(const TrainSettings& settings) const {
  return settings.planned_steps({.tokens = tokens, .seconds = step()});
}

double RunProbe::rl_seconds(const Experiment& e, const RunArithmetic& a) const {
  return static_cast<double>(steps(e.train)) * step() +
         static_cast<double>(a.evaluations) * evaluation;
}

double RunProbe::seconds(const Experiment& e, const RunArithmetic& a) const {
  return static_cast<double>(e.warm_start.steps) * warm_start + rl_seconds(e, a);
}

RunProbe probe_run(OpenedRun& run) {
  const Experiment& e = run.experiment;
  RunProbe probe{.overlaps = samples_beside_learning(e)};
  const auto engine = rollout_engine(run, [](const std::string&) {});
  Learner learner(run.model, *run.algorithm.algorithm, e, threads_or_cores(e.general.threads),
                  run.adapter.get());
  probe.warm_start = probe_warm_start(learner, run);
  engine->refresh();
  learner.begin();
  if (e.train.steps > 0) {
    StepBatch batch = teaching_batch(*engine, run, probe);
    const Stopwatch watch;
    const LearnReport learned = learner.learn(1, batch);
    engine->refresh();
    probe.update = watch.seconds();
    probe.tokens = probe.sampled + learned.trained + learned.read;
  }
  probe.evaluation = probe_evaluation(*engine, run);
  probe.peak_bytes = peak_memory();
  return probe;
}

RunProbe probe_sample(ModelWorkers& workers, const OpenedRun& run, const StepBatch& sampled,
                      double seconds) {
  const Experiment& e = run.experiment;
  const Stopwatch watch;
  evaluate_model(workers, sampled.sequences, e.train.micro_batch, e.rollout.temperature);
  const double read = watch.seconds();
  const StepPasses passes = passes_of(*run.algorithm.algorithm, e.train);
  const double completions = sampled.sequences.size();
  const double step_completions = e.rollout.prompts * e.rollout.samples;
  const double scale = step_completions / completions;  // from what was sampled to a step
  const double held_out = run.held_out.items.size();
  const double answers = held_out * static_cast<double>(e.eval.samples + 1);
  RunProbe probe{.overlaps = samples_beside_learning(e)};
  probe.rollout = scale * seconds;
  probe.update = scale * read * (kLearnPasses * passes.learning + passes.reading);
  probe.sampled = scale * static_cast<double>(sampled.batch.tokens());
  probe.tokens = probe.sampled * (1 + passes.learning + passes.reading);
  probe.evaluation = seconds / completions * answers;
  probe.peak_bytes = peak_memory();
  return probe;
}

}  // namespace tinyzero
