// Arithmetic: the value of an expression of + - * / and parentheses.
//
// Values are exact: integers throughout, or fractions where `answers` allows them. Two problems are
// the same if swapping the sides of sums and products turns one into the other. Difficulty is the
// number of digits in the expression. Demonstrations compute one operation at a time and sometimes
// slip. (TinyZero's own "arithmetic" data holds only products.)

#include <algorithm>

#include "tinyzero/ascii.h"
#include "tinyzero/expression.h"
#include "tinyzero/expression_text.h"
#include "tinyzero/key.h"
#include "tinyzero/number_scorer.h"
#include "tinyzero/number_traits.h"
#include "tinyzero/task.h"

namespace tinyzero::arithmetic {
namespace {

struct Level {
  std::int64_t depth;
  std::int64_t digits;
};
constexpr Level kLevels[] = {{1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 1}, {3, 2}};

struct Settings {
  std::int64_t level = 0;
  std::vector<std::int64_t> depth = {1};
  std::vector<std::int64_t> digits = {1, 2};
  std::string operators = "+-*/";
  std::string answers = "integer";
  std::string wording = "short";
  std::string hold_out = "problems";
  NumberScorer scorer;
  double demo_slip = 0.1;

  void describe(SettingsTable& t) {
    t.add(
         "level", level,
         "a preset difficulty. 1, 3 and 5: depth 1, 2 and 3 with numbers of one digit; 2, 4 and 6: "
         "the same with two digits; 0: `depth` and `digits` apply")
        .between(0, 6);
    t.add("depth", depth,
          "levels of operations: one count, or the fewest and most of an even mix; 1: a single "
          "operation")
        .up_to(2)
        .between(1, 5)
        .only_when("level", "0");
    t.add("digits", digits, "digits of a number: one count, or the fewest and most of an even mix")
        .up_to(2)
        .between(1, 6)
        .only_when("level", "0");
    t.add("operators", operators, "operations to draw from: some of + - * /");
    t.add("answers", answers,
          "integer: every step of a problem gives an integer; rational: fractions may occur")
        .one_of({"integer", "rational"});
    t.add("wording", wording,
          "how a problem is worded: \"3*(4+5)\", or a sentence for models that read English")
        .one_of({"short", "long"});
    t.add("hold_out", hold_out,
          "what test problems have that no training problem has. problems: their expression; "
          "numbers: their numbers, in any order and with any operations")
        .one_of({"problems", "numbers"});
    scorer.describe(t);
    t.add("demo_slip", demo_slip,
          "chance that a demonstration's result of an operation is wrong in one digit")
        .between(0, 1);
  }
};

constexpr int kTries = 1000;  // draws of operands before an operation is called impossible
constexpr std::int64_t kLargest = 1'000'000'000;  // limit of each step's numerator and denominator

// A drawn expression.
struct Term {
  ExpressionText text;
  std::string key;  // the same for both orders of a sum or product
  Rational value;
  std::vector<std::int64_t> numbers = {};
};

// The expression of a state: {"expression": "3*(4+5)"}, or {"a", "op", "b"} for a single operation.
struct Problem {
  std::string expression;

  explicit Problem(std::string_view state) {
    const StateReader reader(state);
    if (reader.has("expression")) {
      expression = reader.text("expression");
      return;
    }
    const std::string_view op = reader.text("op");
    if (op.size() != 1 || std::string_view("+-*/").find(op[0]) == std::string_view::npos)
      throw BadState("\"op\" must be one of + - * /");
    expression = operand(reader.integer("a")) + std::string(op) + operand(reader.integer("b"));
  }

  Rational value(Expression::OnStep on_step = {}) const {
    const Expression read(expression, std::move(on_step));
    if (read.fault() != ExpressionFault::none)
      throw BadState("\"" + expression + "\" has no exact value");
    return read.value();
  }

 private:
  // Negative numbers become differences, since the grammar of expressions has no sign.
  static std::string operand(std::int64_t number) {
    return number < 0 ? "(0-" + std::to_string(-number) + ")" : std::to_string(number);
  }
};

class Arithmetic {
 public:
  using Settings = arithmetic::Settings;
  static constexpr About about{
      "arithmetic", "compute the value of an expression", "1.0.0",
      "Given an expression, write its exact value between <answer> and </answer>: an integer in "
      "digits, or a fraction in lowest terms such as -7/2."};
  static constexpr auto parts = kNumberParts;
  static constexpr auto reasons = kNumberReasons;
  static constexpr auto traits = kNumberTraits;

  explicit Arithmetic(const Settings& settings) : s_(settings) {
    if (s_.operators.empty() || s_.operators.find_first_not_of("+-*/") != std::string::npos)
      throw std::invalid_argument("operators is \"" + s_.operators +
                                  "\"; it must be made of + - * /");
    for (const auto* range : {&s_.depth, &s_.digits}) {
      if (range->front() > range->back())
        throw std::invalid_argument("depth or digits run downwards; write the lowest first");
    }
  }

  Item draw(Draw draw) const {
    Rng rng(draw.seed, {draw.index});
    const std::int64_t depth =
        s_.level > 0 ? kLevels[s_.level - 1].depth : rng.between(s_.depth.front(), s_.depth.back());
    const Term term = expression(depth, rng);
    Item item;
    item.prompt = s_.wording == "short"
                      ? term.text.text
                      : "Compute " + term.text.text +
                            ". Think first, then write the exact value between <answer> and "
                            "</answer>, as an integer or as a fraction in lowest terms.";
    item.key = s_.hold_out == "numbers" ? key_in_group(set_of(term.numbers), term.key) : term.key;
    item.state =
        depth == 1 ? single_operation(term.text) : "{\"expression\":\"" + term.text.text + "\"}";
    item.difficulty = std::count_if(term.text.text.begin(), term.text.text.end(), is_ascii_digit);
    return item;
  }

  Verdict verify(std::string_view state, std::string_view completion) const {
    return s_.scorer.judge(completion, Problem(state).value());
  }

  auto count_traits(std::string_view state, std::string_view completion) const {
    return number_traits(completion, Problem(state).value());
  }

  std::optional<std::string> solve(std::string_view state) const {
    return "<answer>" + to_string(Problem(state).value()) + "</answer>";
  }

  // One operation at a time: "4+5=9,3*9=27". A slip is carried on to the end, as a person would.
  std::string demonstrate(std::string_view state, Rng& rng) const {
    std::string out;
    Rational last;
    Problem(state).value(
        [&](const Rational& left, char op, const Rational& right, Rational& result) {
          if (result.is_integer() && rng.chance(s_.demo_slip)) result = slipped(result, rng);
          out += (out.empty() ? "" : ",") + to_string(left) + op + to_string(right) + "=" +
                 to_string(result);
          last = result;
        });
    return out + "<answer>" + to_string(last) + "</answer>";
  }

 private:
  Term number(Rng& rng) const {
    const std::int64_t digits = s_.level > 0 ? kLevels[s_.level - 1].digits
                                             : rng.between(s_.digits.front(), s_.digits.back());
    std::int64_t low = 1;
    for (std::int64_t i = 1; i < digits; ++i) low *= 10;
    const std::int64_t value = rng.between(digits == 1 ? 0 : low, 10 * low - 1);
    return {{std::to_string(value)}, std::to_string(value), value, {value}};
  }

  // An expression of exactly this depth: one side of the last operation is one level lower, and the
  // other side has any lower depth.
  Term expression(std::int64_t depth, Rng& rng) const {
    if (depth == 0) return number(rng);
    const char op = s_.operators[rng.below(s_.operators.size())];
    for (int i = 0; i < kTries; ++i) {
      Term left = expression(depth - 1, rng);
      Term right = expression(rng.below(depth), rng);
      if (rng.chance(0.5)) std::swap(left, right);
      Rational value = left.value;
      if (value.apply(op, right.value) != Rational::Status::ok || !is_allowed(value)) continue;
      std::string first = std::move(left.key), second = std::move(right.key);
      if ((op == '+' || op == '*') && second < first) std::swap(first, second);
      left.numbers.insert(left.numbers.end(), right.numbers.begin(), right.numbers.end());
      return {joined(left.text, op, right.text), "(" + first + op + second + ")", value,
              std::move(left.numbers)};
    }
    throw Exhausted(std::string("arithmetic found no operands for \"") + op + "\" in " +
                    std::to_string(kTries) + " draws; allow rational answers, or more operators");
  }

  static std::string set_of(std::vector<std::int64_t> numbers) {
    std::sort(numbers.begin(), numbers.end());
    std::string out;
    for (const std::int64_t number : numbers) out += std::to_string(number) + " ";
    return out;
  }

  bool is_allowed(const Rational& value) const {
    const auto fits = [](Rational::Integer n) { return n >= -kLargest && n <= kLargest; };
    return fits(value.numerator()) && fits(value.denominator()) &&
           (value.is_integer() || s_.answers == "rational");
  }

  static std::string single_operation(const ExpressionText& text) {
    const std::size_t at = text.text.find(text.op);
    return "{\"a\":" + text.text.substr(0, at) + ",\"op\":\"" + text.op +
           "\",\"b\":" + text.text.substr(at + 1) + "}";
  }

  // The integer with one digit changed by 1.
  static Rational slipped(const Rational& value, Rng& rng) {
    Rational step(1);
    for (std::uint64_t i = rng.below(to_string(value).size()); i > 0; --i) step.apply('*', 10);
    Rational out = value;
    out.apply(rng.chance(0.5) ? '+' : '-', step);
    return out == Rational(0) ? value : out;  // a later step might divide by 0
  }

  Settings s_;
};

}  // namespace
}  // namespace tinyzero::arithmetic

TINYZERO_TASK(tinyzero::arithmetic::Arithmetic, "arithmetic")
