// Checks of verdicts: exact, pure, bounded, and not earned without an answer.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "core/check/answers.h"
#include "core/check/checked_task.h"
#include "core/check/checks.h"
#include "core/plugin/task_limits.h"

namespace tinyzero {
namespace {

constexpr std::size_t kItems = 200;
constexpr std::size_t kFuzzed = 20000;

void check_verdict(const Task& task, const Verdict& v, const std::string& completion) {
  require(v.outcome != Outcome::error,
          "the task fails on the answer " + shown(completion) + ": " + task.reason(v));
  require(v.reason < task.about().reasons.size(),
          fmt::format("reason {} of {} for the answer {}", v.reason, task.about().reasons.size(),
                      shown(completion)));
  for (const double part : v.parts)
    require(std::isfinite(part), "a reward component of " + shown(completion) + " is not finite");
}

bool is_right(const Task& task, const Item& item, const std::string& completion) {
  return task.is_right(task.verify({{item.state, completion}}).front());
}

std::size_t count_right(const Task& task, const std::vector<Item>& items,
                        const std::string& completion) {
  return std::count_if(items.begin(), items.end(),
                       [&](const Item& item) { return is_right(task, item, completion); });
}

// The good answer that is right for most problems, and for how many.
struct ConstantAnswer {
  std::string text;
  std::size_t right = 0;
};

ConstantAnswer best_constant(const Task& task, const std::vector<Item>& items,
                             const std::vector<std::string>& answers) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& answer : answers) ++counts[answer];
  ConstantAnswer best;
  for (const auto& [answer, count] : counts) {
    if (counts.size() > 50 && count * 50 < items.size()) continue;  // cannot be right often
    const std::size_t right = count_right(task, items, answer);
    if (right > best.right) best = {answer, right};
  }
  return best;
}

}  // namespace

CheckResult check_cheats(const CheckOptions& options) {
  const Task task = open_checked(options);
  const std::vector<Item> items = task.draw(options.seed, 0, kItems);
  const std::pair<const char*, std::string (*)(const Item&)> cheats[] = {
      {"an empty completion", [](const Item&) { return std::string(); }},
      {"blanks", [](const Item&) { return std::string(" \n\t "); }},
      {"an empty answer", [](const Item&) { return in_tags(""); }},
      {"an answer of blanks", [](const Item&) { return in_tags(" \n "); }},
      {"the prompt", [](const Item& i) { return i.prompt; }},
      {"the prompt as the answer", [](const Item& i) { return in_tags(i.prompt); }},
      {"every number of the prompt as the answer",
       [](const Item& i) { return in_tags(numbers_of(i.prompt)); }},
      {"the word \"correct\" as the answer", [](const Item&) { return in_tags("correct"); }},
  };
  for (const auto& [name, cheat] : cheats) {
    std::size_t right = 0;
    for (const Item& item : items) right += is_right(task, item, cheat(item)) ? 1 : 0;
    // A problem may happen to contain its answer: words that are sorted already.
    require(right <= kItems / 20,
            fmt::format("{} earns the full reward in {} of {} problems", name, right, kItems));
  }
  return {Grade::pass, fmt::format("{} ways to answer without solving, on {} problems each",
                                   std::size(cheats), kItems)};
}

CheckResult check_guesses(const CheckOptions& options) {
  const Task task = open_checked(options);
  const std::vector<Item> items = task.draw(options.seed, 0, kItems);
  std::vector<std::string> answers;
  for (const Item& item : items) answers.push_back(good_answer(task, item).value_or(""));
  if (answers.front().empty())
    return {Grade::skip, "the task has neither solver nor demonstrations to guess with"};
  std::size_t others = 0;
  for (std::size_t i = 0; i < kItems; ++i)
    others += is_right(task, items[i], answers[(i + 1) % kItems]) ? 1 : 0;
  const ConstantAnswer best = best_constant(task, items, answers);
  const double other = 100.0 * others / kItems;
  const double constant = 100.0 * best.right / kItems;
  const std::string detail = fmt::format(
      "the answer of another problem is right in {:.1f} %, the best constant answer {} in {:.1f} %",
      other, shown(best.text), constant);
  const bool open = other > 20 || constant > 20;
  return {open ? Grade::warn : Grade::pass,
          detail + (open ? ": a model can earn that without reading the problem" : "")};
}

CheckResult check_verdicts(const CheckOptions& options) {
  const Task task = open_checked(options);
  const Task other = open_checked(options);
  const AnswerSet set = mixed_answers(task, options.seed, kItems);
  const auto answers = set.answers();
  const std::vector<Verdict> verdicts = task.verify(answers);
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    check_verdict(task, verdicts[i], set.completions[i]);
  const std::string together = text_of(verdicts);
  require(text_of(task.verify(answers)) == together,
          "the same answers a second time get other verdicts");
  require(text_of(other.verify(answers)) == together, "a second instance gives other verdicts");
  std::string alone;
  for (const Answer& answer : answers) alone += text_of(task.verify({answer}));
  require(alone == together, "answers judged one at a time get other verdicts than together");
  auto backwards = task.verify({answers.rbegin(), answers.rend()});
  std::reverse(backwards.begin(), backwards.end());
  require(text_of(backwards) == together, "answers judged in another order get other verdicts");
  return {
      Grade::pass,
      fmt::format("{} verdicts in range, the same twice, alone, backwards and in another instance",
                  answers.size())};
}

// Judges as a run does, where the task can only compute.
CheckResult check_worker(const CheckOptions& options) {
  const Task computing = open_checked(options, WorkerPlace{}).task;
  const AnswerSet set = mixed_answers(computing, options.seed, kItems);
  const std::vector<Verdict> verdicts = computing.verify(set.answers());
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    check_verdict(computing, verdicts[i], set.completions[i]);
  require(text_of(open_checked(options).verify(set.answers())) == text_of(verdicts),
          "a worker that can only compute gives other verdicts than one that may read files");
  return {Grade::pass,
          fmt::format("{} verdicts of a worker that can only compute; no system call was forbidden",
                      verdicts.size())};
}

CheckResult check_fuzz(const CheckOptions& options) {
  const Task task = open_checked(options);
  const std::vector<Item> items = task.draw(options.seed, 0, kItems);
  std::vector<std::string> good;
  for (const Item& item : items) good.push_back(good_answer(task, item).value_or(in_tags("1")));
  const std::string before = text_of(task.verify({{items[0].state, good[0]}}));
  Rng rng(options.seed, {2});
  std::size_t refused = 0;
  for (std::size_t i = 0; i < kFuzzed; ++i) {
    const std::size_t at = i % kItems;
    const std::string completion = hostile_text(good[at], rng);
    if (i % 4 == 0) {  // a damaged state may be an error, but nothing worse
      const std::string state = damaged(items[at].state, rng);
      const Verdict verdict = task.verify({{state, completion}}).front();
      refused += verdict.outcome == Outcome::error ? 1 : 0;
      continue;
    }
    check_verdict(task, task.verify({{items[at].state, completion}}).front(), completion);
  }
  require(text_of(task.verify({{items[0].state, good[0]}})) == before,
          "after hostile answers the same answer gets another verdict");
  return {Grade::pass,
          fmt::format("{} hostile answers judged, {} damaged states refused", kFuzzed, refused)};
}

}  // namespace tinyzero
