#include "core/cli/paired_verdicts.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/cli/completion_text.h"
#include "core/cli/episode_totals.h"
#include "core/cli/terminal.h"

namespace tinyzero {
namespace {

constexpr std::size_t kReasonColumns = 28;
constexpr std::int64_t kExamplesOfAKind = 2;

Json verdict_json(const RecordedVerdict& verdict) {
  return {{"outcome", verdict.outcome},
          {"reason", verdict.reason},
          {"reward", verdict.reward},
          {"right", verdict.right}};
}

}  // namespace

void PairedVerdicts::add(const RecordedVerdict& before, const RecordedVerdict& after, Json record) {
  ++completions_;
  before_.right += before.right;
  before_.reward += before.reward;
  after_.right += after.right;
  after_.reward += after.reward;
  gained_ += after.right && !before.right;
  lost_ += before.right && !after.right;
  const bool is_changed = before != after;
  changed_ += is_changed;
  Change& change = changes_[{before.reason, after.reason}];
  ++change.count;
  change.before += before.reward;
  change.after += after.reward;
  change.changes = change.changes || is_changed;
  if (is_changed && change.count <= kExamplesOfAKind && std::ssize(examples_) < most_examples_)
    examples_.push_back({before, after, std::move(record)});
}

// Changes first, the most frequent first.
std::vector<std::pair<std::pair<std::string, std::string>, PairedVerdicts::Change>>
PairedVerdicts::rows() const {
  std::vector<std::pair<std::pair<std::string, std::string>, Change>> out(changes_.begin(),
                                                                          changes_.end());
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.changes, a.second.count) >
           std::pair(b.second.changes, b.second.count);
  });
  return out;
}

Json PairedVerdicts::json() const {
  const auto side = [&](const Side& s) {
    const double all = std::max<double>(1, static_cast<double>(completions_));
    return Json{{"right", s.right / all}, {"reward", s.reward / all}};
  };
  Json verdicts = Json::array(), examples = Json::array();
  for (const auto& [reasons, change] : rows()) {
    const double count = static_cast<double>(change.count);
    verdicts.push_back({{"before", reasons.first},
                        {"after", reasons.second},
                        {"count", change.count},
                        {"reward_before", change.before / count},
                        {"reward_after", change.after / count}});
  }
  for (const Example& example : examples_)
    examples.push_back({{"before", verdict_json(example.before)},
                        {"after", verdict_json(example.after)},
                        {"record", example.record}});
  return {{"completions", completions_}, {"changed", changed_},     {"became_right", gained_},
          {"no_longer_right", lost_},    {"before", side(before_)}, {"after", side(after_)},
          {"verdicts", verdicts},        {"examples", examples}};
}

std::string PairedVerdicts::table() const {
  std::string out = fmt::format("{:<{}}  {:<{}} {:>9}  {}\n", "before", kReasonColumns, "after",
                                kReasonColumns, "count", "mean reward");
  for (const auto& [reasons, change] : rows()) {
    const double count = static_cast<double>(change.count);
    out += fmt::format("{:<{}}  {:<{}} {:>9}  {:.3g}{}\n", reason_word(reasons.first),
                       kReasonColumns, reason_word(reasons.second), kReasonColumns, change.count,
                       change.before / count,
                       change.changes ? fmt::format(" -> {:.3g}", change.after / count) : "");
  }
  return out;
}

std::string PairedVerdicts::text(std::size_t columns) const {
  const double all = std::max<double>(1, static_cast<double>(completions_));
  std::string out = fmt::format(
      "{} completions · right {:.1f} % -> {:.1f} % · reward {:.4g} -> {:.4g}\n"
      "{} verdicts change: {} become right, {} are no longer right\n\n",
      completions_, 100 * before_.right / all, 100 * after_.right / all, before_.reward / all,
      after_.reward / all, changed_, gained_, lost_);
  out += table();
  for (const Example& example : examples_)
    out += fmt::format("\n{} (reward {:g}) -> {} (reward {:g})\n{}",
                       reason_word(example.before.reason), example.before.reward,
                       reason_word(example.after.reason), example.after.reward,
                       completion_text(example.record, columns));
  return out;
}

}  // namespace tinyzero
