// All ways to combine a few numbers: replace two values by their sum, difference, product or
// quotient until one value remains.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tinyzero/rational.h"
#include "tinyzero/rng.h"

namespace tinyzero::countdown {

inline constexpr std::size_t kMaxNumbers = 6;

// The remaining values: first the given ones in their order, then results.
struct Values {
  std::array<Rational, kMaxNumbers> value;
  std::size_t count = 0;
};

// "value left op value right": indices into the list of values.
struct Step {
  std::uint8_t left;
  std::uint8_t right;
  char op;
};

Values values_of(const std::vector<std::int64_t>& numbers);

// The possible steps from n values: each pair once for + and *, in both orders for - and /.
std::vector<Step> steps(std::size_t n, std::string_view operators);

// Replaces the step's two values by their result. Returns false and changes nothing if the result
// is not a Rational: it divides by zero or is too large.
bool take(Values& values, const Step& step);

// Calls visit(path, result) for every derivation until it returns true; returns whether it did.
// `path` holds the steps so far.
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

// A value for the fast search: exact, but not in lowest terms. For k numbers up to M >= 2,
// |numerator| <= M^k and |denominator| <= M^(k-1) (by induction over the steps), so 63 bits hold
// every value of six numbers below 1,000.
struct Ratio {
  std::int64_t numerator;
  std::int64_t denominator;

  // The value if it is a non-negative integer; -1 for a fraction, a negative value or a denominator
  // of 0.
  std::int64_t integer() const {
    if (denominator == 1) return std::max<std::int64_t>(numerator, -1);
    if (denominator == 0 || numerator % denominator != 0) return -1;
    return std::max<std::int64_t>(numerator / denominator, -1);
  }
};

// A step among n ratios, prepared so that it can be taken without a branch.
struct FastStep {
  std::uint8_t left;
  std::uint8_t right;
  std::uint8_t operator_bit;  // 1 << index of the operation in "+-*/"
  std::int64_t divides;       // all bits set if the operation is a division
  std::int64_t adds;          // all bits set if it is an addition or subtraction
  std::int64_t sign;          // 1 for an addition, -1 for a subtraction, else 0

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
    // y = c / d. A division multiplies by d / c instead.
    const std::int64_t swap = (y.numerator ^ y.denominator) & divides;
    const std::int64_t c = y.numerator ^ swap;
    const std::int64_t d = y.denominator ^ swap;
    return {x.numerator * (c ^ ((c ^ d) & adds)) + sign * c * x.denominator, x.denominator * d};
  }
};

// The derivations of n numbers under some operators, as numbers: a fast way to make problems and to
// count solutions.
class Ways {
 public:
  explicit Ways(std::string_view operators);

  // The number of derivations, including those that divide by zero.
  std::uint32_t count(std::size_t numbers) const { return count_[numbers]; }

  // The number of ways to reduce the numbers to two values.
  std::uint32_t count_to_two(std::size_t numbers) const { return count_[numbers] / count_[2]; }

  // Calls visit(integer, operators) unless derivation `way` divides by zero. `integer` is
  // Ratio::integer() of the result, `operators` the set of operator bits it uses.
  template <class Visit>
  void visit(const std::vector<std::int64_t>& numbers, std::uint32_t way,
             const Visit& visit) const {
    Ratios values;
    unsigned used = 0;
    if (reduce_to(1, values, numbers, way, used)) visit(values[0].integer(), used);
  }

  // Reduces the numbers to two values by way `way` of count_to_two, and calls visit(integer) for
  // each possible last step, unless an earlier step divides by zero.
  template <class Visit>
  void visit_last_steps(const std::vector<std::int64_t>& numbers, std::uint32_t way,
                        const Visit& visit) const {
    Ratios values;
    unsigned used = 0;
    if (!reduce_to(2, values, numbers, way, used)) return;
    for (const FastStep& step : steps_[2])
      visit(step.result(values[step.left], values[step.right]).integer());
  }

  // Calls visit(integer, operators) for every derivation that does not divide by zero.
  template <class Visit>
  void for_each(const std::vector<std::int64_t>& numbers, const Visit& visit) const {
    Ratios values;
    start(values, numbers);
    visit_all(values, numbers.size(), 0, visit);
  }

  // The result of random steps, the last of which is a random one among those with an accepted
  // result. Returns nullopt if about kTries random ways have no such last step.
  template <class Accept>
  std::optional<std::int64_t> draw(const std::vector<std::int64_t>& numbers, Rng& rng,
                                   const Accept& accept) const {
    const PackedTries packed(count_to_two(numbers.size()));
    for (int tried = 0; tried < kTries; tried += packed.per_word) {
      std::uint64_t word = rng.below(packed.words);
      const std::uint64_t pick = word % PackedTries::kPick;
      word /= PackedTries::kPick;
      for (int i = 0; i < packed.per_word; ++i, word /= packed.ways) {
        std::array<std::int64_t, kMaxLastSteps + 1>
            accepted;  // one more, to write without a branch
        std::size_t n = 0;
        visit_last_steps(numbers, word % packed.ways, [&](std::int64_t value) {
          accepted[n] = value;
          n += accept(value) ? 1 : 0;
        });
        if (n > 0) return accepted[pick % n];
      }
    }
    return std::nullopt;
  }

 private:
  using Ratios = std::array<Ratio, kMaxNumbers>;

  static constexpr int kTries = 64;
  static constexpr std::size_t kMaxLastSteps = 6;  // of two values: + and * once, - and / twice

  // Several tries in one random word: a mixed-radix number of a pick and `per_word` ways.
  struct PackedTries {
    // A multiple of 1 to kMaxLastSteps, so that its remainder by any of them is uniform.
    static constexpr std::uint64_t kPick = 60;

    std::uint64_t ways;
    std::uint64_t words = kPick;  // number of different words
    int per_word = 0;

    explicit PackedTries(std::uint64_t ways) : ways(ways) {
      for (; per_word < 8 && words < (std::uint64_t{1} << 62) / ways; ++per_word) words *= ways;
    }
  };

  static void start(Ratios& values, const std::vector<std::int64_t>& numbers) {
    for (std::size_t i = 0; i < numbers.size(); ++i) values[i] = {numbers[i], 1};
  }

  bool reduce_to(std::size_t left, Ratios& values, const std::vector<std::int64_t>& numbers,
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

  // Takes a step among the first n values. The result becomes the last of the n - 1 remaining
  // values. Returns false for a division by zero.
  static bool take(Ratios& values, std::size_t n, const FastStep& step) {
    const Ratio result = step.result(values[step.left], values[step.right]);
    const std::size_t high = std::max(step.left, step.right);
    const std::size_t low = std::min(step.left, step.right);
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

// The derivation as one expression, without unnecessary parentheses: "(9-7)*3".
std::string expression_of(const std::vector<std::int64_t>& numbers, const std::vector<Step>& path);

// The derivation step by step, each with its result and the other remaining values:
// "9-7=2 3,2*3=6". Values that are not integers are written as fractions.
std::string lines_of(const std::vector<std::int64_t>& numbers, const std::vector<Step>& path);

}  // namespace tinyzero::countdown
