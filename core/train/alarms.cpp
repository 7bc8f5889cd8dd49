#include "core/train/alarms.h"

#include <fmt/format.h>

namespace tinyzero {
namespace {

constexpr double kCollapsed = 0.1;  // of the first step's entropy
constexpr double kTruncated = 0.5;  // share of completions
constexpr double kMixed = 0.05;     // share of problems
constexpr double kLonger = 2.0;     // times the first step's length
constexpr double kBetter = 1.2;     // times the first step's accuracy, for which words are worth it
constexpr double kGap = 0.01;       // between log-probs of trainer and sampler, nats

}  // namespace

bool Alarms::rises(const std::string& name, bool is_raised) {
  if (is_raised) return raised_.insert(name).second;
  raised_.erase(name);
  return false;
}

std::vector<std::string> Alarms::heard(const Json& record, bool limit_grows) {
  std::vector<std::string> out;
  const auto value = [&](const char* name) { return record.value(name, 0.0); };
  const auto first = [&](const char* name) {
    return first_.try_emplace(name, value(name)).first->second;
  };
  const double entropy = value("train/entropy");
  const double length = value("train/length");
  const double truncated = value("train/truncated");
  const double mixed = value("train/mixed_groups");
  const double gap = value("train/logp_gap");
  const double accuracy = value("train/accuracy");
  const bool has_learned = value("train/gradient_norm") > 0;  // else nothing measured the entropy
  if (has_learned && rises("entropy", entropy < kCollapsed * first("train/entropy")))
    out.push_back(fmt::format(
        "entropy collapsed: {:.3f} nats per token, {:.3f} at the first step; the policy "
        "hardly tries anything else any more. Set algorithm.entropy or a wider upper "
        "clip, or lower train.learning_rate",
        entropy, first("train/entropy")));
  if (rises("truncated", truncated > kTruncated && !limit_grows))
    out.push_back(fmt::format(
        "{:.0f} % of the completions are cut at rollout.max_tokens and earn nothing for "
        "what they would have said: raise it, or penalise length",
        100 * truncated));
  if (rises("mixed", mixed < kMixed))
    out.push_back(fmt::format(
        "{:.0f} % of the problems have samples that all earn the same and teach nothing under a "
        "group baseline, at an accuracy of {:.0f} %: take {} problems, or more rollout.samples",
        100 * (1 - mixed), 100 * accuracy, accuracy > 0.5 ? "harder" : "easier"));
  const bool may_be_longer = value("train/max_tokens") > first("train/max_tokens");
  const bool is_longer = !may_be_longer && length > kLonger * first("train/length");
  const bool is_better = accuracy > kBetter * first("train/accuracy");
  if (rises("length", is_longer && !is_better))
    out.push_back(fmt::format(
        "completions grew to {:.0f} tokens from {:.0f} at the first step, and accuracy went from "
        "{:.0f} to {:.0f} %: look at episodes/ whether the words earn anything",
        length, first("train/length"), 100 * first("train/accuracy"), 100 * accuracy));
  const bool is_corrected = record.contains("train/importance");
  if (rises("gap", gap > kGap && !is_corrected))
    out.push_back(
        fmt::format("the trainer's log-probs are {:.3g} nats from the sampler's in the mean: set "
                    "train.importance_cap: 2",
                    gap));
  return out;
}

}  // namespace tinyzero
