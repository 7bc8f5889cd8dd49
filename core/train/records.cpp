#include "core/train/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/task/mixture.h"
#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

// "wrong value" -> "wrong_value", for names of metrics.
std::string metric_word(std::string text) {
  for (char& c : text) {
    if (!is_ascii_alphanumeric(c)) c = '_';
  }
  return text;
}

}  // namespace

Json step_record(std::int64_t step, double seconds, const SampledStep& sampled, const Task& task,
                 const LearnReport& learned, double update_seconds) {
  const double episodes = sampled.completions.size();
  double reward = 0, usable = 0, right = 0, length = 0, truncated = 0;
  std::map<std::string, double> reasons;
  std::map<std::string, std::pair<double, double>> sources;  // (right, completions)
  for (const ScoredCompletion& c : sampled.completions) {
    const bool use = is_usable(c.verdict.outcome);
    usable += use ? 1 : 0;
    reward += use ? c.verdict.reward : 0;
    right += c.right ? 1 : 0;
    length += c.episode.tokens.size();
    truncated += c.episode.end == End::length ? 1 : 0;
    reasons[task.reason(c.verdict)] += 1;
    if (const std::string source = source_of(task, sampled.items[c.item].state); !source.empty()) {
      auto& counts = sources[source];
      counts = {counts.first + (c.right ? 1 : 0), counts.second + 1};
    }
  }
  Json record = {{"step", step}, {"seconds", seconds}};
  record["train/reward"] = usable > 0 ? reward / usable : 0.0;
  record["train/accuracy"] = right / episodes;
  for (const auto& [source, counts] : sources)
    record["train/accuracy/" + source] = counts.first / counts.second;
  record["train/length"] = length / episodes;
  record["train/truncated"] = truncated / episodes;
  record["train/failed"] = 1.0 - usable / episodes;
  record["train/mixed_groups"] = mixed_share(sampled);
  record["train/sampled"] = sampled.items.size();
  record["train/kept"] = std::count(sampled.kept.begin(), sampled.kept.end(), true);
  for (const char* name : {"loss", "kl", "entropy", "gradient_norm", "logp_gap"})
    record[std::string("train/") + name] = 0.0;
  for (const auto& [name, mean] : learned.metrics.values()) record["train/" + name] = mean.value();
  record["train/learning_rate"] = learned.learning_rate;
  record["train/skipped"] = learned.skipped;
  for (const auto& [reason, count] : reasons)
    record["train/reasons/" + metric_word(reason)] = count / episodes;
  record["tokens/sampled"] = static_cast<std::int64_t>(length);
  record["tokens/trained"] = learned.trained;
  record["tokens/read"] = learned.read;
  record["time/rollout"] = sampled.rollout_seconds;
  record["time/score"] = sampled.score_seconds;
  record["time/update"] = update_seconds;
  record["speed/tokens"] =
      length / (sampled.rollout_seconds + sampled.score_seconds + update_seconds);
  record["speed/rollout_tokens"] = length / sampled.rollout_seconds;
  record["speed/slot_use"] = sampled.slot_use;
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
  return record;
}

Json episode_record(std::int64_t step, const SampledStep& sampled, std::size_t index,
                    const Task& task) {
  const ScoredCompletion& c = sampled.completions[index];
  const Item& item = sampled.items[c.item];
  Json parts = Json::object();
  for (std::size_t p = 0; p < task.about().components.size(); ++p)
    parts[task.about().components[p]] = c.verdict.parts[p];
  Json record = {{"step", step},
                 {"problem", c.item},
                 {"sample", c.episode.sample},
                 {"key", item.key},
                 {"prompt", item.prompt},
                 {"completion", c.text},
                 {"reward", c.verdict.reward},
                 {"right", c.right},
                 {"outcome", outcome_name(c.verdict.outcome)},
                 {"reason", task.reason(c.verdict)},
                 {"parts", parts},
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
