#include "core/train/preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/random_streams.h"
#include "core/forecast/memory.h"
#include "core/learn/model_workers.h"
#include "core/rollout/episodes.h"
#include "core/run/checkpoint.h"
#include "core/text/prompt.h"
#include "core/train/curriculum.h"
#include "core/train/probe.h"
#include "core/train/records.h"
#include "core/train/rollout_engine.h"
#include "core/train/step_sampler.h"

namespace tinyzero {
namespace {

constexpr double kManyCut = 0.2;      // share of completions
constexpr double kLongRun = 86400;    // seconds
constexpr double kEpisodeBytes = 20;  // of a completion in episodes/, compressed, beside its text
constexpr double kTokenBytes = 1;     // of its text; numbers take 0.3

std::vector<Item> first_problems(const OpenedRun& run) {
  const Curriculum curriculum(run.experiment.curriculum, run.task);
  return draw_step(run.task, curriculum.stage(), run.experiment.general.seed, 1,
                   run.experiment.preflight.problems);
}

void check_answers(const OpenedRun& run, const std::vector<Item>& items, PreflightReport& report) {
  const Task& task = run.task;
  if (!task.can_solve()) return;
  std::string refused;  // the last problem whose known answer is not right, and why
  double right = 0;
  for (const Item& item : items) {
    const auto solution = task.solve(item.state);
    const Verdict verdict = solution ? task.verify({{item.state, *solution}}).front() : Verdict();
    const bool is_right = solution && task.is_right(verdict);
    right += is_right ? 1 : 0;
    if (!is_right)
      refused = item.prompt + ": " + (solution ? task.reason(verdict) : "the solver finds nothing");
  }
  const double problems = items.size();
  report.known_answers = right / problems;
  if (refused.empty()) return;
  report.warnings.push_back(
      fmt::format("the task's own solutions earn the full reward in only {:.0f} % of problems "
                  "({}); `tinyzero task check` says more",
                  100 * report.known_answers, refused));
}

// Whether the task's own answers, with their end token, fit into rollout.max_tokens.
void check_lengths(const OpenedRun& run, const std::vector<Item>& items, PreflightReport& report) {
  const Task& task = run.task;
  if (!task.can_demonstrate() && !task.can_solve()) return;
  const std::uint64_t seed = run.experiment.general.seed;
  std::vector<std::int64_t> lengths;
  for (const Item& item : items) {
    const auto answer = task.can_demonstrate() ? task.demonstrate(item.state, seed, item.index)
                                               : task.solve(item.state);
    if (answer) lengths.push_back(std::ssize(run.tokenizer.encode(*answer)) + 1);
  }
  if (lengths.empty()) return;
  std::sort(lengths.begin(), lengths.end());
  const auto cut = std::count_if(lengths.begin(), lengths.end(),
                                 [&](std::int64_t length) { return length > report.max_tokens; });
  report.answers_cut = static_cast<double>(cut) / static_cast<double>(lengths.size());
  const std::string what = fmt::format(
      "{:.0f} % of the task's {} are truncated at rollout.max_tokens {}: half of them take more "
      "than {} tokens, the longest {}",
      100 * report.answers_cut, task.can_demonstrate() ? "demonstrations" : "known answers",
      report.max_tokens, lengths[(lengths.size() - 1) / 2], lengths.back());
  const double most = run.experiment.preflight.max_truncated;
  if (report.answers_cut > most)
    throw Error(what + "; answers as long as these would earn nothing, so no training starts",
                "raise rollout.max_tokens, or set preflight.max_truncated=1 to train all the same");
  if (report.answers_cut > kManyCut) report.warnings.push_back(what + "; raise it");
}

void show_tokens(const OpenedRun& run, const std::vector<Item>& items, PreflightReport& report) {
  for (const Item& item : items) {
    const auto ids = run.tokenizer.encode_prompt(frame_prompt(item.prompt, run.framing));
    report.longest_prompt = std::max(report.longest_prompt, std::ssize(ids));
    if (!report.prompt.empty()) continue;
    for (const std::int32_t id : ids) report.prompt.push_back(run.tokenizer.token_text(id));
  }
  for (const std::int64_t id : run.model.config.eos) {
    report.stops.push_back(run.tokenizer.token_text(id));
    if (id >= 0 && id < run.model.config.vocab) continue;
    throw Error(fmt::format("the model's end token {} is outside of its vocabulary of {}: no "
                            "completion would ever end",
                            id, run.model.config.vocab),
                "correct eos_token_id in config.json");
  }
}

void check_memory(const RunShape& shape, PreflightReport& report) {
  const RunMemory memory = memory_of(shape);
  report.memory_needed = static_cast<double>(memory.total());
  report.memory_free = static_cast<double>(resident_memory() + available_memory());
  const std::vector<std::string> warnings = memory_warnings(shape);
  if (!warnings.empty()) {
    report.warnings.push_back(warnings.front());
  } else if (report.memory_needed > report.memory_free) {
    report.warnings.push_back(fmt::format("the run needs about {} of memory, {} are free: {}",
                                          size_text(report.memory_needed),
                                          size_text(report.memory_free), memory_advice(memory)));
  }
}

// Steps of RL whose episodes are certain to be written: under a budget of tokens the steps that it
// allows if no completion ends early, and under one of seconds none, since nobody knows them.
double certain_steps(const Experiment& e) {
  if (e.train.budget_seconds > 0) return 0;
  const double most = e.rollout.prompts * e.rollout.samples * e.rollout.max_tokens;
  return e.train.planned_steps({.tokens = most});
}

// How many checkpoints the run writes, one after another, if RL takes `steps`.
double checkpoints_written(const Experiment& e, double steps) {
  const double every = e.checkpoint.every;
  const double warm_steps = e.warm_start.steps;
  const double warm_every = e.checkpoint.every_warm_start();
  const double of_warm_start =
      every > 0 && warm_steps > 0 ? std::floor((warm_steps - 1) / warm_every) : 0;
  const double of_rl = steps == 0 ? 0 : every > 0 ? std::ceil(steps / every) : 1;
  const double at_points = std::min<double>(e.eval.points, steps);
  return of_warm_start + 1 + of_rl + at_points;
}

void check_disk(const OpenedRun& run, const RunShape& shape, const std::filesystem::path& folder,
                PreflightReport& report) {
  const Experiment& e = run.experiment;
  const double checkpoint = checkpoint_bytes_of(shape);
  const double steps = certain_steps(e);
  const double most_steps = e.train.budget_seconds > 0 ? e.train.steps : steps;
  const double written = checkpoints_written(e, most_steps);
  const double best = e.checkpoint.keep_best ? 1 : 0;
  const double retained = std::min(e.checkpoint.keep + 1 + best, written);
  const double completions = e.rollout.prompts * e.rollout.samples;
  const double completion_bytes = kEpisodeBytes + kTokenBytes * report.max_tokens;
  report.disk_needed = checkpoint * retained + steps * completions * completion_bytes;
  report.disk_free = free_space(folder);
  const double at_once = std::min(2 + best, written);
  check_space(
      folder, static_cast<std::uintmax_t>(at_once * checkpoint),
      at_once == 1
          ? "a checkpoint"
          : fmt::format("{:.0f} checkpoints, one of which is written while the others are kept",
                        at_once));
  if (report.disk_needed > report.disk_free) {
    report.warnings.push_back(fmt::format(
        "the run writes up to about {}, and {} are free where {} is: it ends with its last whole "
        "checkpoint when the disk is full",
        size_text(report.disk_needed), size_text(report.disk_free), folder.string()));
  }
}

void judge_time(const Experiment& e, const RunProbe& probe, PreflightReport& report) {
  if (report.seconds < kLongRun) return;
  report.warnings.push_back(
      fmt::format("at the start policy's speed the run takes about {:.1f} days, {} steps of {:.0f} "
                  "s each: take fewer train.steps, rollout.prompts or rollout.samples, a smaller "
                  "model, or a train.budget_seconds",
                  report.seconds / 86400, probe.steps(e.train), probe.step()));
}

void judge_policy(const OpenedRun& run, PreflightReport& report) {
  const Experiment& e = run.experiment;
  const std::string cut = fmt::format(
      "{:.0f} % of the start policy's completions are truncated at rollout.max_tokens {}",
      100 * report.truncated, report.max_tokens);
  // A new model that was not taught to end its answers is not helped by a higher limit.
  const bool untaught =
      e.model.path.empty() && report.answers_cut >= 0 && report.answers_cut <= kManyCut;
  if (!untaught && report.truncated > e.preflight.max_truncated)
    throw Failure(
        cut + ", and earn nothing for what they would have said; no training starts",
        "raise rollout.max_tokens, or set preflight.max_truncated=1 to train all the same");
  if (report.truncated > kManyCut) {
    const bool teachable = run.task.can_demonstrate();
    report.warnings.push_back(
        cut + (!untaught   ? ", and earn nothing for what they would have said: raise it"
               : teachable ? " although the task's own answers fit: it hardly ends them; take more "
                             "warm_start.steps"
                           : " although the task's own answers fit: it hardly ends them; start "
                             "from a model that does"));
  }
  if (report.mixed_groups > 0 || e.rollout.samples == 1) return;
  report.warnings.push_back(fmt::format(
      "the start policy earns the same with every sample of a problem, at an accuracy of {:.0f} %: "
      "nothing to learn from under a group baseline yet; take {} problems, or more rollout.samples",
      100 * report.accuracy, report.accuracy > 0.5 ? "harder" : "easier"));
}

// Completions of the start policy, a few for each of the first problems.
struct PolicySample {
  SampledStep step;
  double seconds = 0;
};

PolicySample sample_start_policy(Engine& engine, const OpenedRun& run, const StopRequest* stop) {
  const Experiment& e = run.experiment;
  PolicySample out;
  SampledStep& step = out.step;
  step.items = first_problems(run);
  step.prompts = make_prompts(run.tokenizer, run.framing, step.items,
                              std::min(e.rollout.samples, PreflightSettings::kSamples));
  const Stopwatch watch;
  const Sampling sampling{.max_tokens = e.rollout.max_tokens,
                          .temperature = e.rollout.temperature,
                          .eos = run.model.config.eos,
                          .seed = static_cast<std::uint64_t>(e.general.seed),
                          .stream = RandomStream::preflight};
  auto episodes = engine.generate(step.prompts, sampling, {.stop = stop});
  step.completions = score_episodes(run.tokenizer, run.task, step.items, std::move(episodes));
  out.seconds = watch.seconds();
  return out;
}

void count_outcomes(const SampledStep& step, PreflightReport& report) {
  report.samples = std::ssize(step.completions);
  const auto share = [&](auto&& holds) {
    const double count = std::count_if(step.completions.begin(), step.completions.end(), holds);
    return count / static_cast<double>(report.samples);
  };
  report.truncated = share([](const ScoredCompletion& c) { return c.episode.end == End::length; });
  report.accuracy = share([](const ScoredCompletion& c) { return c.right; });
  report.mixed_groups = mixed_share(step);
}

}  // namespace

PreflightReport check_start(const OpenedRun& run, const std::filesystem::path& folder) {
  check_devices(run.experiment);
  PreflightReport report;
  report.max_tokens = run.experiment.rollout.max_tokens;
  report.context = run.model.config.context;
  report.held_out = run.held_out.items.size();
  report.held_out_keys = run.held_out.keys;
  report.held_out_fingerprint = run.held_out.fingerprint;
  report.warnings = run.task.notes();
  const RunShape shape = shape_of(run);
  if (memory_of(shape).least() > total_memory()) throw Error(memory_warnings(shape).front());
  if (run.experiment.preflight.problems == 0) return report;
  const std::vector<Item> items = first_problems(run);
  check_answers(run, items, report);
  check_lengths(run, items, report);
  show_tokens(run, items, report);
  for (const std::string& contradiction : run.tokenizer.contradictions())
    report.warnings.push_back(contradiction);
  check_memory(shape, report);
  check_disk(run, shape, folder, report);
  return report;
}

void check_policy(Engine& engine, ModelWorkers& workers, const OpenedRun& run,
                  PreflightReport& report, const StopRequest* stop) {
  const Experiment& e = run.experiment;
  if (e.preflight.problems == 0) return;
  const PolicySample sample = sample_start_policy(engine, run, stop);
  count_outcomes(sample.step, report);
  if (e.train.device == "cuda") engine.release_scratch();
  const StepBatch batch =
      make_batch(sample.step.prompts, sample.step.completions, e.rollout.max_tokens);
  const RunProbe probe = probe_sample(workers, run, batch, sample.seconds);
  const RunArithmetic arithmetic = arithmetic_of(shape_of(run), probe.steps(e.train));
  report.seconds = probe.rl_seconds(e, arithmetic);
  judge_time(e, probe, report);
  judge_policy(run, report);
}

}  // namespace tinyzero
