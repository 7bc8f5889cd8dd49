#include "core/train/alarms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tinyzero {
namespace {

constexpr double kCollapsed = 0.1;  // of the first step's entropy
constexpr double kTruncated = 0.5;  // share of completions
constexpr double kMixed = 0.05;     // share of problems
constexpr double kLonger = 2.0;     // times the first step's length
constexpr double kBetter = 1.2;     // times the first step's accuracy, for which words are worth it
constexpr double kGap = 0.01;       // between log-probs of trainer and sampler, nats

// Sums over the steps until the one at which a run must have learned.
constexpr std::int64_t kJudged = 20;  // the step
constexpr const char* kCount = "judged steps";
constexpr const char* kSum = "accuracy of the judged steps";
constexpr const char* kByStep = "accuracy times step of the judged steps";
constexpr const char* kSquares = "squared accuracy of the judged steps";
constexpr const char* kSignal = "gradient signal of the judged steps";
constexpr double kLittleSignal = 0.1;  // share of the squared gradient
constexpr double kSolved = 0.95;       // accuracy that leaves nothing to learn
constexpr double kFewMixed = 0.1;      // share of problems
constexpr double kManyCut = 0.3;       // share of completions
constexpr double kLess = 0.5;          // of the first step's entropy
constexpr double kMore = 1.5;
constexpr double kFlat = 1e-9;  // a slope that only rounding has made

double value_of(const Json& record, const std::string& name) { return record.value(name, 0.0); }

bool has_levels(const Json& record) {
  for (const auto& [name, value] : record.items()) {
    if (name.starts_with("curriculum/")) return true;
  }
  return false;
}

}  // namespace

double Alarms::first(const Json& record, const std::string& name) {
  return first_.try_emplace(name, value_of(record, name)).first->second;
}

std::string Alarms::cause(const Json& record) {
  const double mixed = value_of(record, "train/mixed_groups");
  const double truncated = value_of(record, "train/truncated");
  const double entropy = value_of(record, "train/entropy");
  const double before = first(record, "train/entropy");
  if (mixed < kFewMixed)
    return fmt::format(
        "only {:.0f} % of the problems have samples that earn different rewards, and the others "
        "teach nothing under a group baseline: take easier problems first (levels), or more "
        "rollout.samples",
        100 * mixed);
  if (truncated > kManyCut)
    return fmt::format("{:.0f} % of the completions are cut: raise rollout.max_tokens",
                       100 * truncated);
  if (entropy < kLess * before)
    return fmt::format(
        "entropy fell from {:.3f} to {:.3f} nats per token, so less and less is tried: lower "
        "train.learning_rate, or reward entropy",
        before, entropy);
  if (entropy > kMore * before)
    return fmt::format(
        "entropy rose from {:.3f} to {:.3f} nats per token, so the updates undo what the model "
        "knew: lower train.learning_rate",
        before, entropy);
  const double signal = first_[kSignal] / first_[kCount];
  if (signal < kLittleSignal)
    return fmt::format(
        "the updates are mostly noise: their problems agree on {:.0f} % of the squared gradient. "
        "Raise rollout.prompts or rollout.samples, or lower train.learning_rate so that more steps "
        "are averaged",
        100 * std::max(signal, 0.0));
  return fmt::format(
      "problems agree on {:.0f} % of the squared gradient, but following it does not pay yet: "
      "raise train.learning_rate, or give it more steps",
      100 * signal);
}

// The line through the accuracies of the steps must rise by more than one standard error of its
// slope. That names five of six runs that stand still, and one of six that rise by two standard
// errors.
std::string Alarms::not_learning(const Json& record) {
  const std::int64_t step = record.value("step", std::int64_t{0});
  if (step > kJudged) return "";
  const double y = value_of(record, "train/accuracy"), x = static_cast<double>(step);
  first_[kCount] += 1;
  first_[kSum] += y;
  first_[kByStep] += x * y;
  first_[kSquares] += y * y;
  first_[kSignal] += value_of(record, "train/gradient_signal");
  const double n = first_[kCount];
  if (step != kJudged || n != kJudged || has_levels(record)) return "";
  const double mean = first_[kSum] / n;
  const double spread = n * (n * n - 1) / 12;  // of the steps 1 to n
  const double slope = (first_[kByStep] - (n + 1) / 2 * first_[kSum]) / spread;
  const double scatter = first_[kSquares] - n * mean * mean - slope * slope * spread;
  const double error = std::sqrt(std::max(scatter, 0.0) / (n - 2) / spread);
  if (mean >= kSolved || slope > error + kFlat) return "";
  return fmt::format(
      "over {} steps {:.1f} % of the completions were right, with a rise of {:.2f} ± {:.2f} points "
      "a step: nothing that stands out from noise. If this run does not learn, the likeliest "
      "cause: {}",
      step, 100 * mean, 100 * slope, 100 * error, cause(record));
}

bool Alarms::rises(const std::string& name, bool is_raised) {
  if (is_raised) return raised_.insert(name).second;
  raised_.erase(name);
  return false;
}

std::vector<std::string> Alarms::heard(const Json& record, const AlarmContext& context) {
  std::vector<std::string> out;
  const auto value = [&](const char* name) { return value_of(record, name); };
  const auto first = [&](const char* name) { return this->first(record, name); };
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
  if (rises("truncated", truncated > kTruncated && !context.limit_grows))
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
  const std::string words = context.judges_learning ? not_learning(record) : "";
  if (!words.empty()) out.push_back(words);
  return out;
}

}  // namespace tinyzero
