// Countdown: combine the given numbers, each exactly once, with + - * / and parentheses, to reach a
// target.
//
// A problem's target is the value of a way to combine its numbers, so every problem can be solved.
// Two problems are the same if their sorted numbers and their targets are equal. Verdicts are exact
// (tinyzero/expression.h): nothing is rounded and no code is run.

#include <algorithm>
#include <cmath>

#include "problem.h"
#include "search.h"
#include "settings.h"
#include "tinyzero/answer.h"
#include "tinyzero/expression.h"
#include "tinyzero/task.h"
#include "tinyzero_scorer.h"
#include "traits.h"

namespace tinyzero::countdown {
namespace {

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

bool is_unparsable(Reason reason) { return reason >= kNoAnswer && reason <= kTooDeep; }

constexpr std::size_t kFormatPart = 1;  // index of "format" in Countdown::parts

// Difficulties and reachable values come from all ways to combine up to kMaxExact numbers, and from
// kSampledWays random ones for more numbers.
constexpr std::size_t kMaxExact = 4;
constexpr int kSampledWays = 4096;
constexpr int kMaxDraws = 10000;  // numbers drawn before a problem is called impossible

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
  static constexpr auto traits = kTraits;

  explicit Countdown(const Settings& settings) : s_(settings.resolved()), ways_(s_.operators) {}

  Item draw(Draw draw) const {
    Rng rng(draw.seed, {draw.index});
    std::vector<std::int64_t> numbers;
    for (int i = 0; i < kMaxDraws; ++i) {
      numbers.resize(rng.between(s_.numbers.front(), s_.numbers.back()));
      for (auto& number : numbers) number = rng.between(s_.smallest, s_.largest);
      const auto target =
          s_.targets == "way" ? random_value(numbers, rng) : any_value(numbers, rng);
      if (!target) continue;
      Item item = item_of(numbers, *target, s_.wording, s_.hold_out);
      item.difficulty = difficulty(numbers, *target, rng);
      return item;
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

  std::array<double, traits.size()> count_traits(std::string_view state,
                                                 std::string_view completion) const {
    return countdown::count_traits(Problem(state), completion);
  }

  std::string demonstrate(std::string_view state, Rng& rng) const {
    const Problem problem = small_problem(state);
    return s_.demonstrations.write(problem.numbers, problem.target, s_.operators, rng);
  }

 private:
  static Problem small_problem(std::string_view state) {
    Problem problem(state);
    if (problem.numbers.size() > kMaxNumbers)
      throw BadState("at most " + std::to_string(kMaxNumbers) + " numbers can be searched");
    return problem;
  }

  bool is_target(std::int64_t value) const {
    return value >= s_.target.front() && value <= s_.target.back();
  }

  // The result of a random way, if a few tries find a target.
  std::optional<std::int64_t> random_value(const std::vector<std::int64_t>& numbers,
                                           Rng& rng) const {
    return ways_.draw(numbers, rng, [&](std::int64_t value) { return is_target(value); });
  }

  // Any reachable target, each with the same probability.
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
    if (s_.difficulty == "numbers") return numbers.size();
    double ways = 0;
    double hits = 0;
    int operators = s_.operators.size();  // the fewest of any way that hits
    for_each_way(numbers, rng, [&](std::int64_t value, unsigned used) {
      ++ways;
      if (value != target) return;
      ++hits;
      operators = std::min(operators, __builtin_popcount(used));
    });
    if (s_.difficulty == "operators") return operators;
    return std::log2(ways / std::max(hits, 1.0));
  }

  // visit(value, operators) for every way, or for a sample. See Ways::for_each.
  template <class Visit>
  void for_each_way(const std::vector<std::int64_t>& numbers, Rng& rng, const Visit& visit) const {
    if (numbers.size() <= kMaxExact) return ways_.for_each(numbers, visit);
    for (int i = 0; i < kSampledWays; ++i)
      ways_.visit(numbers, rng.below(ways_.count(numbers.size())), visit);
  }

  Verdict verdict(Reason reason) const {
    if (reason == kNoAnswer || reason == kBlankAnswer) return Verdict::unparsable(reason);
    Verdict verdict = reason == kCorrect      ? Verdict::right()
                      : is_unparsable(reason) ? Verdict::unparsable(reason, s_.format_reward)
                                              : Verdict::wrong(reason, s_.format_reward);
    verdict.parts[kFormatPart] = 1;
    return verdict;
  }

  Verdict strict(const Problem& problem, std::string_view completion) const {
    const auto answer = find_answer(completion);
    if (!answer) return verdict(kNoAnswer);
    if (answer->empty()) return verdict(kBlankAnswer);
    const Expression expression(*answer);
    switch (expression.fault()) {
      case ExpressionFault::not_an_expression: return verdict(kNotAnExpression);
      case ExpressionFault::too_long: return verdict(kTooLong);
      case ExpressionFault::too_deep: return verdict(kTooDeep);
      default: break;
    }
    if (!std::is_permutation(expression.integers().begin(), expression.integers().end(),
                             problem.numbers.begin(), problem.numbers.end()))
      return verdict(kWrongNumbers);
    if (expression.fault() == ExpressionFault::division_by_zero) return verdict(kDivisionByZero);
    if (expression.fault() != ExpressionFault::none)
      return {.outcome = Outcome::abstain, .reason = kTooLarge};
    return verdict(expression.value() == Rational(problem.target) ? kCorrect : kWrongValue);
  }

  Verdict tinyzero(const Problem& problem, std::string_view completion) const {
    switch (tinyzero_score(completion, problem.numbers, problem.target, s_.framing)) {
      case TinyZeroScore::correct: return verdict(kCorrect);
      case TinyZeroScore::format: return verdict(kFormatOnly);
      default: return verdict(kNoAnswer);
    }
  }

  Settings s_;
  Ways ways_;
};

}  // namespace
}  // namespace tinyzero::countdown

TINYZERO_TASK(tinyzero::countdown::Countdown, "countdown")
