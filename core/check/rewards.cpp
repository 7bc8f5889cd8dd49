// Checks of rewards: that none is earned without solving the problem.

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>

#include "core/check/answers.h"
#include "core/check/checked_task.h"
#include "core/check/checks.h"
#include "core/plugin/task_limits.h"

namespace tinyzero {
namespace {

constexpr std::size_t kItems = 200;
constexpr std::size_t kLongText = std::size_t{1} << 20;  // bytes
constexpr double kChance = 0.05;  // a problem may happen to contain its answer
constexpr double kOften = 0.2;    // a guess that a model would learn
constexpr double kAlways = 0.95;
constexpr double kFewPairs = 20;
constexpr double kMuchForForm = 0.3;  // share of the full reward

using Answering = std::function<std::string(const Item&)>;

std::vector<Verdict> verdicts_of(const Task& task, const std::vector<Item>& items,
                                 const Answering& answer) {
  AnswerSet set;
  for (const Item& item : items) set.add(item.state, answer(item));
  std::vector<Verdict> verdicts = task.verify(set.answers());
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    check_verdict(task, verdicts[i], set.completions[i]);
  return verdicts;
}

double share_right(const Task& task, const std::vector<Item>& items, const Answering& answer) {
  const std::vector<Verdict> verdicts = verdicts_of(task, items, answer);
  const double right = std::count_if(verdicts.begin(), verdicts.end(),
                                     [&](const Verdict& v) { return task.is_right(v); });
  return right / static_cast<double>(items.size());
}

// The good answer that is right for most problems, and for which share.
struct ConstantAnswer {
  std::string text;
  double right = 0;
};

ConstantAnswer best_constant(const Task& task, const std::vector<Item>& items,
                             const std::vector<std::string>& answers) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& answer : answers) ++counts[answer];
  ConstantAnswer best;
  for (const auto& [answer, count] : counts) {
    if (counts.size() > 50 && count * 50 < items.size()) continue;  // cannot be right often
    const double right = share_right(task, items, [&](const Item&) { return answer; });
    if (right > best.right) best = {answer, right};
  }
  return best;
}

// The ways in which an answer may be written.
std::vector<std::string> forms_of(const std::string& answer) {
  return {answer, in_tags(answer), "\\boxed{" + answer + "}"};
}

// The largest share of problems for which a text is right, in any form.
double share_right_of(const Task& task, const std::vector<Item>& items, const std::string& text) {
  double most = 0;
  for (const std::string& form : forms_of(text))
    most = std::max(most, share_right(task, items, [&](const Item&) { return form; }));
  return most;
}

std::string earns(const std::string& text, double share) {
  return fmt::format("{} earns the full reward in {:.1f} % of the problems", shown(text),
                     100 * share);
}

// Problems, each with a right answer of its own, as good_answer gives it.
struct Solved {
  std::vector<Item> items;
  std::vector<std::string> answers;
};

Solved solved_items(const Task& task, std::uint64_t seed) {
  Solved out;
  for (Item& item : task.draw(seed, 0, kItems)) {
    std::optional<std::string> answer = good_answer(task, item);
    if (!answer || !task.is_right(task.verify({{item.state, *answer}}).front())) continue;
    out.items.push_back(std::move(item));
    out.answers.push_back(std::move(*answer));
  }
  return out;
}

// The least that an empty answer earns: what lies above it, a wrong answer earns for its form.
double formless_reward(const Task& task, const std::vector<Item>& items) {
  AnswerSet set;
  for (const Item& item : items) set.add(item.state, "");
  std::optional<double> least;
  for (const Verdict& verdict : task.verify(set.answers())) {
    if (is_usable(verdict.outcome) && !task.is_right(verdict))
      least = std::min(least.value_or(verdict.reward), verdict.reward);
  }
  return least.value_or(std::clamp(0.0, task.about().reward_min, task.about().reward_full));
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
      {"an empty box", [](const Item&) { return std::string("\\boxed{}"); }},
      {"the prompt", [](const Item& i) { return i.prompt; }},
      {"the prompt as the answer", [](const Item& i) { return in_tags(i.prompt); }},
      {"the prompt in a box", [](const Item& i) { return "\\boxed{" + i.prompt + "}"; }},
      {"every number of the prompt as the answer",
       [](const Item& i) { return in_tags(numbers_of(i.prompt)); }},
      {"the word \"correct\" as the answer", [](const Item&) { return in_tags("correct"); }},
  };
  for (const auto& [name, cheat] : cheats) {
    const double right = share_right(task, items, cheat);
    require(right <= kChance, fmt::format("{} earns the full reward in {:.0f} of {} problems", name,
                                          right * kItems, kItems));
  }
  return {Grade::pass, fmt::format("{} ways to answer without solving, on {} problems each",
                                   std::size(cheats), kItems)};
}

CheckResult check_constants(const CheckOptions& options) {
  const Task task = open_checked(options);
  const std::vector<Item> items = task.draw(options.seed, 0, kItems);
  const std::string never_right[] = {"nan", "inf", "-inf", "banana", std::string(kLongText, 'a')};
  for (const std::string& text : never_right) {
    // A long text takes long to hand over: a few problems are enough.
    const bool is_long = text.size() == kLongText;
    const std::vector<Item> asked(items.begin(), is_long ? items.begin() + 5 : items.end());
    const double right = share_right_of(task, asked, text);
    require(right <= kChance, earns(text, right));
  }
  const std::string plausible[] = {"0",  "1",   "-1",   "True", "False", "true", "false",
                                   "no", "yes", "None", "null", "[]",    "{}",   "A"};
  ConstantAnswer best;
  for (const std::string& text : plausible) {
    const double right = share_right_of(task, items, text);
    require(right < kAlways, earns(text, right));
    if (right > best.right) best = {text, right};
  }
  const std::string tried = fmt::format("{} constant answers in three forms",
                                        std::size(never_right) + std::size(plausible));
  if (best.right == 0) return {Grade::pass, tried + ", none ever right"};
  return {best.right > kOften ? Grade::warn : Grade::pass,
          tried + "; the best is " + earns(best.text, best.right)};
}

CheckResult check_guesses(const CheckOptions& options) {
  const Task task = open_checked(options);
  const std::vector<Item> items = task.draw(options.seed, 0, kItems);
  std::vector<std::string> answers;
  for (const Item& item : items) answers.push_back(good_answer(task, item).value_or(""));
  if (answers.front().empty())
    return {Grade::skip, "the task has neither solver nor demonstrations to guess with"};
  const std::size_t first = items.front().index;
  const double other = share_right(
      task, items, [&](const Item& item) { return answers[(item.index - first + 1) % kItems]; });
  const ConstantAnswer best = best_constant(task, items, answers);
  const std::string detail = fmt::format(
      "the answer of another problem is right in {:.1f} %, the best constant answer {} in {:.1f} %",
      100 * other, shown(best.text), 100 * best.right);
  const bool open = other > kOften || best.right > kOften;
  return {open ? Grade::warn : Grade::pass,
          detail + (open ? ": a model can earn that without reading the problem" : "")};
}

// A verifier that does not compare an answer with its problem pays for another problem's answer.
CheckResult check_others(const CheckOptions& options) {
  const Task task = open_checked(options);
  const Solved solved = solved_items(task, options.seed);
  AnswerSet set;
  for (std::size_t i = 0; i < solved.items.size(); ++i) {
    const std::string& other = solved.answers[(i + 1) % solved.answers.size()];
    if (other != solved.answers[i]) set.add(solved.items[i].state, other);
  }
  const double pairs = set.states.size();
  if (pairs < kFewPairs)
    return {Grade::skip, fmt::format("only {} problems have a right answer that differs from the "
                                     "next problem's",
                                     pairs)};
  const std::vector<Verdict> verdicts = task.verify(set.answers());
  const double right = std::count_if(verdicts.begin(), verdicts.end(),
                                     [&](const Verdict& v) { return task.is_right(v); });
  const std::string detail = fmt::format(
      "of {} answers to other problems that differ from the problem's own, {} are right", pairs,
      right);
  require(right <= pairs / 2, detail + ": the verifier does not look at the problem");
  return {right > kOften * pairs ? Grade::warn : Grade::pass, detail};
}

CheckResult check_format(const CheckOptions& options) {
  const Task task = open_checked(options);
  const Solved solved = solved_items(task, options.seed);
  AnswerSet set;
  for (std::size_t i = 0; i < solved.items.size(); ++i)
    set.add(solved.items[i].state, solved.answers[(i + 1) % solved.answers.size()]);
  const std::vector<Item> items = task.draw(options.seed, 0, kItems);
  for (const Item& item : items) {
    for (const char* answer : {"0", "-1", "x"}) set.add(item.state, in_tags(answer));
  }
  const TaskAbout& about = task.about();
  const double least = formless_reward(task, items);
  double most = least;
  std::string which;
  const std::vector<Verdict> verdicts = task.verify(set.answers());
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    if (task.is_right(verdict) || !is_usable(verdict.outcome) || verdict.reward <= most) continue;
    most = verdict.reward;
    which = set.completions[i];
  }
  if (which.empty())
    return {Grade::pass,
            fmt::format("{} wrong answers in the right form earn nothing", set.states.size())};
  const double share = (most - least) / (about.reward_full - least);
  const std::string detail =
      fmt::format("a wrong answer in the right form earns up to {:g} of {:g}: {}", most,
                  about.reward_full, shown(which));
  return {share > kMuchForForm ? Grade::warn : Grade::pass, detail};
}

}  // namespace tinyzero
