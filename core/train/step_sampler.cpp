#include "core/train/step_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/base/error.h"

namespace tinyzero {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kRoundBit = 48;  // a round is part of the name of its randomness, above the step

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void check_failures(const std::vector<ScoredCompletion>& completions, const Task& task, double most) {
  const auto failed = [](const ScoredCompletion& c) { return !is_usable(c.verdict.outcome); };
  const double share =
      static_cast<double>(std::count_if(completions.begin(), completions.end(), failed)) / static_cast<double>(completions.size());
  if (share <= most) return;
  const ScoredCompletion& first = *std::find_if(completions.begin(), completions.end(), failed);
  throw Failure(fmt::format("task \"{}\" could not judge {:.0f} % of a step's episodes (train.max_failed is {:.0f} %): {}: {}",
                            task.about().id, 100 * share, 100 * most, outcome_name(first.verdict.outcome), task.reason(first.verdict)),
                "look at the task; the last checkpoint is intact");
}

}  // namespace

StepBatch batch_of(const RunParts& parts, const std::vector<Item>& items, const std::vector<ScoredCompletion>& completions,
                   const std::vector<bool>& kept) {
  std::vector<std::size_t> place(items.size());
  std::vector<Item> kept_items;
  for (std::size_t i = 0; i < items.size(); ++i) {
    place[i] = kept_items.size();
    if (kept[i]) kept_items.push_back(items[i]);
  }
  std::vector<ScoredCompletion> chosen;
  for (const ScoredCompletion& completion : completions) {
    if (!kept[completion.item]) continue;
    chosen.push_back(completion);
    chosen.back().item = place[completion.item];
  }
  return make_batch(make_prompts(parts.tokenizer, parts.framing, kept_items, 1), chosen, parts.experiment.rollout.max_tokens);
}

std::vector<bool> kept_of(const Algorithm& algorithm, const RunParts& parts, const std::vector<Item>& items,
                          const std::vector<ScoredCompletion>& completions, std::int64_t most) {
  const at::Tensor chosen = algorithm.kept_groups(batch_of(parts, items, completions, std::vector<bool>(items.size(), true)).batch);
  std::vector<bool> kept(items.size());
  std::int64_t count = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    kept[i] = count < most && (!chosen.defined() || chosen[static_cast<std::int64_t>(i)].item<bool>());
    count += kept[i] ? 1 : 0;
  }
  return kept;
}

SampledStep sample_step(CpuEngine& engine, const RunParts& parts, std::int64_t step) {
  const Experiment& s = parts.experiment;
  const Algorithm& algorithm = *parts.algorithm.algorithm;
  const auto seed = static_cast<std::uint64_t>(s.general.seed), number = static_cast<std::uint64_t>(step);
  SampledStep out;
  std::int64_t missing = s.rollout.prompts;
  for (; out.rounds < algorithm.sampling_rounds() && missing > 0; ++out.rounds) {
    const auto round = static_cast<std::uint64_t>(out.rounds);
    const auto start = Clock::now();
    auto items = draw_step(parts.task, seed, number, static_cast<std::size_t>(s.rollout.prompts), round);
    auto episodes = engine.generate(
        make_prompts(parts.tokenizer, parts.framing, items, s.rollout.samples),
        {s.rollout.max_tokens, s.rollout.temperature, parts.model.config.eos, seed, Purpose::rollout, number | round << kRoundBit});
    const double rollout = since(start);
    out.rollout_seconds += rollout;
    out.slot_use += engine.statistics().slot_use;
    auto completions = score_episodes(parts.tokenizer, parts.task, items, std::move(episodes));
    out.score_seconds += since(start) - rollout;

    const std::vector<bool> kept = kept_of(algorithm, parts, items, completions, missing);
    missing -= std::count(kept.begin(), kept.end(), true);
    out.kept.insert(out.kept.end(), kept.begin(), kept.end());
    for (ScoredCompletion& completion : completions) {
      completion.item += out.items.size();
      out.completions.push_back(std::move(completion));
    }
    for (Item& item : items) out.items.push_back(std::move(item));
  }
  out.slot_use /= static_cast<double>(out.rounds);
  check_failures(out.completions, parts.task, s.train.max_failed);
  out.step = batch_of(parts, out.items, out.completions, out.kept);
  return out;
}

}  // namespace tinyzero
