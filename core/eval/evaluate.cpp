#include "core/eval/evaluate.h"

#include <cmath>

#include "core/text/prompt.h"

namespace tinyzero {

std::vector<Prompt> make_prompts(const Tokenizer& tokenizer, const std::string& framing, const std::vector<Item>& items,
                                 std::int64_t samples) {
  std::vector<Prompt> prompts;
  for (const Item& item : items) prompts.push_back({tokenizer.encode(frame_prompt(item.prompt, framing)), samples});
  return prompts;
}

std::vector<ScoredCompletion> score_episodes(const Tokenizer& tokenizer, const Task& task, const std::vector<Item>& items,
                                             std::vector<Episode> episodes) {
  std::vector<ScoredCompletion> out;
  for (Episode& episode : episodes) {
    const auto item = static_cast<std::size_t>(episode.prompt);
    out.push_back({item, tokenizer.decode(episode.tokens), {}, std::move(episode), false});
  }
  std::vector<Answer> answers;
  for (const ScoredCompletion& completion : out) answers.push_back({items[completion.item].state, completion.text});
  std::vector<Verdict> verdicts = task.verify(answers);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].verdict = std::move(verdicts[i]);
    out[i].right = task.is_right(out[i].verdict);
  }
  return out;
}

namespace {

void count(const Task& task, const EvalSet& set, const std::vector<ScoredCompletion>& completions, EvalReport& report) {
  double length = 0, truncated = 0, failed = 0;
  for (const ScoredCompletion& c : completions) {
    const double right = c.right ? 1 : 0;
    auto& bucket = report.by_difficulty[static_cast<std::int64_t>(std::floor(set.items[c.item].difficulty))];
    bucket.first += right;
    bucket.second += 1;
    report.right += right;
    report.reasons[task.reason(c.verdict)] += 1;
    length += static_cast<double>(c.episode.tokens.size());
    truncated += c.episode.end == End::length ? 1 : 0;
    failed += is_usable(c.verdict.outcome) ? 0 : 1;
  }
  report.total = static_cast<double>(completions.size());
  report.accuracy_interval = wilson_interval(report.right, report.total);
  report.length = length / report.total;
  report.truncated = truncated / report.total;
  report.failed = failed / report.total;
}

void count_passes(const std::vector<ScoredCompletion>& completions, std::int64_t samples, EvalReport& report) {
  for (std::int64_t k = 1; k <= samples; k *= 2) {
    double sum = 0;
    for (std::size_t first = 0; first < completions.size(); first += static_cast<std::size_t>(samples)) {
      std::int64_t right = 0;
      for (std::int64_t s = 0; s < samples; ++s) right += completions[first + static_cast<std::size_t>(s)].right ? 1 : 0;
      sum += pass_at_k(samples, right, k);
    }
    report.pass_at.push_back(sum / report.problems);
  }
}

}  // namespace

EvalReport evaluate(Engine& engine, const Tokenizer& tokenizer, const std::vector<std::int64_t>& eos, const std::string& framing,
                    const Task& task, const EvalSet& set, const EvalOptions& options, std::vector<ScoredCompletion>* shown) {
  EvalReport report;
  report.problems = static_cast<double>(set.items.size());
  report.keys = static_cast<double>(set.keys);
  report.samples = static_cast<double>(options.samples);
  Sampling sampling{options.max_tokens, options.temperature, eos, options.seed, Purpose::evaluation, options.step};
  auto completions =
      score_episodes(tokenizer, task, set.items, engine.generate(make_prompts(tokenizer, framing, set.items, options.samples), sampling));
  count(task, set, completions, report);
  count_passes(completions, options.samples, report);
  if (options.greedy) {
    sampling.temperature = 0;
    double right = 0;
    for (const auto& c :
         score_episodes(tokenizer, task, set.items, engine.generate(make_prompts(tokenizer, framing, set.items, 1), sampling))) {
      right += c.right ? 1 : 0;
    }
    report.greedy = right / report.problems;
  }
  if (shown != nullptr) *shown = std::move(completions);
  return report;
}

}  // namespace tinyzero
