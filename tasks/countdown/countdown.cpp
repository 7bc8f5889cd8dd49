// Countdown: combine the given numbers, each exactly once, with + - * / and parentheses, to reach a
// target.
//
// A problem's target is the value of a way to combine its numbers, so every problem can be solved.
// Two problems are the same if their sorted numbers and their targets are. Verdicts are exact
// (tinyzero/expression.h); nothing is rounded, nothing is run.

#include <algorithm>
#include <charconv>
#include <cmath>

#include "demonstrations.h"
#include "search.h"
#include "tinyzero/answer.h"
#include "tinyzero/expression.h"
#include "tinyzero/task.h"
#include "tinyzero_scorer.h"

namespace tinyzero::countdown {
namespace {

struct Level {
  std::vector<std::int64_t> numbers;
  std::int64_t largest;
  std::vector<std::int64_t> target;
};
const Level kLevels[] = {{{2}, 9, {1, 100}},      {{3}, 9, {1, 100}},   {{3}, 99, {10, 100}},
                         {{3, 4}, 99, {10, 100}}, {{4}, 99, {10, 100}}, {{5, 6}, 99, {100, 999}}};

struct Settings {
  std::int64_t level = 0;
  std::vector<std::int64_t> numbers = {3, 4};
  std::int64_t smallest = 1, largest = 99;
  std::vector<std::int64_t> target = {10, 100};
  std::string operators = "+-*/";
  std::string targets = "way";
  std::string difficulty = "numbers";
  std::string wording = "short";
  std::string scorer = "strict";
  std::string framing = "base";
  double format_reward = 0.1;
  Demonstrations demonstrations;

  void describe(SettingsTable& t) {
    t.add("level", level,
          "a ready difficulty: 1 to 3 for two, three numbers up to 9, three up to 99; 4: three or "
          "four up to 99, as TinyZero; 5: four; 6: five or six for targets up to 999; 0: as the "
          "next four say")
        .between(0, 6);
    t.add("numbers", numbers,
          "how many numbers a problem has: one count, or the lowest and highest of an even mix")
        .up_to(2)
        .between(2, kMaxNumbers)
        .only_when("level", "0");
    t.add("smallest", smallest, "smallest number that is given")
        .between(0, 999)
        .only_when("level", "0");
    t.add("largest", largest, "largest number that is given")
        .between(1, 999)
        .only_when("level", "0");
    t.add("target", target, "lowest and highest target")
        .up_to(2)
        .between(0, 1e6)
        .only_when("level", "0");
    t.add("operators", operators,
          "operations that problems and demonstrations are made with, out of + - * /");
    t.add("targets", targets,
          "way: the target is what random steps lead to, the last of them any that gives a target; "
          "values: any value that can be reached, each as likely as another (slower: all ways are "
          "tried)")
        .one_of({"way", "values"});
    t.add("difficulty", difficulty,
          "what a problem's difficulty counts. numbers: its numbers; operators: the different "
          "operations that a solution needs; luck: log2(ways / ways that hit the target), the bits "
          "of luck of a blind guess (slower: all ways are tried)")
        .one_of({"numbers", "operators", "luck"});
    t.add("wording", wording,
          "how a problem is put: \"3 7 9 -> 20\", a sentence for models that read English, or "
          "TinyZero's sentence")
        .one_of({"short", "long", "tinyzero"});
    t.add("scorer", scorer,
          "strict: exact; tinyzero: the score of TinyZero's own scorer, quirks included")
        .one_of({"strict", "tinyzero"});
    t.add("framing", framing, "the prompt's framing, which TinyZero's scorer looks for")
        .one_of({"base", "qwen", "other"})
        .only_when("scorer", "tinyzero");
    t.add("format_reward", format_reward,
          "reward of an answer that is not right; 0: only right answers count")
        .between(0, 0.99);
    demonstrations.describe(t);
  }
};

enum Reason : std::uint32_t {
  kCorrect,
  kNoAnswer,
  kBlankAnswer,
  kNotAnExpression,
  kTooLong,
  kTooDeep,
  kWrongNumbers,
  kDivisionByZero,
  kWrongValue,
  kTooLarge,
  kFormatOnly
};

constexpr std::size_t kMaxExact =
    4;  // numbers up to which all ways are tried; above, kSampledWays random ones
constexpr int kSampledWays = 4096;
constexpr int kWays = 64;         // random ways tried for a target before other numbers are drawn
constexpr int kMaxDraws = 10000;  // numbers tried before a problem is called impossible

// Numbers and target, as draw wrote them.
struct Problem {
  Integers numbers;
  std::int64_t target = 0;

  explicit Problem(std::string_view state) {
    const StateReader reader(state);
    numbers = reader.integers("numbers");
    target = reader.integer("target");
    if (numbers.empty() || numbers.size() > 64)
      throw BadState("\"numbers\" must hold 1 to 64 integers");
    if (*std::min_element(numbers.begin(), numbers.end()) < 0)
      throw BadState("\"numbers\" must not be negative");
  }
};

// Writes texts and integers one after the other.
class Text {
 public:
  Text() { out_.reserve(64); }
  Text& operator<<(std::string_view text) {
    out_ += text;
    return *this;
  }
  Text& operator<<(std::int64_t integer) {
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, integer).ptr);
    return *this;
  }
  Text& list(const std::vector<std::int64_t>& integers, std::string_view separator) {
    for (std::size_t i = 0; i < integers.size(); ++i)
      (i > 0 ? *this << separator : *this) << integers[i];
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Countdown {
 public:
  using Settings = countdown::Settings;
  static constexpr About about{
      "countdown", "reach a target with given numbers", "1.0.0",
      "Given a few numbers and a target, write an expression with + - * / and parentheses that "
      "uses each number exactly once and equals the target, between <answer> and </answer>."};
  static constexpr std::array parts{"correct", "format"};
  static constexpr std::array reasons{"correct",           "no answer",        "blank answer",
                                      "not an expression", "too long",         "too deep",
                                      "wrong numbers",     "division by zero", "wrong value",
                                      "value too large",   "format only"};

  explicit Countdown(const Settings& settings) : s_(settled(settings)), ways_(s_.operators) {}

  Item draw(Draw draw) const {
    Rng rng(draw.seed, {draw.index});
    std::vector<std::int64_t> numbers;
    for (int i = 0; i < kMaxDraws; ++i) {
      numbers.resize(rng.between(s_.numbers.front(), s_.numbers.back()));
      for (auto& number : numbers) number = rng.between(s_.smallest, s_.largest);
      const auto target =
          s_.targets == "way" ? value_of_a_way(numbers, rng) : any_value(numbers, rng);
      if (target) return item(numbers, *target, difficulty(numbers, *target, rng));
    }
    throw Exhausted("countdown found no solvable problem in " + std::to_string(kMaxDraws) +
                    " draws of numbers; widen target or numbers");
  }

  Verdict verify(std::string_view state, std::string_view completion) const {
    const Problem problem(state);
    return s_.scorer == "strict" ? strict(problem, completion) : tinyzero(problem, completion);
  }

  std::optional<std::string> solve(std::string_view state) const {
    const Problem problem = small_problem(state);
    std::optional<std::string> found;
    std::vector<Step> path;
    for_each_derivation(values_of(problem.numbers), s_.operators, path,
                        [&](const std::vector<Step>& steps, const Rational& result) {
                          if (!(result == Rational(problem.target))) return false;
                          found = "<answer>" + expression_of(problem.numbers, steps) + "</answer>";
                          return true;
                        });
    return found;
  }

  std::string demonstrate(std::string_view state, Rng& rng) const {
    const Problem problem = small_problem(state);
    return s_.demonstrations.write(problem.numbers, problem.target, s_.operators, rng);
  }

 private:
  // The settings with those of their level. Throws std::invalid_argument where they contradict each
  // other.
  static Settings settled(Settings s) {
    if (s.operators.empty() || s.operators.find_first_not_of("+-*/") != std::string::npos) {
      throw std::invalid_argument("operators is \"" + s.operators +
                                  "\"; it must be made of + - * /");
    }
    for (const char op : s.operators) {
      if (std::count(s.operators.begin(), s.operators.end(), op) > 1)
        throw std::invalid_argument("operators is \"" + s.operators + "\"; it names " + op +
                                    " twice");
    }
    if (s.smallest > s.largest)
      throw std::invalid_argument("smallest " + std::to_string(s.smallest) + " is above largest " +
                                  std::to_string(s.largest));
    for (const auto* range : {&s.numbers, &s.target, &s.demonstrations.attempts}) {
      if (range->front() > range->back())
        throw std::invalid_argument("a range [" + Text().list(*range, ", ").take() +
                                    "] runs downwards; write the lowest first");
    }
    if (s.level > 0) {
      const Level& level = kLevels[s.level - 1];
      s.numbers = level.numbers;
      s.largest = level.largest;
      s.target = level.target;
    }
    return s;
  }

  static Problem small_problem(std::string_view state) {
    Problem problem(state);
    if (problem.numbers.size() > kMaxNumbers)
      throw BadState("at most " + std::to_string(kMaxNumbers) + " numbers can be searched");
    return problem;
  }

  bool is_target(std::int64_t value) const {
    return value >= s_.target.front() && value <= s_.target.back();
  }

  // What random steps lead to, the last of them any that gives a target, if a few tries find one. A
  // random word holds several tries.
  std::optional<std::int64_t> value_of_a_way(const std::vector<std::int64_t>& numbers,
                                             Rng& rng) const {
    constexpr std::uint64_t kPick =
        60;  // a multiple of 1 to 6, so that its rest by any of them is uniform
    const std::uint64_t count = ways_.count_to_two(numbers.size());
    std::uint64_t words = kPick;
    int per_word = 0;
    for (; per_word < 8 && words < (std::uint64_t{1} << 62) / count; ++per_word) words *= count;
    for (int tried = 0; tried < kWays; tried += per_word) {
      std::uint64_t word = rng.below(words);
      const std::uint64_t pick = word % kPick;
      word /= kPick;
      for (int i = 0; i < per_word; ++i, word /= count) {
        std::array<std::int64_t, 8> targets;  // of at most 6 last steps
        std::size_t n = 0;
        ways_.visit_last_steps(numbers, word % count, [&](std::int64_t value) {
          targets[n] = value;
          n += is_target(value) ? 1 : 0;
        });
        if (n > 0) return targets[pick % n];
      }
    }
    return std::nullopt;
  }

  // Any of the targets that can be reached.
  std::optional<std::int64_t> any_value(const std::vector<std::int64_t>& numbers, Rng& rng) const {
    std::vector<std::int64_t> values;
    for_each_way(numbers, rng, [&](std::int64_t value, unsigned) {
      if (is_target(value)) values.push_back(value);
    });
    if (values.empty()) return std::nullopt;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values[rng.below(values.size())];
  }

  double difficulty(const std::vector<std::int64_t>& numbers, std::int64_t target, Rng& rng) const {
    if (s_.difficulty == "numbers") return static_cast<double>(numbers.size());
    double ways = 0, hits = 0;
    int operators = static_cast<int>(s_.operators.size());
    for_each_way(numbers, rng, [&](std::int64_t value, unsigned used) {
      ++ways;
      if (value != target) return;
      ++hits;
      operators = std::min(operators, __builtin_popcount(used));
    });
    if (s_.difficulty == "operators") return operators;
    return std::log2(ways / std::max(hits, 1.0));
  }

  // visit(value, operators used) for every way, or for a sample of them. See Ways::for_each.
  template <class Visit>
  void for_each_way(const std::vector<std::int64_t>& numbers, Rng& rng, const Visit& visit) const {
    if (numbers.size() <= kMaxExact) return ways_.for_each(numbers, visit);
    for (int i = 0; i < kSampledWays; ++i)
      ways_.visit(numbers, rng.below(ways_.count(numbers.size())), visit);
  }

  Item item(const std::vector<std::int64_t>& numbers, std::int64_t target,
            double difficulty) const {
    std::vector<std::int64_t> sorted = numbers;
    std::sort(sorted.begin(), sorted.end());
    Item out;
    Text prompt, key, state;
    if (s_.wording == "short") {
      prompt.list(numbers, " ") << " -> " << target;
    } else if (s_.wording == "tinyzero") {  // word for word, as its data has it
      (prompt << "Using the numbers [").list(numbers, ", ")
          << "], create an equation that equals " << target
          << ". You can use basic arithmetic operations (+, -, *, /) and each number can only be "
             "used once. Show your work in <think> </think> tags. And return the final answer in "
             "<answer> </answer> tags, for example <answer> (1 + 2) / 3 </answer>.";
    } else {
      (prompt << "Combine the numbers ").list(numbers, ", ")
          << " with + - * / and parentheses, each number exactly once, into an expression that "
             "equals "
          << target << ". Think first, then write the expression between <answer> and </answer>.";
    }
    key.list(sorted, ",") << "=" << target;
    (state << "{\"numbers\":[").list(numbers, ",") << "],\"target\":" << target << "}";
    out.prompt = prompt.take();
    out.key = key.take();
    out.state = state.take();
    out.difficulty = difficulty;
    return out;
  }

  Verdict verdict(Reason reason, Outcome outcome = Outcome::scored) const {
    const double format = reason == kNoAnswer || reason == kBlankAnswer ? 0.0 : 1.0;
    if (reason == kCorrect) return {1.0, outcome, reason, {1.0, 1.0}, {}};
    return {format * s_.format_reward, outcome, reason, {0.0, format}, {}};
  }

  Verdict strict(const Problem& problem, std::string_view completion) const {
    const auto answer = find_answer(completion);
    if (!answer) return verdict(kNoAnswer, Outcome::unparsable);
    if (answer->empty()) return verdict(kBlankAnswer, Outcome::unparsable);
    const Expression expression(*answer);
    switch (expression.fault()) {
      case ExpressionFault::not_an_expression:
        return verdict(kNotAnExpression, Outcome::unparsable);
      case ExpressionFault::too_long: return verdict(kTooLong, Outcome::unparsable);
      case ExpressionFault::too_deep: return verdict(kTooDeep, Outcome::unparsable);
      default: break;
    }
    if (!std::is_permutation(expression.integers().begin(), expression.integers().end(),
                             problem.numbers.begin(), problem.numbers.end()))
      return verdict(kWrongNumbers);
    if (expression.fault() == ExpressionFault::division_by_zero) return verdict(kDivisionByZero);
    if (expression.fault() != ExpressionFault::none)
      return {0, Outcome::abstain, kTooLarge, {}, {}};
    return verdict(expression.value() == Rational(problem.target) ? kCorrect : kWrongValue);
  }

  Verdict tinyzero(const Problem& problem, std::string_view completion) const {
    switch (tinyzero_score(completion, problem.numbers, problem.target, s_.framing)) {
      case TinyZeroScore::correct: return verdict(kCorrect);
      case TinyZeroScore::format: return verdict(kFormatOnly);
      default: return verdict(kNoAnswer, Outcome::unparsable);
    }
  }

  Settings s_;
  Ways ways_;
};

}  // namespace
}  // namespace tinyzero::countdown

TINYZERO_TASK(tinyzero::countdown::Countdown, "countdown")
