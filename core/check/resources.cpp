// Checks of what a task uses: time, threads, memory and files.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/base/clock.h"
#include "core/check/answers.h"
#include "core/check/checked_task.h"
#include "core/check/checks.h"
#include "tinyzero/answer.h"

namespace tinyzero {
namespace {

constexpr std::size_t kItems = 200;
constexpr std::size_t kCalls = 100000;
constexpr double kSlow = 0.010, kTooSlow = 1.0;  // seconds for one answer of a megabyte

// The fastest of several times, because other programs on the machine are not the task's fault.
double seconds_for(const Task& task, const std::vector<Answer>& answers) {
  constexpr int kTimes = 3;
  double fastest = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kTimes; ++i) {
    const Stopwatch watch;
    task.verify(answers);
    fastest = std::min(fastest, watch.seconds());
  }
  return fastest;
}

struct LongText {
  const char* name;
  std::string text;
};

// Answers of a megabyte that are slow to judge for some verifiers.
std::vector<LongText> long_texts() {
  constexpr std::size_t kMegabyte = 1 << 20;
  std::string tags;
  while (tags.size() < kMegabyte) tags += std::string(kAnswerOpen) + "\n";
  std::string sum = "1";
  while (sum.size() < kMegabyte) sum += "+1";
  return {{"blanks", std::string(kMegabyte, ' ')},
          {"a million parentheses", in_tags(std::string(kMegabyte, '('))},
          {"a million digits", in_tags(std::string(kMegabyte, '9'))},
          {"open tags", tags},
          {"open tags before a closing one", tags + std::string(kAnswerClose)},
          {"a long sum", in_tags(sum)},
          {"zero bytes", std::string(kMegabyte, '\0')}};
}

}  // namespace

CheckResult check_speed(const CheckOptions& options) {
  const Task task = open_checked(options);
  const std::vector<Item> items = task.draw(options.seed, 0, kItems);
  const std::string& state = items[0].state;
  double slowest = 0;
  const char* which = "";
  for (const auto& [name, text] : long_texts()) {
    const double seconds = seconds_for(task, {{state, text}});
    if (seconds <= slowest) continue;
    slowest = seconds;
    which = name;
  }
  AnswerSet ordinary;
  for (const Item& item : items) ordinary.add(item.state, good_answer(task, item).value_or(""));
  const double each = seconds_for(task, ordinary.answers()) / kItems;
  const std::string detail =
      fmt::format("an ordinary answer takes {:.1f} us among {}, the slowest of 1 MB {:.2f} ms ({})",
                  1e6 * each, kItems, 1e3 * slowest, which);
  require(slowest < kTooSlow, detail);
  return {slowest < kSlow ? Grade::pass : Grade::warn, detail};
}

CheckResult check_threads(const CheckOptions& options) {
  constexpr std::uint64_t kThreads = 8;
  const auto [task, worker] = open_checked(options, kReadingPlace);
  if (!task.about().is_reentrant)
    return {Grade::skip, "the task says that it is not to be called from several threads"};
  require(worker.is_same_in_threads(mixed_answers(task, options.seed, kItems).answers(), kThreads),
          "eight threads at once get other verdicts than one");
  return {Grade::pass, "eight threads draw and judge as one does"};
}

CheckResult check_leaks(const CheckOptions& options) {
  constexpr int kInstances = 200;
  constexpr double kInstanceSeconds = 30;  // a task that reads a large file makes fewer
  const auto [task, worker] = open_checked(options, kReadingPlace);
  const AnswerSet set = mixed_answers(task, options.seed, kItems);
  const auto answers = set.answers();
  const auto judge_all = [&](std::size_t calls) {
    for (std::size_t n = 0; n < calls; n += answers.size()) task.verify(answers);
  };
  judge_all(kCalls / 5);
  for (int i = 0; i < kInstances / 10; ++i) worker.create_again();
  const WorkerUse before = worker.use();
  judge_all(kCalls);
  int instances = 0;
  for (const Stopwatch watch; instances < kInstances && watch.seconds() < kInstanceSeconds;
       ++instances) {
    worker.create_again();
    task.draw(options.seed, {0});
  }
  const WorkerUse after = worker.use();
  const double grown = (1.0 * after.resident_bytes - 1.0 * before.resident_bytes) / 1e6;  // MB
  require(after.files == before.files, "the task leaves files open");
  require(after.threads == before.threads, "the task leaves threads behind");
  require(grown < 8, fmt::format("memory grows by {:.1f} MB in {} verdicts and {} instances", grown,
                                 kCalls, instances));
  return {
      Grade::pass,
      fmt::format(
          "memory grows by {:.1f} MB in {} verdicts and {} instances; no file or thread is left",
          std::max(0.0, grown), kCalls, instances)};
}

}  // namespace tinyzero
