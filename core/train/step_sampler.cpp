#include "core/train/step_sampler.h"
#include "core/base/random_streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>

#include "core/base/error.h"
#include "core/text/prompt.h"
#include "tinyzero/primitives.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

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

// The control without information: rewards that do not depend on what was said.
void reward_at_random(std::vector<ScoredCompletion>& completions, double chance, std::uint64_t seed,
                      std::uint64_t step) {
  Rng rng(seed, {static_cast<std::uint64_t>(RandomStream::random_reward), step});
  for (ScoredCompletion& c : completions) {
    c.right = rng.chance(chance);
    c.verdict.reward = c.right ? 1.0 : 0.0;
  }
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

std::vector<Sequence> demonstrations(const OpenedRun& parts, std::uint64_t step) {
  const auto seed = stream_key(static_cast<std::uint64_t>(parts.experiment.general.seed),
                               RandomStream::demonstrations);
  const auto items =
      draw_step(parts.task, /*stage=*/nullptr, seed, step, parts.experiment.warm_start.batch);
  std::vector<Sequence> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Sequence sequence{parts.tokenizer.encode_prompt(frame_prompt(items[i].prompt, parts.framing)),
                      0};
    sequence.prompt = std::ssize(sequence.ids);
    const auto trace =
        parts.tokenizer.encode(parts.task.demonstrate(items[i].state, seed, items[i].index));
    sequence.ids.insert(sequence.ids.end(), trace.begin(), trace.end());
    sequence.ids.push_back(static_cast<std::int32_t>(parts.model.config.eos.front()));
    if (std::ssize(sequence.ids) > parts.model.config.context) {
      throw Error(
          fmt::format("a demonstration of task \"{}\" has {} tokens with its prompt, the model's "
                      "context is {}",
                      parts.task.about().id, sequence.ids.size(), parts.model.config.context),
          "raise model.context, or ask the task for shorter demonstrations");
    }
    out.push_back(std::move(sequence));
  }
  return out;
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
  for (std::size_t i = 0; i < kept.size(); ++i) {
    kept[i] =
        count < most && (!chosen.defined() || chosen[static_cast<std::int64_t>(i)].item<bool>());
    count += kept[i] ? 1 : 0;
  }
  return kept;
}

SampledStep sample_step(Engine& engine, const OpenedRun& parts, const Stage* stage,
                        std::int64_t step, const StopWish* stop) {
  const Experiment& s = parts.experiment;
  const Algorithm& algorithm = *parts.algorithm.algorithm;
  const auto seed = static_cast<std::uint64_t>(s.general.seed),
             number = static_cast<std::uint64_t>(step);
  SampledStep out;
  std::int64_t missing = s.rollout.prompts;
  const std::int64_t rounds = most_rounds(algorithm, s.rollout);
  for (; out.rounds < rounds && missing > 0; ++out.rounds) {
    const auto round = static_cast<std::uint64_t>(out.rounds);
    const auto start = Clock::now();
    auto items = draw_step(parts.task, stage, seed, number, s.rollout.prompts, round);
    auto prompts = make_prompts(parts.tokenizer, parts.framing, items, s.rollout.samples);
    const Sampling sampling{.max_tokens = s.rollout.max_tokens,
                            .temperature = s.rollout.temperature,
                            .eos = parts.model.config.eos,
                            .seed = seed,
                            .stream = RandomStream::rollout,
                            .step = round_of_step(number, round)};
    auto episodes = engine.generate(prompts, sampling, {.stop = stop});
    const double rollout = since(start);
    out.rollout_seconds += rollout;
    out.slot_use += engine.statistics().slot_use;
    auto completions = score_episodes(parts.tokenizer, parts.task, items, std::move(episodes));
    stop_if_asked(stop);
    if (s.train.random_reward > 0)
      reward_at_random(completions, s.train.random_reward, seed, round_of_step(number, round));
    out.score_seconds += since(start) - rollout;

    const std::vector<bool> kept = kept_of(
        algorithm, s.rollout, make_batch(prompts, completions, s.rollout.max_tokens), missing);
    missing -= std::count(kept.begin(), kept.end(), true);
    out.kept.insert(out.kept.end(), kept.begin(), kept.end());
    for (ScoredCompletion& completion : completions) completion.item += out.items.size();
    if (out.completions.empty()) out.completions = std::move(completions);
    else std::move(completions.begin(), completions.end(), std::back_inserter(out.completions));
    std::move(items.begin(), items.end(), std::back_inserter(out.items));
    std::move(prompts.begin(), prompts.end(), std::back_inserter(out.prompts));
  }
  out.slot_use /= static_cast<double>(out.rounds);
  check_failures(out.completions, parts.task, s.train.max_failed);
  out.step = make_batch(out.prompts, out.completions, s.rollout.max_tokens, out.kept);
  return out;
}

}  // namespace tinyzero
