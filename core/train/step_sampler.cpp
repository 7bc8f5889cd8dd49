#include "core/train/step_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/random_streams.h"
#include "core/rollout/episodes.h"
#include "core/task/mixture.h"
#include "core/train/imitation.h"
#include "tinyzero/primitives.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

void check_failures(const std::vector<ScoredCompletion>& completions, const Task& task,
                    double most) {
  const auto failed = [](const ScoredCompletion& c) { return !is_usable(c.verdict.outcome); };
  const double share =
      static_cast<double>(std::count_if(completions.begin(), completions.end(), failed)) /
      static_cast<double>(completions.size());
  if (share <= most) return;
  const ScoredCompletion& first = *std::find_if(completions.begin(), completions.end(), failed);
  throw Failure(fmt::format("task \"{}\" could not judge {:.0f} % of a step's episodes "
                            "(train.max_failed is {:.0f} %): {}: {}",
                            task.about().id, 100 * share, 100 * most,
                            outcome_name(first.verdict.outcome), task.reason(first.verdict)),
                "look at the task; the last checkpoint is intact");
}

// Rewards that do not depend on what was said: the control of a comparison.
void reward_at_random(std::vector<ScoredCompletion>& completions, double chance, std::uint64_t seed,
                      std::uint64_t step) {
  Rng rng(seed, {static_cast<std::uint64_t>(RandomStream::random_reward), step});
  for (ScoredCompletion& c : completions) {
    c.right = rng.chance(chance);
    c.verdict.reward = c.right ? 1.0 : 0.0;
  }
}

// Demonstrations are not shortened while the limit of the policy's completions grows.
std::int64_t longest_completion(const Experiment& e, std::int64_t step) {
  return e.train.imitate ? e.rollout.max_tokens : e.rollout.tokens_at(step);
}

// One round of sampling.
struct Round {
  std::vector<Item> items;
  std::vector<Prompt> prompts;
  std::vector<ScoredCompletion> completions;
  double rollout_seconds = 0;
  double score_seconds = 0;
};

Round sample_round(Engine& engine, const OpenedRun& run, const Stage* stage, std::uint64_t step,
                   std::uint64_t round, const StopRequest* stop) {
  const Experiment& e = run.experiment;
  const std::uint64_t seed = e.general.seed;
  const std::uint64_t stream_step = round_of_step(step, round);
  const Stopwatch watch;
  Round out;
  out.items = draw_step(run.stepped(), stage, seed, step, e.rollout.prompts, round);
  out.prompts = make_prompts(run.tokenizer, run.framing, out.items, e.rollout.samples);
  const Sampling sampling{.max_tokens = longest_completion(e, step),
                          .temperature = e.rollout.temperature,
                          .eos = run.model.config.eos,
                          .seed = seed,
                          .stream = RandomStream::rollout,
                          .step = stream_step};
  auto episodes = e.train.imitate
                      ? demonstrated_episodes(engine, run, out.items, out.prompts, sampling)
                      : engine.generate(out.prompts, sampling, {.stop = stop});
  out.rollout_seconds = watch.seconds();
  out.completions = score_episodes(run.tokenizer, run.stepped(), out.items, std::move(episodes));
  stop_if_asked(stop);
  if (e.train.random_reward > 0)
    reward_at_random(out.completions, e.train.random_reward, seed, stream_step);
  out.score_seconds = watch.seconds() - out.rollout_seconds;
  return out;
}

// Adds a round, of whose problems `kept` are in the batch.
void append(SampledStep& step, Round round, const std::vector<bool>& kept) {
  for (ScoredCompletion& completion : round.completions) completion.item += step.items.size();
  step.kept.insert(step.kept.end(), kept.begin(), kept.end());
  std::move(round.completions.begin(), round.completions.end(),
            std::back_inserter(step.completions));
  std::move(round.items.begin(), round.items.end(), std::back_inserter(step.items));
  std::move(round.prompts.begin(), round.prompts.end(), std::back_inserter(step.prompts));
  step.rollout_seconds += round.rollout_seconds;
  step.score_seconds += round.score_seconds;
  ++step.rounds;
}

}  // namespace

double mixed_share(const SampledStep& sampled) {
  std::map<std::size_t, std::pair<double, double>> ranges;  // lowest and highest reward by problem
  for (const ScoredCompletion& c : sampled.completions) {
    if (!is_usable(c.verdict.outcome)) continue;
    auto& [low, high] =
        ranges.try_emplace(c.item, c.verdict.reward, c.verdict.reward).first->second;
    low = std::min(low, c.verdict.reward);
    high = std::max(high, c.verdict.reward);
  }
  const auto mixed = std::count_if(ranges.begin(), ranges.end(), [](const auto& entry) {
    return entry.second.first < entry.second.second;
  });
  return static_cast<double>(mixed) / static_cast<double>(sampled.items.size());
}

std::int64_t sampled_tokens(const SampledStep& sampled) {
  std::int64_t tokens = 0;
  for (const ScoredCompletion& c : sampled.completions) tokens += std::ssize(c.episode.tokens);
  return tokens;
}

std::vector<bool> kept_of(const Algorithm& algorithm, const RolloutSettings& rollout,
                          const StepBatch& sampled, std::int64_t most) {
  const Batch& b = sampled.batch;
  at::Tensor chosen = algorithm.kept_groups(b);
  if (rollout.mixed_rounds > 0) {
    const at::Tensor mixed = has_spread(b.reward, b.group, b.usable);
    chosen = chosen.defined() ? chosen.logical_and(mixed) : mixed;
  }
  std::vector<bool> kept(sampled.batch.groups());
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < std::ssize(kept); ++i) {
    kept[i] = count < most && (!chosen.defined() || chosen[i].item<bool>());
    count += kept[i] ? 1 : 0;
  }
  return kept;
}

SampledStep sample_step(Engine& engine, const OpenedRun& run, const Stage* stage, std::int64_t step,
                        const StopRequest* stop) {
  const Experiment& e = run.experiment;
  const Algorithm& algorithm = *run.algorithm.algorithm;
  SampledStep out;
  out.max_tokens = longest_completion(e, step);
  if (stage != nullptr) out.levels = stage->levels;
  std::int64_t missing = e.rollout.prompts;
  const std::int64_t rounds = most_rounds(algorithm, e.rollout);
  while (out.rounds < rounds && missing > 0) {
    Round round = sample_round(engine, run, stage, step, out.rounds, stop);
    if (!e.train.imitate) out.slot_use += engine.statistics().slot_use;
    const StepBatch batch = make_batch(round.prompts, round.completions, out.max_tokens);
    const std::vector<bool> kept = kept_of(algorithm, e.rollout, batch, missing);
    missing -= std::count(kept.begin(), kept.end(), true);
    append(out, std::move(round), kept);
  }
  out.slot_use /= static_cast<double>(out.rounds);
  check_failures(out.completions, run.stepped(), e.train.max_failed);
  out.batch = make_batch(out.prompts, out.completions, out.max_tokens, out.kept);
  return out;
}

}  // namespace tinyzero
