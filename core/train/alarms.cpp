#include "core/train/alarms.h"

#include <fmt/format.h>

namespace tinyzero {
namespace {

constexpr double kCollapsed = 0.1;  // entropy, of the first step's
constexpr double kTruncated = 0.5;  // share of completions
constexpr double kMixed = 0.05;     // share of problems
constexpr double kLonger = 2.0;     // length, of the first step's
constexpr double kGap = 0.01;       // log-probs of trainer and sampler, nats

}  // namespace

void Alarms::tell(const std::string& name, bool raised, const std::string& words,
                  std::vector<std::string>& out) {
  if (raised && raised_.insert(name).second) out.push_back(words);
  if (!raised) raised_.erase(name);
}

std::vector<std::string> Alarms::heard(const Json& record) {
  std::vector<std::string> out;
  const auto of = [&](const char* name) { return record.value(name, 0.0); };
  const auto first = [&](const char* name) {
    return first_.try_emplace(name, of(name)).first->second;
  };
  const double entropy = of("train/entropy"), length = of("train/length"),
               truncated = of("train/truncated"), mixed = of("train/mixed_groups"),
               gap = of("train/logp_gap"), accuracy = of("train/accuracy");
  const bool learned = record.contains("train/gradient_norm") && of("train/gradient_norm") > 0;
  if (learned) {
    tell("entropy", entropy < kCollapsed * first("train/entropy"),
         fmt::format("entropy collapsed: {:.3f} nats a token, {:.3f} at the first step; the policy "
                     "hardly tries anything else any more. Set algorithm.entropy or a wider upper "
                     "clip, or lower train.learning_rate",
                     entropy, first("train/entropy")),
         out);
  }
  tell("truncated", truncated > kTruncated,
       fmt::format("{:.0f} % of the completions are cut at rollout.max_tokens and earn nothing for "
                   "what they would have said: raise it, or penalise length",
                   100 * truncated),
       out);
  tell("mixed", mixed < kMixed,
       fmt::format(
           "{:.0f} % of the problems have samples that all earn the same and teach nothing under a "
           "group baseline, at an accuracy of {:.0f} %: take {} problems, or more rollout.samples",
           100 * (1 - mixed), 100 * accuracy, accuracy > 0.5 ? "harder" : "easier"),
       out);
  tell("length", length > kLonger * first("train/length"),
       fmt::format("completions grew to {:.0f} tokens from {:.0f} at the first step: look at "
                   "episodes/ whether the words earn anything",
                   length, first("train/length")),
       out);
  tell("gap", gap > kGap,
       fmt::format("the trainer's log-probs are {:.3g} nats from the sampler's in the mean: set "
                   "train.importance_cap: 2",
                   gap),
       out);
  return out;
}

}  // namespace tinyzero
