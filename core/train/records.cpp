#include "core/train/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"

namespace tinyzero {
namespace {

// "wrong value" -> "wrong_value", for names of metrics.
std::string metric_word(std::string text) {
  for (char& c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return text;
}

// Share of problems whose usable samples have different rewards: the ones that teach.
double mixed_share(const Batch& batch) {
  struct Range {
    double low = 0, high = 0;
    bool any = false;
  };
  std::map<std::int64_t, Range> groups;
  const auto reward = batch.reward.accessor<double, 1>();
  const auto group = batch.group.accessor<std::int64_t, 1>();
  const auto usable = batch.usable.accessor<bool, 1>();
  for (std::int64_t i = 0; i < batch.episodes(); ++i) {
    Range& range = groups[group[i]];
    if (!usable[i]) continue;
    range.low = range.any ? std::min(range.low, reward[i]) : reward[i];
    range.high = range.any ? std::max(range.high, reward[i]) : reward[i];
    range.any = true;
  }
  const auto mixed = std::count_if(groups.begin(), groups.end(), [](const auto& entry) { return entry.second.low < entry.second.high; });
  return groups.empty() ? 0.0 : static_cast<double>(mixed) / static_cast<double>(groups.size());
}

}  // namespace

Json step_record(std::int64_t step, double seconds, const Batch& batch, const std::vector<ScoredCompletion>& completions, const Task& task,
                 const Metrics& update, double learning_rate, const StepTimes& times, const DecodeStatistics& decoding) {
  const double episodes = static_cast<double>(completions.size());
  double reward = 0, usable = 0, right = 0, length = 0, truncated = 0;
  std::map<std::string, double> reasons;
  for (const ScoredCompletion& c : completions) {
    const bool use = is_usable(c.verdict.outcome);
    usable += use ? 1 : 0;
    reward += use ? c.verdict.reward : 0;
    right += task.is_right(c.verdict) ? 1 : 0;
    length += static_cast<double>(c.episode.tokens.size());
    truncated += c.episode.end == End::length ? 1 : 0;
    reasons[task.reason(c.verdict)] += 1;
  }
  Json record = {{"step", step}, {"seconds", seconds}};
  record["train/reward"] = usable > 0 ? reward / usable : 0.0;
  record["train/accuracy"] = right / episodes;
  record["train/length"] = length / episodes;
  record["train/truncated"] = truncated / episodes;
  record["train/failed"] = 1.0 - usable / episodes;
  record["train/mixed_groups"] = mixed_share(batch);
  for (const char* name : {"loss", "kl", "entropy", "gradient_norm", "logp_gap"}) record[std::string("train/") + name] = 0.0;
  for (const auto& [name, mean] : update.values()) record["train/" + name] = mean.value();
  record["train/learning_rate"] = learning_rate;
  for (const auto& [reason, count] : reasons) record["train/reasons/" + metric_word(reason)] = count / episodes;
  record["time/rollout"] = times.rollout;
  record["time/score"] = times.score;
  record["time/update"] = times.update;
  record["speed/tokens"] = length / (times.rollout + times.score + times.update);
  record["speed/rollout_tokens"] = length / times.rollout;
  record["speed/slot_use"] = decoding.slot_use;
  return record;
}

Json eval_record(std::int64_t step, double seconds, const EvalReport& report) {
  Json record = {{"step", step}, {"seconds", seconds}};
  record["eval/accuracy"] = report.accuracy();
  record["eval/accuracy_low"] = report.accuracy_interval.low;
  record["eval/accuracy_high"] = report.accuracy_interval.high;
  record["eval/greedy"] = report.greedy;
  for (std::size_t i = 1; i < report.pass_at.size(); ++i) record[fmt::format("eval/pass_at_{}", 1 << i)] = report.pass_at[i];
  record["eval/length"] = report.length;
  record["eval/truncated"] = report.truncated;
  record["eval/failed"] = report.failed;
  record["eval/problems"] = report.problems;
  record["eval/keys"] = report.keys;
  for (const auto& [bucket, counts] : report.by_difficulty)
    record[fmt::format("eval/difficulty_{}", bucket)] = counts.first / counts.second;
  for (const auto& [reason, count] : report.reasons) record["eval/reasons/" + metric_word(reason)] = count / report.total;
  return record;
}

std::string episode_lines(std::int64_t step, const std::vector<Item>& items, const std::vector<ScoredCompletion>& completions,
                          const Task& task) {
  std::string lines;
  for (const ScoredCompletion& c : completions) {
    const Item& item = items[c.item];
    Json parts = Json::object();
    for (std::size_t p = 0; p < task.about().parts.size(); ++p) parts[task.about().parts[p]] = c.verdict.parts[p];
    lines += json_line({{"step", step},
                        {"problem", c.episode.prompt},
                        {"sample", c.episode.sample},
                        {"key", item.key},
                        {"prompt", item.prompt},
                        {"completion", c.text},
                        {"reward", c.verdict.reward},
                        {"outcome", outcome_name(c.verdict.outcome)},
                        {"reason", task.reason(c.verdict)},
                        {"parts", parts},
                        {"end", c.episode.end == End::eos ? "eos" : "length"},
                        {"tokens", c.episode.tokens.size()},
                        {"difficulty", item.difficulty}}) +
             "\n";
  }
  return lines;
}

void check_failures(const Batch& batch, const std::vector<ScoredCompletion>& completions, const Task& task, double most) {
  const double failed = 1.0 - batch.usable.to(at::kDouble).mean().item<double>();
  if (failed <= most) return;
  const auto first =
      std::find_if(completions.begin(), completions.end(), [](const ScoredCompletion& c) { return !is_usable(c.verdict.outcome); });
  throw Failure(fmt::format("task \"{}\" could not judge {:.0f} % of a step's episodes (train.max_failed is {:.0f} %): {}: {}",
                            task.about().id, 100 * failed, 100 * most, outcome_name(first->verdict.outcome), task.reason(first->verdict)),
                "look at the task; the last checkpoint is intact");
}

}  // namespace tinyzero
