// All ways to combine a few numbers: take two values, put their sum, difference, product or
// quotient in their place, until one is left.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tinyzero/rational.h"

namespace tinyzero::countdown {

inline constexpr std::size_t kMaxNumbers = 6;

// The values that are left, in the order given; a result goes to the end.
struct Values {
  std::array<Rational, kMaxNumbers> value;
  std::size_t count = 0;
};

// "value left op value right": places in the list of values.
struct Step {
  std::uint8_t left, right;
  char op;
};

Values values_of(const std::vector<std::int64_t>& numbers);

// The steps possible from n values: each pair once for + and *, both ways for - and /.
std::vector<Step> steps(std::size_t n, std::string_view operators);

// Replaces the step's two values by their result; false, and nothing changed, for a division by
// zero.
bool take(Values& values, const Step& step);

// Calls visit(path, result) for every derivation until it returns true; returns whether it did.
// `path` is the steps so far.
template <class Visit>
bool for_each_derivation(const Values& values, std::string_view operators, std::vector<Step>& path,
                         const Visit& visit) {
  if (values.count == 1) return visit(path, values.value[0]);
  for (const Step& step : steps(values.count, operators)) {
    Values next = values;
    if (!take(next, step)) continue;
    path.push_back(step);
    const bool done = for_each_derivation(next, operators, path, visit);
    path.pop_back();
    if (done) return true;
  }
  return false;
}

// A value while problems are made: exact, but not in lowest terms. For k numbers up to M >= 2,
// |numerator| <= M^k and |denominator| <= M^(k-1) (by induction over the steps), so 63 bits hold
// all that six numbers below 1,000 give.
struct Ratio {
  std::int64_t numerator, denominator;

  // The integer it is; -1 for a fraction, a negative value or no value (a denominator of 0).
  std::int64_t integer() const {
    if (denominator == 1) return std::max<std::int64_t>(numerator, -1);
    if (denominator == 0 || numerator % denominator != 0) return -1;
    return std::max<std::int64_t>(numerator / denominator, -1);
  }
};

// A step among n ratios, prepared to be taken without a branch.
struct FastStep {
  std::uint8_t left, right;
  std::uint8_t operator_bit;   // of the operation's place in "+-*/"
  std::int64_t divides, adds;  // all bits set if it does
  std::int64_t sign;           // of what is added, else 0

  explicit FastStep(const Step& step)
      : left(step.left),
        right(step.right),
        operator_bit(static_cast<std::uint8_t>(1u << std::string_view("+-*/").find(step.op))),
        divides(step.op == '/' ? -1 : 0),
        adds(step.op == '+' || step.op == '-' ? -1 : 0),
        sign(step.op == '+'   ? 1
             : step.op == '-' ? -1
                              : 0) {}

  Ratio result(const Ratio& x, const Ratio& y) const {
    const std::int64_t swap =
        (y.numerator ^ y.denominator) & divides;  // x / y is x times y turned over
    const std::int64_t c = y.numerator ^ swap, d = y.denominator ^ swap;
    return {x.numerator * (c ^ ((c ^ d) & adds)) + sign * c * x.denominator, x.denominator * d};
  }
};

// The derivations of n numbers under some operators, numbered: the fast way to make problems and to
// count solutions.
class Ways {
 public:
  explicit Ways(std::string_view operators);

  // How many there are, those that divide by zero included.
  std::uint32_t count(std::size_t numbers) const { return count_[numbers]; }

  // How many ways there are to come down to two values.
  std::uint32_t count_to_two(std::size_t numbers) const { return count_[numbers] / count_[2]; }

  // Calls visit(integer, operators) unless derivation `way` divides by zero: its result as above,
  // and the set of its operators (bits of their places in "+-*/").
  template <class Visit>
  void visit(const std::vector<std::int64_t>& numbers, std::uint32_t way,
             const Visit& visit) const {
    Ratios values;
    unsigned used = 0;
    if (take_down_to(1, values, numbers, way, used)) visit(values[0].integer(), used);
  }

  // Comes down to two values by way `way` of count_to_two, and calls visit(integer) for each last
  // step that divides by no zero.
  template <class Visit>
  void visit_last_steps(const std::vector<std::int64_t>& numbers, std::uint32_t way,
                        const Visit& visit) const {
    Ratios values;
    unsigned used = 0;
    if (!take_down_to(2, values, numbers, way, used)) return;
    for (const FastStep& step : steps_[2])
      visit(step.result(values[step.left], values[step.right]).integer());
  }

  // visit for every derivation.
  template <class Visit>
  void for_each(const std::vector<std::int64_t>& numbers, const Visit& visit) const {
    Ratios values;
    start(values, numbers);
    visit_all(values, numbers.size(), 0, visit);
  }

 private:
  using Ratios = std::array<Ratio, kMaxNumbers>;

  static void start(Ratios& values, const std::vector<std::int64_t>& numbers) {
    for (std::size_t i = 0; i < numbers.size(); ++i) values[i] = {numbers[i], 1};
  }

  bool take_down_to(std::size_t left, Ratios& values, const std::vector<std::int64_t>& numbers,
                    std::uint32_t way, unsigned& used) const {
    start(values, numbers);
    bool exists = true;
    for (std::size_t n = numbers.size(); n > left; --n) {
      const std::uint32_t choices = steps_[n].size();
      const FastStep& step = steps_[n][way % choices];
      way /= choices;
      exists &= take(values, n, step);
      used |= step.operator_bit;
    }
    return exists;
  }

  // Takes the step among the first n values; the result is the last of the n - 1 that are left.
  // False for a division by zero.
  static bool take(Ratios& values, std::size_t n, const FastStep& step) {
    const Ratio result = step.result(values[step.left], values[step.right]);
    const std::size_t high = std::max(step.left, step.right), low = std::min(step.left, step.right);
    values[high] = values[n - 1];
    values[low] = values[n - 2];
    values[n - 2] = result;
    return result.denominator != 0;
  }

  template <class Visit>
  void visit_all(const Ratios& values, std::size_t n, unsigned used, const Visit& visit) const {
    if (n == 1) return visit(values[0].integer(), used);
    for (const FastStep& step : steps_[n]) {
      Ratios next = values;
      if (take(next, n, step)) visit_all(next, n - 1, used | step.operator_bit, visit);
    }
  }

  std::array<std::vector<FastStep>, kMaxNumbers + 1> steps_;  // by the number of values
  std::array<std::uint32_t, kMaxNumbers + 1> count_{};
};

// The derivation as one expression, with no parentheses it does not need: "(9-7)*3".
std::string expression_of(const std::vector<std::int64_t>& numbers, const std::vector<Step>& path);

// The derivation step by step, each with its result and the values that are left beside it: "9-7=2
// 3,2*3=6". Values that are not integers are written as fractions.
std::string lines_of(const std::vector<std::int64_t>& numbers, const std::vector<Step>& path);

}  // namespace tinyzero::countdown
