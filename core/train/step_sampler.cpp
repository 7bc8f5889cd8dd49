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

// Which of a round's problems the algorithm keeps, at most `most`.
std::vector<bool> kept_of(const Algorithm& algorithm, const Batch& batch, std::size_t problems, std::size_t most) {
  const at::Tensor chosen = algorithm.kept_groups(batch);
  std::vector<bool> kept(problems, true);
  std::size_t count = 0;
  for (std::size_t p = 0; p < problems; ++p) {
    kept[p] = count < most && (!chosen.defined() || chosen[static_cast<std::int64_t>(p)].item<bool>());
    count += kept[p] ? 1 : 0;
  }
  return kept;
}

}  // namespace

SampledStep sample_step(CpuEngine& engine, const RunParts& parts, std::int64_t step) {
  const Experiment& s = parts.experiment;
  const Algorithm& algorithm = *parts.algorithm.algorithm;
  const auto wanted = static_cast<std::size_t>(s.rollout.prompts);
  SampledStep out;
  std::vector<Prompt> kept_prompts;
  std::vector<ScoredCompletion> kept_completions;
  for (; out.rounds < algorithm.sampling_rounds() && kept_prompts.size() < wanted; ++out.rounds) {
    const auto round = static_cast<std::uint64_t>(out.rounds);
    const auto start = Clock::now();
    auto items = draw_step(parts.task, static_cast<std::uint64_t>(s.general.seed), static_cast<std::uint64_t>(step), wanted, round);
    const auto prompts = make_prompts(parts.tokenizer, parts.framing, items, s.rollout.samples);
    auto episodes = engine.generate(prompts, {s.rollout.max_tokens, s.rollout.temperature, parts.model.config.eos,
                                              static_cast<std::uint64_t>(s.general.seed), Purpose::rollout,
                                              static_cast<std::uint64_t>(step) | round << kRoundBit});
    const double rollout = since(start);
    out.rollout_seconds += rollout;
    out.slot_use += engine.statistics().slot_use;
    auto completions = score_episodes(parts.tokenizer, parts.task, items, std::move(episodes));
    out.score_seconds += since(start) - rollout;

    const std::vector<bool> kept =
        kept_of(algorithm, make_batch(prompts, completions, s.rollout.max_tokens).batch, items.size(), wanted - kept_prompts.size());
    std::vector<std::size_t> place(items.size());
    for (std::size_t p = 0; p < items.size(); ++p) {
      place[p] = kept_prompts.size();
      if (kept[p]) kept_prompts.push_back(prompts[p]);
    }
    for (ScoredCompletion& completion : completions) {
      if (kept[completion.item]) {
        kept_completions.push_back(completion);
        kept_completions.back().item = place[completion.item];
      }
      completion.item += out.items.size();
      out.completions.push_back(std::move(completion));
    }
    for (Item& item : items) out.items.push_back(std::move(item));
    out.kept.insert(out.kept.end(), kept.begin(), kept.end());
  }
  out.slot_use /= static_cast<double>(out.rounds);
  check_failures(out.completions, parts.task, s.train.max_failed);
  out.step = make_batch(kept_prompts, kept_completions, s.rollout.max_tokens);
  return out;
}

}  // namespace tinyzero
