#include "core/train/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/eval/evaluate.h"
#include "core/learn/learner.h"
#include "core/rollout/engine.h"
#include "core/rollout/episodes.h"
#include "core/task/mixture.h"
#include "core/task/traits.h"
#include "core/train/step_sampler.h"
#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

// "wrong value" -> "wrong_value": the last word of a metric's name.
std::string metric_word(std::string text) {
  for (char& c : text) {
    if (!is_ascii_alphanumeric(c)) c = '_';
  }
  return text;
}

// Completions of a task or level of a mixture.
struct SourceCounts {
  double right = 0, all = 0;
};

// Numbers of completions, and sums over them.
struct SampleCounts {
  explicit SampleCounts(const Task& task) : traits(task.about().traits) {}

  double usable = 0;
  double reward = 0;  // of the usable ones
  double right = 0;
  double truncated = 0;
  std::map<std::string, double> reasons;
  std::map<std::string, SourceCounts> sources;
  TraitMeans traits;
};

SampleCounts count_samples(const SampledStep& sampled, const Task& task) {
  SampleCounts counts(task);
  for (const ScoredCompletion& c : sampled.completions) {
    const bool is_used = is_usable(c.verdict.outcome);
    counts.usable += is_used ? 1 : 0;
    counts.reward += is_used ? c.verdict.reward : 0;
    counts.right += c.right ? 1 : 0;
    counts.truncated += c.episode.end == End::length ? 1 : 0;
    counts.reasons[task.reason(c.verdict)] += 1;
    if (!c.traits.empty()) counts.traits.add(c.traits);
    const std::string source = source_of(task, sampled.items[c.item].state);
    if (source.empty()) continue;
    SourceCounts& own = counts.sources[source];
    own.right += c.right ? 1 : 0;
    own.all += 1;
  }
  return counts;
}

}  // namespace

Json step_record(const StepFacts& facts) {
  const SampledStep& sampled = facts.sampled;
  const LearnReport& learned = facts.learned;
  const SampleCounts counts = count_samples(sampled, facts.task);
  const double all = sampled.completions.size();
  const double tokens = sampled_tokens(sampled);
  Json record = {{"step", facts.step}, {"seconds", facts.seconds}};
  record["train/reward"] = counts.usable > 0 ? counts.reward / counts.usable : 0.0;
  record["train/accuracy"] = counts.right / all;
  for (const auto& [source, share] : counts.sources)
    record["train/accuracy/" + source] = share.right / share.all;
  record["train/length"] = tokens / all;
  record["train/max_tokens"] = sampled.max_tokens;
  record["train/truncated"] = counts.truncated / all;
  record["train/failed"] = 1.0 - counts.usable / all;
  record["train/mixed_groups"] = mixed_share(sampled);
  record["train/sampled"] = sampled.items.size();
  record["train/kept"] = std::count(sampled.kept.begin(), sampled.kept.end(), true);
  // A step without episodes records 0 for these. A mean that every run records belongs here, too.
  for (const char* name :
       {"train/loss", "train/kl", "train/entropy", "train/gradient_norm", "train/logp_gap"})
    record[name] = 0.0;
  for (const auto& [name, mean] : learned.metrics.values()) record["train/" + name] = mean.value();
  if (learned.noise_scale) record["train/noise_scale"] = *learned.noise_scale;
  record["train/learning_rate"] = learned.learning_rate;
  record["train/skipped"] = learned.skipped;
  for (const auto& [reason, count] : counts.reasons)
    record["train/reasons/" + metric_word(reason)] = count / all;
  for (const TraitMean& trait : counts.traits.means())
    record["train/traits/" + trait.name] = trait.mean;
  record["tokens/sampled"] = sampled_tokens(sampled);
  record["tokens/trained"] = learned.trained;
  record["tokens/read"] = learned.read;
  record["time/rollout"] = sampled.rollout_seconds;
  record["time/score"] = sampled.score_seconds;
  record["time/update"] = facts.update_seconds;
  if (facts.await_seconds) record["time/await"] = *facts.await_seconds;
  record["speed/tokens"] =
      tokens / (facts.update_seconds +
                facts.await_seconds.value_or(sampled.rollout_seconds + sampled.score_seconds));
  record["speed/rollout_tokens"] = tokens / sampled.rollout_seconds;
  record["speed/slot_use"] = sampled.slot_use;
  record["tokens/spent"] = facts.spent.tokens;
  record["time/spent"] = facts.spent.seconds;
  if (!facts.traffic) return record;
  record["ranks/wait"] = facts.traffic->wait;
  record["ranks/exchange"] = facts.traffic->exchange;
  record["ranks/sent"] = facts.traffic->sent;
  return record;
}

Json eval_record(std::int64_t step, double seconds, const EvalReport& report) {
  Json record = {{"step", step}, {"seconds", seconds}};
  record["eval/accuracy"] = report.accuracy();
  record["eval/accuracy_low"] = report.accuracy_interval.low;
  record["eval/accuracy_high"] = report.accuracy_interval.high;
  record["eval/greedy"] = report.greedy;
  for (std::size_t i = 1; i < report.pass_at.size(); ++i)
    record[fmt::format("eval/pass_at_{}", 1 << i)] = report.pass_at[i];
  record["eval/length"] = report.length;
  record["eval/truncated"] = report.truncated;
  record["eval/failed"] = report.failed;
  record["eval/problems"] = report.problems;
  record["eval/keys"] = report.keys;
  for (const auto& [bucket, counts] : report.by_difficulty)
    record[fmt::format("eval/difficulty_{}", bucket)] = counts.first / counts.second;
  for (const auto& [source, counts] : report.by_source)
    record["eval/accuracy/" + source] = counts.first / counts.second;
  for (const auto& [reason, count] : report.reasons)
    record["eval/reasons/" + metric_word(reason)] = count / report.total;
  for (const TraitMean& trait : report.traits) record["eval/traits/" + trait.name] = trait.mean;
  return record;
}

Json episode_record(std::int64_t step, const SampledStep& sampled, std::size_t index,
                    const Task& task) {
  const ScoredCompletion& c = sampled.completions[index];
  const Item& item = sampled.items[c.item];
  Json components = Json::object();
  for (std::size_t p = 0; p < task.about().components.size(); ++p)
    components[task.about().components[p]] = c.verdict.parts[p];
  Json record = {{"step", step},
                 {"problem", c.item},
                 {"sample", c.episode.sample},
                 {"key", item.key},
                 {"prompt", item.prompt},
                 {"state", json_or_text(item.state)},
                 {"completion", c.text},
                 {"reward", c.verdict.reward},
                 {"right", c.right},
                 {"outcome", outcome_name(c.verdict.outcome)},
                 {"reason", task.reason(c.verdict)},
                 {"parts", components},
                 {"end", c.episode.end == End::eos ? "eos" : "length"},
                 {"tokens", c.episode.tokens.size()},
                 {"difficulty", item.difficulty},
                 {"kept", static_cast<bool>(sampled.kept[c.item])}};
  if (mixture_of(task) != nullptr) record["source"] = source_of(task, item.state);
  return record;
}

std::string episode_lines(std::int64_t step, const SampledStep& sampled, const Task& task) {
  std::string lines;
  for (std::size_t i = 0; i < sampled.completions.size(); ++i)
    lines += json_line(episode_record(step, sampled, i, task)) + "\n";
  return lines;
}

}  // namespace tinyzero
