// Checks of verdicts: exact, pure and bounded.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/check/answers.h"
#include "core/check/checked_task.h"
#include "core/check/checks.h"
#include "core/plugin/task_limits.h"

namespace tinyzero {
namespace {

constexpr std::size_t kItems = 200;
constexpr std::size_t kFuzzed = 20000;

}  // namespace

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
