#include "settings.h"

#include <algorithm>
#include <stdexcept>

namespace tinyzero::countdown {
namespace {

struct Level {
  std::vector<std::int64_t> numbers;
  std::int64_t largest;
  std::vector<std::int64_t> target;
};
const Level kLevels[] = {{{2}, 9, {1, 100}},      {{3}, 9, {1, 100}},   {{3}, 99, {10, 100}},
                         {{3, 4}, 99, {10, 100}}, {{4}, 99, {10, 100}}, {{5, 6}, 99, {100, 999}}};

}  // namespace

void Settings::describe(SettingsTable& t) {
  describe_problems(t);
  describe_verdicts(t);
  demonstrations.describe(t);
}

void Settings::describe_problems(SettingsTable& t) {
  t.add(
       "level", level,
       "a preset difficulty. 1: two numbers up to 9; 2: three up to 9; 3: three up to 99; 4: three "
       "or four up to 99, as in TinyZero; 5: four up to 99; 6: five or six, with targets up to "
       "999; 0: the next four settings apply")
      .between(0, 6);
  t.add("numbers", numbers,
        "how many numbers a problem has: one count, or the lowest and highest of an even mix")
      .up_to(2)
      .between(2, kMaxNumbers)
      .only_when("level", "0");
  t.add("smallest", smallest, "smallest number of a problem")
      .between(0, 999)
      .only_when("level", "0");
  t.add("largest", largest, "largest number of a problem").between(1, 999).only_when("level", "0");
  t.add("target", target, "lowest and highest target")
      .up_to(2)
      .between(0, 1e6)
      .only_when("level", "0");
  t.add("operators", operators,
        "operations used to make problems and demonstrations: some of + - * /");
  t.add("targets", targets,
        "way: the target is the result of random steps, of which the last is any that gives a "
        "target; values: every reachable value is equally likely (slower: it tries all ways)")
      .one_of({"way", "values"});
  t.add("difficulty", difficulty,
        "what a problem's difficulty counts. numbers: its numbers; operators: the different "
        "operations that a solution needs; luck: log2(ways / ways that hit the target), the bits "
        "of luck that a blind guess needs (slower: it tries all ways)")
      .one_of({"numbers", "operators", "luck"});
  t.add("wording", wording,
        "how a problem is worded: \"3 7 9 -> 20\", a sentence for models that read English, or "
        "TinyZero's sentence")
      .one_of({"short", "long", "tinyzero"});
  t.add("hold_out", hold_out,
        "what test problems have that no training problem has. problems: their numbers with their "
        "target; numbers: their numbers, in any order and with any target")
      .one_of({"problems", "numbers"});
}

void Settings::describe_verdicts(SettingsTable& t) {
  t.add("scorer", scorer,
        "strict: exact; tinyzero: the score of TinyZero's own scorer, quirks included")
      .one_of({"strict", "tinyzero"});
  t.add("framing", framing, "the framing of the prompt, which TinyZero's scorer looks for")
      .one_of({"base", "qwen", "other"})
      .only_when("scorer", "tinyzero");
  t.add("format_reward", format_reward,
        "reward of an answer that is not right; 0: only right answers count")
      .between(0, 0.99);
}

Settings Settings::resolved() const {
  if (operators.empty() || operators.find_first_not_of("+-*/") != std::string::npos) {
    throw std::invalid_argument("operators is \"" + operators + "\"; it must be made of + - * /");
  }
  for (const char op : operators) {
    if (std::count(operators.begin(), operators.end(), op) > 1)
      throw std::invalid_argument("operators is \"" + operators + "\"; it names " + op + " twice");
  }
  if (smallest > largest)
    throw std::invalid_argument("smallest " + std::to_string(smallest) + " is above largest " +
                                std::to_string(largest));
  for (const auto* range : {&numbers, &target, &demonstrations.attempts}) {
    if (range->front() > range->back())
      throw std::invalid_argument("a range [" + std::to_string(range->front()) + ", " +
                                  std::to_string(range->back()) +
                                  "] runs downwards; write the lowest first");
  }
  Settings out = *this;
  if (level > 0) {
    const Level& ready = kLevels[level - 1];
    out.numbers = ready.numbers;
    out.largest = ready.largest;
    out.target = ready.target;
  }
  return out;
}

}  // namespace tinyzero::countdown
