#include "core/train/preflight.h"
#include "core/base/random_streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/forecast/memory.h"
#include "core/run/checkpoint.h"
#include "core/text/prompt.h"
#include "core/train/curriculum.h"
#include "core/train/probe.h"
#include "core/train/records.h"
#include "core/train/rollout_engine.h"
#include "core/train/step_sampler.h"

namespace tinyzero {
namespace {

constexpr double kManyCut = 0.2;
constexpr double kEpisodeText =
    20;  // bytes of a completion in episodes/, compressed, beside its text
constexpr double kBytesOfToken = 1;  // of its text; those of numbers take 0.3
constexpr double kLongRun = 86400;   // seconds

std::size_t problems_of(const OpenedRun& parts) {
  return static_cast<std::size_t>(parts.experiment.preflight.problems);
}

std::vector<Item> first_problems(const OpenedRun& parts) {
  const Curriculum curriculum(parts.experiment.curriculum, parts.task);
  return draw_step(parts.task, curriculum.stage(), parts.experiment.general.seed, 1,
                   problems_of(parts));
}

void check_answers(const OpenedRun& parts, const std::vector<Item>& items,
                   PreflightReport& report) {
  const Task& task = parts.task;
  if (!task.can_solve()) return;
  std::string refused;  // a problem whose known answer is not right, and why
  double right = 0;
  for (const Item& item : items) {
    const auto solution = task.solve(item.state);
    const Verdict verdict = solution ? task.verify({{item.state, *solution}}).front() : Verdict();
    if (solution && task.is_right(verdict)) ++right;
    else
      refused = item.prompt + ": " + (solution ? task.reason(verdict) : "the solver finds nothing");
  }
  report.known_answers = right / static_cast<double>(items.size());
  if (refused.empty()) return;
  report.warnings.push_back(
      fmt::format("the task's own solutions earn the full reward in only {:.0f} % of problems "
                  "({}); `tinyzero task check` says more",
                  100 * report.known_answers, refused));
}

// Whether answers as the task knows them, with the end token, fit into rollout.max_tokens.
void check_lengths(const OpenedRun& parts, const std::vector<Item>& items,
                   PreflightReport& report) {
  const Task& task = parts.task;
  if (!task.can_demonstrate() && !task.can_solve()) return;
  const std::uint64_t seed = parts.experiment.general.seed;
  std::vector<std::int64_t> lengths;
  for (const Item& item : items) {
    const auto answer = task.can_demonstrate() ? task.demonstrate(item.state, seed, item.index)
                                               : task.solve(item.state);
    if (answer) lengths.push_back(std::ssize(parts.tokenizer.encode(*answer)) + 1);
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
  const double most = parts.experiment.preflight.max_truncated;
  if (report.answers_cut > most)
    throw Error(what + "; answers as long as these would earn nothing, so no training starts",
                "raise rollout.max_tokens, or set preflight.max_truncated=1 to train all the same");
  if (report.answers_cut > kManyCut) report.warnings.push_back(what + "; raise it");
}

void show_tokens(const OpenedRun& parts, const std::vector<Item>& items, PreflightReport& report) {
  for (const Item& item : items) {
    const auto ids = parts.tokenizer.encode_prompt(frame_prompt(item.prompt, parts.framing));
    report.longest_prompt = std::max(report.longest_prompt, std::ssize(ids));
    if (!report.prompt.empty()) continue;
    for (const std::int32_t id : ids) report.prompt.push_back(parts.tokenizer.token_text(id));
  }
  for (const std::int64_t id : parts.model.config.eos) {
    report.stops.push_back(parts.tokenizer.token_text(id));
    if (id >= 0 && id < parts.model.config.vocab) continue;
    throw Error(fmt::format("the model's end token {} is outside of its vocabulary of {}: no "
                            "completion would ever end",
                            id, parts.model.config.vocab),
                "correct eos_token_id in config.json");
  }
}

// Steps of RL; under a budget of tokens those that it allows if completions are as long as they may
// be, and under one of seconds, whose number nobody knows, none.
double expected_steps(const Experiment& e) {
  const double steps = e.train.steps;
  if (e.train.budget_seconds > 0) return 0;
  if (e.train.budget_tokens == 0) return steps;
  return std::min(steps, std::ceil(e.train.budget_tokens /
                                   static_cast<double>(e.rollout.prompts * e.rollout.samples *
                                                       e.rollout.max_tokens)));
}

void check_memory(const RunShape& run, PreflightReport& report) {
  const RunMemory memory = memory_of(run);
  report.memory_needed = static_cast<double>(memory.total());
  report.memory_free = static_cast<double>(resident_memory() + available_memory());
  const std::vector<std::string> warnings = memory_warnings(run);
  if (!warnings.empty()) {
    report.warnings.push_back(warnings.front());
  } else if (report.memory_needed > report.memory_free) {
    report.warnings.push_back(fmt::format("the run needs about {} of memory, {} are free: {}",
                                          size_text(report.memory_needed),
                                          size_text(report.memory_free), memory_advice(memory)));
  }
}

// Checkpoints that the run writes, one after another.
double checkpoints_written(const Experiment& e, double steps) {
  const auto every = static_cast<double>(e.checkpoint.every),
             warm = static_cast<double>(e.warm_start.steps);
  const double of_warm_start = every > 0 && warm > 0 ? std::floor((warm - 1) / (10 * every)) : 0;
  const double of_rl = steps == 0 ? 0 : every > 0 ? std::ceil(steps / every) : 1;
  return of_warm_start + 1 + of_rl;
}

void check_disk(const OpenedRun& parts, const RunShape& run_shape, const std::filesystem::path& run,
                PreflightReport& report) {
  const Experiment& e = parts.experiment;
  const double checkpoint = checkpoint_bytes_of(run_shape);
  const double completions = static_cast<double>(e.rollout.prompts * e.rollout.samples),
               steps = expected_steps(e);
  const double written = checkpoints_written(
      e, e.train.budget_seconds > 0 ? static_cast<double>(e.train.steps) : steps);
  const double best = e.checkpoint.keep_best ? 1 : 0;
  const double kept = std::min(static_cast<double>(e.checkpoint.keep) + 1 + best, written);
  report.disk_needed =
      checkpoint * kept +
      steps * completions * (kEpisodeText + kBytesOfToken * static_cast<double>(report.max_tokens));
  report.disk_free = static_cast<double>(free_space(run));
  const double at_once = std::min(2 + best, written);
  check_space(
      run, static_cast<std::uintmax_t>(at_once * checkpoint),
      at_once == 1
          ? "a checkpoint"
          : fmt::format("{:.0f} checkpoints, one of which is written while the others are kept",
                        at_once));
  if (report.disk_needed > report.disk_free) {
    report.warnings.push_back(
        fmt::format("the run writes up to about {}, and {} are free where {} is: it ends with its "
                    "last whole checkpoint when the disk is full",
                    size_text(report.disk_needed), size_text(report.disk_free), run.string()));
  }
}

void judge_time(const Experiment& e, const RunProbe& probe, PreflightReport& report) {
  if (report.seconds < kLongRun) return;
  report.warnings.push_back(
      fmt::format("at the start policy's speed the run takes about {:.1f} days, {} steps of {:.0f} "
                  "s each: take fewer train.steps, rollout.prompts or rollout.samples, a smaller "
                  "model, or a train.budget_seconds",
                  report.seconds / 86400, probe.steps(e.train), probe.rollout + probe.update));
}

void judge_policy(const OpenedRun& parts, PreflightReport& report) {
  const Experiment& e = parts.experiment;
  const std::string cut = fmt::format(
      "{:.0f} % of the start policy's completions are truncated at rollout.max_tokens {}",
      100 * report.truncated, report.max_tokens);
  // A model made from scratch that was not taught to end is not helped by more room.
  const bool untaught =
      e.model.path.empty() && report.answers_cut >= 0 && report.answers_cut <= kManyCut;
  if (!untaught && report.truncated > e.preflight.max_truncated)
    throw Failure(
        cut + ", and earn nothing for what they would have said; no training starts",
        "raise rollout.max_tokens, or set preflight.max_truncated=1 to train all the same");
  if (report.truncated > kManyCut) {
    const bool teachable = parts.task.can_demonstrate();
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

}  // namespace

PreflightReport check_start(const OpenedRun& parts, const std::filesystem::path& run) {
  check_devices(parts.experiment);
  PreflightReport report;
  report.max_tokens = parts.experiment.rollout.max_tokens;
  report.context = parts.model.config.context;
  report.held_out = parts.held_out.items.size();
  report.held_out_keys = parts.held_out.keys;
  report.held_out_fingerprint = parts.held_out.fingerprint;
  const RunShape shape = shape_of(parts);
  if (memory_of(shape).least() > total_memory()) throw Error(memory_warnings(shape).front());
  if (problems_of(parts) == 0) return report;
  const std::vector<Item> items = first_problems(parts);
  check_answers(parts, items, report);
  check_lengths(parts, items, report);
  show_tokens(parts, items, report);
  for (const std::string& words : parts.tokenizer.contradictions())
    report.warnings.push_back(words);
  check_memory(shape, report);
  check_disk(parts, shape, run, report);
  return report;
}

void check_policy(Engine& engine, ModelWorkers& workers, const OpenedRun& parts,
                  PreflightReport& report, const StopWish* stop) {
  if (problems_of(parts) == 0) return;
  const Experiment& e = parts.experiment;
  SampledStep sampled;
  sampled.items = first_problems(parts);
  const auto prompts = make_prompts(parts.tokenizer, parts.framing, sampled.items,
                                    std::min(e.rollout.samples, PreflightSettings::kSamples));
  const auto start = std::chrono::steady_clock::now();
  const Sampling sampling{.max_tokens = e.rollout.max_tokens,
                          .temperature = e.rollout.temperature,
                          .eos = parts.model.config.eos,
                          .seed = static_cast<std::uint64_t>(e.general.seed),
                          .stream = RandomStream::preflight};
  sampled.completions = score_episodes(parts.tokenizer, parts.task, sampled.items,
                                       engine.generate(prompts, sampling, {.stop = stop}));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.samples = std::ssize(sampled.completions);
  const auto share = [&](auto&& holds) {
    return static_cast<double>(
               std::count_if(sampled.completions.begin(), sampled.completions.end(), holds)) /
           static_cast<double>(report.samples);
  };
  report.truncated = share([](const ScoredCompletion& c) { return c.episode.end == End::length; });
  report.accuracy = share([](const ScoredCompletion& c) { return c.right; });
  report.mixed_groups = mixed_share(sampled);
  if (e.train.device == "cuda") engine.release_scratch();
  const RunProbe probe = probe_sample(
      workers, parts, make_batch(prompts, sampled.completions, e.rollout.max_tokens), seconds);
  const RunArithmetic arithmetic = arithmetic_of(shape_of(parts), probe.steps(e.train));
  report.seconds = probe.rl_seconds(e, arithmetic);
  judge_time(e, probe, report);
  judge_policy(parts, report);
}

}  // namespace tinyzero
