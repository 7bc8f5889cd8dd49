// Checks of verdicts: exact, pure, bounded, and not to be had for less than an answer.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <optional>

#include "core/base/error.h"
#include "core/check/checks.h"
#include "core/plugin/worker/worker_task.h"
#include "tinyzero/answer.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::size_t kItems = 200;
constexpr std::size_t kFuzzed = 20000;
constexpr std::size_t kCalls = 100000;
constexpr double kSlow = 0.010, kTooSlow = 1.0;  // seconds for one answer of a megabyte

std::string in_tags(const std::string& answer) {
  return std::string(kAnswerOpen) + answer + std::string(kAnswerClose);
}

// A solution if there is one, else a demonstration, else nothing.
std::optional<std::string> good_answer(const Task& task, const Item& item) {
  if (task.can_solve()) {
    if (const auto solution = task.solve(item.state)) return solution;
  }
  if (task.can_demonstrate()) return task.demonstrate(item.state, 1, item.index);
  return std::nullopt;
}

// Every run of digits of a text, separated by blanks.
std::string numbers_of(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (digit) out += text[i];
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  return out;
}

std::string text_of(const Verdict& v) {
  std::string out =
      fmt::format("{} {} {}", v.reward, static_cast<std::uint32_t>(v.outcome), v.reason);
  for (const double part : v.parts) out += fmt::format(" {}", part);
  return out + " " + v.detail + "\n";
}

std::string text_of(const std::vector<Verdict>& verdicts) {
  std::string out;
  for (const Verdict& verdict : verdicts) out += text_of(verdict);
  return out;
}

// Answers of every kind to the items: right, wrong, damaged, none.
struct AnswerSet {
  std::vector<std::string> states, completions;
  std::vector<Answer> answers() const {
    std::vector<Answer> out;
    for (std::size_t i = 0; i < states.size(); ++i) out.push_back({states[i], completions[i]});
    return out;
  }
  void add(const std::string& state, std::string completion) {
    states.push_back(state);
    completions.push_back(std::move(completion));
  }
};

// One of the texts that have broken verifiers, drawn and damaged at random.
std::string hostile_text(const std::string& good, Rng& rng) {
  std::string text;
  switch (rng.below(8)) {
    case 0:
      for (std::uint64_t n = rng.below(200); n > 0; --n) text += static_cast<char>(rng.next());
      return in_tags(text);
    case 1:
      return in_tags(std::string(rng.below(3000), '(') + "1" + std::string(rng.below(3000), ')'));
    case 2:
      return in_tags(std::string(1 + rng.below(5000), static_cast<char>('0' + rng.below(10))));
    case 3:
      for (std::uint64_t n = rng.below(60); n > 0; --n)
        text += rng.chance(0.5) ? kAnswerOpen : kAnswerClose;
      return text;
    case 4: return in_tags("9**9**9") + std::string(1, '\0') + "\xFF\xC0\x80\xED\xA0\x80";
    default:
      text = good;
      for (std::uint64_t n = 1 + rng.below(4); n > 0 && !text.empty(); --n) {
        const std::size_t at = rng.below(text.size());
        if (rng.chance(0.3)) text.erase(at, 1);
        else if (rng.chance(0.5)) text.insert(at, 1, static_cast<char>(32 + rng.below(96)));
        else text[at] = static_cast<char>(rng.next());
      }
      return text;
  }
}

std::string damaged(std::string state, Rng& rng) {
  for (std::uint64_t n = 1 + rng.below(3); n > 0 && !state.empty(); --n) {
    if (rng.chance(0.3)) state.resize(rng.below(state.size()));
    else state[rng.below(state.size())] = static_cast<char>(rng.next());
  }
  return state;
}

AnswerSet mixed_answers(const Task& task, std::uint64_t seed) {
  AnswerSet set;
  Rng rng(seed, {1});
  for (const Item& item : task.draw(seed, 0, kItems)) {
    const std::string good = good_answer(task, item).value_or(in_tags("1"));
    set.add(item.state, good);
    set.add(item.state, hostile_text(good, rng));
    set.add(item.state, "");
  }
  return set;
}

void check_verdict(const Task& task, const Verdict& v, const std::string& completion) {
  require(v.outcome != Outcome::error,
          "the task fails on the answer " + shown(completion) + ": " + task.reason(v));
  require(v.reason < task.about().reasons.size(),
          fmt::format("reason {} of {} for the answer {}", v.reason, task.about().reasons.size(),
                      shown(completion)));
  for (const double part : v.parts)
    require(std::isfinite(part), "a part of the reward of " + shown(completion) + " is not finite");
}

// The fastest of a few times: the way to the worker and what else runs on the machine are no fault
// of the task.
double seconds_for(const Task& task, const std::vector<Answer>& answers) {
  constexpr int kTimes = 3;
  double fastest = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kTimes; ++i) {
    const auto start = std::chrono::steady_clock::now();
    task.verify(answers);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    fastest = std::min(fastest, elapsed.count());
  }
  return fastest;
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
    for (const Item& item : items)
      right += task.is_right(task.verify({{item.state, cheat(item)}}).front()) ? 1 : 0;
    // A problem may happen to be its own answer: sorting what is sorted.
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
  std::map<std::string, std::size_t> counts;
  for (const Item& item : items) {
    answers.push_back(good_answer(task, item).value_or(""));
    ++counts[answers.back()];
  }
  if (answers.front().empty())
    return {Grade::skip, "the task has neither solver nor demonstrations to guess with"};
  std::size_t others = 0;
  for (std::size_t i = 0; i < kItems; ++i)
    others +=
        task.is_right(task.verify({{items[i].state, answers[(i + 1) % kItems]}}).front()) ? 1 : 0;
  std::size_t best = 0;
  std::string best_answer;
  for (const auto& [answer, count] : counts) {
    std::size_t right = 0;
    if (counts.size() > 50 && count * 50 < kItems) continue;  // cannot be right often
    for (const Item& item : items)
      right += task.is_right(task.verify({{item.state, answer}}).front()) ? 1 : 0;
    if (right <= best) continue;
    best = right;
    best_answer = answer;
  }
  const double guess = 100.0 * static_cast<double>(others) / kItems,
               constant = 100.0 * static_cast<double>(best) / kItems;
  const std::string detail = fmt::format(
      "the answer of another problem is right in {:.1f} %, the best constant answer {} in {:.1f} %",
      guess, shown(best_answer), constant);
  const bool open = guess > 20 || constant > 20;
  return {open ? Grade::warn : Grade::pass,
          detail + (open ? ": a model can earn that without reading the problem" : "")};
}

CheckResult check_verdicts(const CheckOptions& options) {
  const Task task = open_checked(options), other = open_checked(options);
  const AnswerSet set = mixed_answers(task, options.seed);
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

// As a run judges: there the task can only compute.
CheckResult check_worker(const CheckOptions& options) {
  const Task computing = open_checked(options, WorkerPlace{}).task;
  const AnswerSet set = mixed_answers(computing, options.seed);
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
      refused += task.verify({{damaged(items[at].state, rng), completion}}).front().outcome ==
                         Outcome::error
                     ? 1
                     : 0;
      continue;
    }
    check_verdict(task, task.verify({{items[at].state, completion}}).front(), completion);
  }
  require(text_of(task.verify({{items[0].state, good[0]}})) == before,
          "after hostile answers the same answer gets another verdict");
  return {Grade::pass,
          fmt::format("{} hostile answers judged, {} damaged states refused", kFuzzed, refused)};
}

CheckResult check_speed(const CheckOptions& options) {
  const Task task = open_checked(options);
  const std::vector<Item> items = task.draw(options.seed, 0, kItems);
  const std::string& state = items[0].state;
  constexpr std::size_t kMegabyte = 1 << 20;
  std::string tags;
  while (tags.size() < kMegabyte) tags += std::string(kAnswerOpen) + "\n";
  const std::pair<const char*, std::string> texts[] = {
      {"blanks", std::string(kMegabyte, ' ')},
      {"a million parentheses", in_tags(std::string(kMegabyte, '('))},
      {"a million digits", in_tags(std::string(kMegabyte, '9'))},
      {"open tags", tags},
      {"open tags before a closing one", tags + std::string(kAnswerClose)},
      {"a long sum", in_tags([] {
         std::string sum = "1";
         while (sum.size() < kMegabyte) sum += "+1";
         return sum;
       }())},
      {"zero bytes", std::string(kMegabyte, '\0')},
  };
  double slowest = 0;
  const char* which = "";
  for (const auto& [name, text] : texts) {
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
  require(worker.is_same_in_threads(mixed_answers(task, options.seed).answers(), kThreads),
          "eight threads at once get other verdicts than one");
  return {Grade::pass, "eight threads draw and judge as one does"};
}

CheckResult check_leaks(const CheckOptions& options) {
  constexpr int kInstances = 200;
  const auto [task, worker] = open_checked(options, kReadingPlace);
  const AnswerSet set = mixed_answers(task, options.seed);
  const auto answers = set.answers();
  const auto judge_all = [&](std::size_t calls) {
    for (std::size_t n = 0; n < calls; n += answers.size()) task.verify(answers);
  };
  judge_all(kCalls / 5);
  for (int i = 0; i < kInstances / 10; ++i) worker.create_again();
  const WorkerUse before = worker.use();
  judge_all(kCalls);
  for (int i = 0; i < kInstances; ++i) {
    worker.create_again();
    task.draw(options.seed, {0});
  }
  const WorkerUse after = worker.use();
  const double grown =
      (static_cast<double>(after.resident_bytes) - static_cast<double>(before.resident_bytes)) /
      1e6;
  require(after.files == before.files, "the task leaves files open");
  require(after.threads == before.threads, "the task leaves threads behind");
  require(grown < 8, fmt::format("memory grows by {:.1f} MB in {} verdicts and {} instances", grown,
                                 kCalls, kInstances));
  return {
      Grade::pass,
      fmt::format(
          "memory grows by {:.1f} MB in {} verdicts and {} instances; no file or thread is left",
          std::max(0.0, grown), kCalls, kInstances)};
}

}  // namespace tinyzero
