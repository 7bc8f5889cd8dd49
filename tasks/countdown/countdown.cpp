// Countdown: combine the given numbers, each exactly once, with + - * / and parentheses, to reach a target.
//
// A problem's target is a value that some derivation from its numbers reaches, so every problem can be solved. Two problems are the
// same if their sorted numbers and their targets are. Difficulty is log2(derivations / derivations that hit the target): the bits of
// luck that a blind guess needs. Verdicts are exact (tinyzero/expression.h); nothing is rounded, nothing is run.

#include <algorithm>
#include <cmath>
#include <set>

#include "search.h"
#include "tinyzero/answer.h"
#include "tinyzero/expression.h"
#include "tinyzero/task.h"
#include "tinyzero_scorer.h"

namespace tinyzero::countdown {
namespace {

struct Settings {
  std::vector<std::int64_t> numbers = {3, 4};
  std::int64_t smallest = 1, largest = 99;
  std::vector<std::int64_t> target = {10, 100};
  std::string operators = "+-*/";
  std::string wording = "short";
  std::string scorer = "strict";
  std::string framing = "base";
  double format_reward = 0.1;
  std::vector<std::int64_t> demo_attempts = {1, 4};
  double demo_luck = 0.25;
  double demo_stay = 0.5;
  std::int64_t demo_largest = 99;

  void describe(SettingsTable& t) {
    t.add("numbers", numbers, "how many numbers a problem has: one count, or the lowest and highest of an even mix").up_to(2).between(2, 6);
    t.add("smallest", smallest, "smallest number that is given").between(0, 999);
    t.add("largest", largest, "largest number that is given").between(1, 999);
    t.add("target", target, "lowest and highest target").up_to(2).between(0, 1e6);
    t.add("operators", operators, "operations that problems and demonstrations are made with, out of + - * /");
    t.add("wording", wording, "how a problem is put: \"3 7 9 -> 20\", or a sentence for models that read English")
        .one_of({"short", "long"});
    t.add("scorer", scorer, "strict: exact; tinyzero: the score of TinyZero's own scorer, quirks included").one_of({"strict", "tinyzero"});
    t.add("framing", framing, "the prompt's framing, which TinyZero's scorer looks for")
        .one_of({"base", "qwen", "other"})
        .only_when("scorer", "tinyzero");
    t.add("format_reward", format_reward, "reward of an answer that is not right; 0: only right answers count").between(0, 0.99);
    t.add("demo_attempts", demo_attempts, "fewest and most attempts of a demonstration before it gives up").up_to(2).between(1, 64);
    t.add("demo_luck", demo_luck, "chance that an attempt of a demonstration is a right one; the others are random").between(0, 1);
    t.add("demo_stay", demo_stay, "chance that an attempt goes on from the same first steps as the one before it").between(0, 1);
    t.add("demo_largest", demo_largest, "demonstrations show no intermediate value above this (nor negative, nor fractional)")
        .between(1, 1e6);
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

constexpr std::size_t kMaxExact = 4;  // numbers up to which all derivations are counted; above, difficulty is a sample's
constexpr int kSampledDerivations = 4096;
constexpr int kRepeats = 12;      // draws of a demonstration's attempt before one is made twice
constexpr int kMaxDraws = 10000;  // numbers tried before a problem is called impossible

// Numbers and target, as draw wrote them.
struct Problem {
  std::vector<std::int64_t> numbers;
  std::int64_t target = 0;

  explicit Problem(std::string_view state) {
    const StateReader reader(state);
    numbers = reader.integers("numbers");
    target = reader.integer("target");
    if (numbers.empty() || numbers.size() > 64) throw BadState("\"numbers\" must hold 1 to 64 integers");
    if (*std::min_element(numbers.begin(), numbers.end()) < 0) throw BadState("\"numbers\" must not be negative");
  }
};

std::string join(const std::vector<std::int64_t>& numbers, const char* separator) {
  std::string out;
  for (std::size_t i = 0; i < numbers.size(); ++i) out += (i > 0 ? separator : "") + std::to_string(numbers[i]);
  return out;
}

class Countdown {
 public:
  using Settings = countdown::Settings;
  static constexpr About about{
      "countdown", "reach a target with given numbers", "1.0.0",
      "Given a few numbers and a target, write an expression with + - * / and parentheses that uses each number exactly once and equals "
      "the target, between <answer> and </answer>."};
  static constexpr std::array parts{"correct", "format"};
  static constexpr std::array reasons{"correct",       "no answer",        "blank answer", "not an expression", "too long",   "too deep",
                                      "wrong numbers", "division by zero", "wrong value",  "value too large",   "format only"};

  explicit Countdown(const Settings& settings) : s_(settings) {
    if (s_.operators.empty() || s_.operators.find_first_not_of("+-*/") != std::string::npos) {
      throw std::invalid_argument("operators is \"" + s_.operators + "\"; it must be made of + - * /");
    }
    if (s_.smallest > s_.largest)
      throw std::invalid_argument("smallest " + std::to_string(s_.smallest) + " is above largest " + std::to_string(s_.largest));
    for (const auto* range : {&s_.numbers, &s_.target, &s_.demo_attempts}) {
      if (range->front() > range->back())
        throw std::invalid_argument("a range [" + join(*range, ", ") + "] runs downwards; write the lowest first");
    }
  }

  Item draw(Draw draw) const {
    Rng rng(draw.seed, {draw.index});
    for (int i = 0; i < kMaxDraws; ++i) {
      std::vector<std::int64_t> numbers(static_cast<std::size_t>(rng.between(s_.numbers.front(), s_.numbers.back())));
      for (auto& number : numbers) number = rng.between(s_.smallest, s_.largest);
      const std::vector<std::int64_t> results = numbers.size() <= kMaxExact ? all_results(numbers) : sampled_results(numbers, rng);
      std::vector<std::int64_t> targets = within_target(results);
      if (targets.empty()) continue;
      const auto end = std::unique(targets.begin(), targets.end());
      const std::int64_t target = targets[rng.below(static_cast<std::uint64_t>(end - targets.begin()))];
      const auto hits = std::count(results.begin(), results.end(), target);
      return item(numbers, target, std::log2(static_cast<double>(results.size()) / static_cast<double>(hits)));
    }
    throw Exhausted("countdown found no solvable problem in " + std::to_string(kMaxDraws) + " draws of numbers; widen target or numbers");
  }

  Verdict verify(std::string_view state, std::string_view completion) const {
    const Problem problem(state);
    return s_.scorer == "strict" ? strict(problem, completion) : tinyzero(problem, completion);
  }

  std::optional<std::string> solve(std::string_view state) const {
    const Problem problem = small_problem(state);
    std::optional<std::string> found;
    std::vector<Step> path;
    for_each_derivation(values_of(problem.numbers), s_.operators, path, [&](const std::vector<Step>& steps, const Rational& result) {
      if (!(result == Rational(problem.target))) return false;
      found = "<answer>" + expression_of(problem.numbers, steps) + "</answer>";
      return true;
    });
    return found;
  }

  // Attempts, each step written out ("9-7=2 3,2*3=6?"), until one hits the target ("!") or patience ends; the answer is the last attempt,
  // right or wrong. An attempt may go on from the steps before the last one's end, which are then not written again. Attempts are random,
  // but for the lucky ones, and none is made twice.
  std::string demonstrate(std::string_view state, Rng& rng) const {
    const Problem problem = small_problem(state);
    const auto right = shown_solutions(problem);
    const std::int64_t attempts = rng.between(s_.demo_attempts.front(), s_.demo_attempts.back());
    std::string out, shared;  // shared: the steps that the last attempt began with
    std::vector<Step> path;
    std::set<std::string> tried;
    for (std::int64_t i = 0; i < attempts; ++i) {
      const bool lucky = rng.chance(s_.demo_luck) && !right.empty(), stays = i > 0 && rng.chance(s_.demo_stay);
      path = lucky ? right[rng.below(right.size())] : new_attempt(problem.numbers, path, stays, tried, rng);
      const std::string lines = lines_of(problem.numbers, path), start = lines.substr(0, lines.rfind(',') + 1);
      const bool hit = result_of(problem.numbers, path) == Rational(problem.target);
      out += (i > 0 && start == shared ? lines.substr(start.size()) : lines) + (hit ? "!" : "?");
      shared = start;
      if (hit) break;
    }
    return out + "<answer>" + expression_of(problem.numbers, path) + "</answer>";
  }

 private:
  static Problem small_problem(std::string_view state) {
    Problem problem(state);
    if (problem.numbers.size() > kMaxNumbers) throw BadState("at most " + std::to_string(kMaxNumbers) + " numbers can be searched");
    return problem;
  }

  static Rational result_of(const std::vector<std::int64_t>& numbers, const std::vector<Step>& path) {
    Values values = values_of(numbers);
    for (const Step& step : path) take(values, step);
    return values.value[0];
  }

  // Integer results of every derivation, -1 for the others.
  std::vector<std::int64_t> all_results(const std::vector<std::int64_t>& numbers) const {
    std::vector<std::int64_t> out;
    std::vector<Step> path;
    for_each_derivation(values_of(numbers), s_.operators, path, [&](const std::vector<Step>&, const Rational& result) {
      out.push_back(as_integer(result));
      return false;
    });
    return out;
  }

  std::vector<std::int64_t> sampled_results(const std::vector<std::int64_t>& numbers, Rng& rng) const {
    std::vector<std::int64_t> out;
    for (int i = 0; i < kSampledDerivations; ++i) out.push_back(as_integer(result_of(numbers, random_derivation(numbers, rng, false))));
    return out;
  }

  // Whether a demonstration may show this value.
  bool is_shown(const Rational& value) const {
    return value.is_integer() && value.numerator() >= 0 && value.numerator() <= s_.demo_largest;
  }

  // Derivations of the target that show only such values.
  std::vector<std::vector<Step>> shown_solutions(const Problem& problem) const {
    std::vector<std::vector<Step>> out;
    std::vector<Step> path;
    for_each_derivation(values_of(problem.numbers), s_.operators, path, [&](const std::vector<Step>& steps, const Rational& result) {
      if (!(result == Rational(problem.target))) return false;
      Values values = values_of(problem.numbers);
      for (const Step& step : steps) {
        take(values, step);
        if (!is_shown(values.value[values.count - 1])) return false;
      }
      out.push_back(steps);
      return false;
    });
    return out;
  }

  // A random derivation that was not tried before (as far as a few draws find one); with `stays` it begins as `last` did.
  std::vector<Step> new_attempt(const std::vector<std::int64_t>& numbers, const std::vector<Step>& last, bool stays,
                                std::set<std::string>& tried, Rng& rng) const {
    std::vector<Step> path;
    for (int draws = 0; draws < kRepeats; ++draws) {
      const bool keep = stays && draws < kRepeats / 2;
      path = random_derivation(numbers, rng, true, keep ? std::vector<Step>(last.begin(), last.end() - 1) : std::vector<Step>());
      if (tried.insert(lines_of(numbers, path)).second) break;
    }
    return path;
  }

  // A derivation that begins with `path` and goes on by random steps; with `shown`, over values that a demonstration may show, where such steps exist.
  std::vector<Step> random_derivation(const std::vector<std::int64_t>& numbers, Rng& rng, bool shown, std::vector<Step> path = {}) const {
    Values values = values_of(numbers);
    for (const Step& step : path) take(values, step);
    while (values.count > 1) {
      const auto choices = steps(values.count, s_.operators);
      for (int tries = 0;; ++tries) {
        const Step step = choices[rng.below(choices.size())];
        Values next = values;
        if (!take(next, step) || (shown && tries < 100 && !is_shown(next.value[next.count - 1]))) continue;
        path.push_back(step);
        values = next;
        break;
      }
    }
    return path;
  }

  // -1 for a fraction or a value that no target can have.
  static std::int64_t as_integer(const Rational& value) {
    const bool usable = value.is_integer() && value.numerator() >= 0 && value.numerator() <= 1000000;
    return usable ? static_cast<std::int64_t>(value.numerator()) : -1;
  }

  std::vector<std::int64_t> within_target(const std::vector<std::int64_t>& results) const {
    std::vector<std::int64_t> out;
    for (const std::int64_t result : results) {
      if (result >= s_.target.front() && result <= s_.target.back()) out.push_back(result);
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  Item item(const std::vector<std::int64_t>& numbers, std::int64_t target, double difficulty) const {
    std::vector<std::int64_t> sorted = numbers;
    std::sort(sorted.begin(), sorted.end());
    Item out;
    const std::string goal = std::to_string(target);
    out.prompt = s_.wording == "short" ? join(numbers, " ") + " -> " + goal
                                       : "Combine the numbers " + join(numbers, ", ") +
                                             " with + - * / and parentheses, each number exactly once, "
                                             "into an expression that equals " +
                                             goal + ". Think first, then write the expression between <answer> and </answer>.";
    out.key = join(sorted, ",") + "=" + goal;
    out.state = "{\"numbers\":[" + join(numbers, ",") + "],\"target\":" + goal + "}";
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
      case ExpressionFault::not_an_expression: return verdict(kNotAnExpression, Outcome::unparsable);
      case ExpressionFault::too_long: return verdict(kTooLong, Outcome::unparsable);
      case ExpressionFault::too_deep: return verdict(kTooDeep, Outcome::unparsable);
      default: break;
    }
    std::vector<std::int64_t> used = expression.integers(), given = problem.numbers;
    std::sort(used.begin(), used.end());
    std::sort(given.begin(), given.end());
    if (used != given) return verdict(kWrongNumbers);
    if (expression.fault() == ExpressionFault::division_by_zero) return verdict(kDivisionByZero);
    if (expression.fault() != ExpressionFault::none) return {0, Outcome::abstain, kTooLarge, {}, {}};
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
};

}  // namespace
}  // namespace tinyzero::countdown

TINYZERO_TASK(tinyzero::countdown::Countdown, "countdown")
