// Multiplication: the product of two integers.
//
// Two problems are the same if they have the same factors in either order. Difficulty is the number
// of single-digit products in long multiplication. Demonstrations multiply by the distributive law
// and sometimes slip.

#include <algorithm>

#include "tinyzero/key.h"
#include "tinyzero/number_scorer.h"
#include "tinyzero/number_traits.h"
#include "tinyzero/task.h"

namespace tinyzero::multiplication {
namespace {

// Number of digits of each factor.
struct Level {
  std::int64_t a;
  std::int64_t b;
};
constexpr Level kLevels[] = {{1, 1}, {2, 1}, {2, 2}, {3, 2}, {3, 3}, {4, 4}};

struct Settings {
  std::int64_t level = 0;
  std::vector<std::int64_t> digits = {1, 2};
  std::string wording = "short";
  std::string hold_out = "problems";
  NumberScorer scorer;
  double demo_slip = 0.1;

  void describe(SettingsTable& t) {
    t.add("level", level,
          "a preset difficulty: 1 to 6 for factors of 1x1, 2x1, 2x2, 3x2, 3x3 and 4x4 digits; 0: "
          "`digits` applies")
        .between(0, 6);
    t.add("digits", digits, "digits of a factor: one count, or the fewest and most of an even mix")
        .up_to(2)
        .between(1, 9)
        .only_when("level", "0");
    t.add("wording", wording,
          "how a problem is worded: \"12*34\", or a sentence for models that read English")
        .one_of({"short", "long"});
    t.add("hold_out", hold_out,
          "what test problems have that no training problem has. problems: their pair of factors; "
          "factors: their larger factor as the larger one")
        .one_of({"problems", "factors"});
    scorer.describe(t);
    t.add("demo_slip", demo_slip,
          "chance that a demonstration's result of an operation is wrong in one digit")
        .between(0, 1);
  }
};

std::int64_t power_of_ten(std::int64_t exponent) {
  return exponent == 0 ? 1 : 10 * power_of_ten(exponent - 1);
}

std::int64_t digits_of(std::int64_t number) {
  return std::ssize(std::to_string(number)) - (number < 0 ? 1 : 0);
}

// A problem read from its state.
struct Problem {
  std::int64_t a = 0;
  std::int64_t b = 0;

  explicit Problem(std::string_view state) {
    const StateReader reader(state);
    a = reader.integer("a");
    b = reader.integer("b");
    if (reader.text("op") != "*") throw BadState("\"op\" must be \"*\"");
  }

  Rational product() const {
    Rational out(a);
    out.apply('*', b);  // 18 digits each fit
    return out;
  }
};

class Multiplication {
 public:
  using Settings = multiplication::Settings;
  static constexpr About about{"multiplication", "multiply two integers", "1.0.0",
                               "Given two integers, write their product, in digits without blanks "
                               "or separators, between <answer> and </answer>."};
  static constexpr auto parts = kNumberParts;
  static constexpr auto reasons = kNumberReasons;
  static constexpr auto traits = kNumberTraits;

  explicit Multiplication(const Settings& settings) : s_(settings) {
    if (s_.digits.front() > s_.digits.back())
      throw std::invalid_argument("digits run downwards; write the fewest first");
  }

  Item draw(Draw draw) const {
    Rng rng(draw.seed, {draw.index});
    std::int64_t a = factor(&Level::a, rng);
    std::int64_t b = factor(&Level::b, rng);
    if (rng.chance(0.5)) std::swap(a, b);
    const std::string left = std::to_string(a);
    const std::string right = std::to_string(b);
    Item item;
    item.prompt =
        s_.wording == "short"
            ? left + "*" + right
            : "Multiply " + left + " by " + right +
                  ". Think first, then write the product in digits between <answer> and </answer>.";
    const std::string larger = std::to_string(std::max(a, b));
    const std::string pair = std::to_string(std::min(a, b)) + "*" + larger;
    item.key = s_.hold_out == "factors" ? key_in_group(larger, pair) : pair;
    item.state = "{\"a\":" + left + ",\"op\":\"*\",\"b\":" + right + "}";
    item.difficulty = left.size() * right.size();
    return item;
  }

  Verdict verify(std::string_view state, std::string_view completion) const {
    return s_.scorer.judge(completion, Problem(state).product());
  }

  auto count_traits(std::string_view state, std::string_view completion) const {
    return number_traits(completion, Problem(state).product());
  }

  std::optional<std::string> solve(std::string_view state) const {
    return "<answer>" + to_string(Problem(state).product()) + "</answer>";
  }

  // Multiplies one factor by each decimal place of the shorter one and adds the products up:
  // "34*12" is "34*10=340,34*2=68,340+68=408". A slip is carried on to the end, as a person would.
  std::string demonstrate(std::string_view state, Rng& rng) const {
    Problem problem(state);
    if (std::max(digits_of(problem.a), digits_of(problem.b)) > 9)
      throw BadState("demonstrations have factors of at most 9 digits");
    if (digits_of(problem.a) < digits_of(problem.b)) std::swap(problem.a, problem.b);
    const auto [a, b] = std::pair(problem.a, problem.b);
    std::string out;
    std::int64_t sum = 0;
    for (std::int64_t place = digits_of(b) - 1; place >= 0; --place) {
      const std::int64_t part = b / power_of_ten(place) % 10 * power_of_ten(place);
      if (part == 0 && !(place == 0 && out.empty())) continue;
      const std::int64_t product = written(a * part, rng);
      out += (out.empty() ? "" : ",") + std::to_string(a) + "*" + std::to_string(part) + "=" +
             std::to_string(product);
      if (sum == 0) {
        sum = product;
        continue;
      }
      const std::int64_t next = written(sum + product, rng);
      out += "," + std::to_string(sum) + "+" + std::to_string(product) + "=" + std::to_string(next);
      sum = next;
    }
    return out + "<answer>" + std::to_string(sum) + "</answer>";
  }

 private:
  // A factor with as many digits as the settings say. A single digit may be 0.
  std::int64_t factor(std::int64_t Level::* side, Rng& rng) const {
    const std::int64_t digits = s_.level > 0 ? kLevels[s_.level - 1].*side
                                             : rng.between(s_.digits.front(), s_.digits.back());
    return rng.between(digits == 1 ? 0 : power_of_ten(digits - 1), power_of_ten(digits) - 1);
  }

  // The number, or, with the probability of a slip, the number with one digit changed by 1.
  std::int64_t written(std::int64_t number, Rng& rng) const {
    if (!rng.chance(s_.demo_slip)) return number;
    const std::int64_t step = power_of_ten(rng.below(digits_of(number)));
    return number < step || rng.chance(0.5) ? number + step : number - step;
  }

  Settings s_;
};

}  // namespace
}  // namespace tinyzero::multiplication

TINYZERO_TASK(tinyzero::multiplication::Multiplication, "multiplication")
