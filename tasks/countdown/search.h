// All ways to combine a few numbers: take two values, put their sum, difference, product or quotient in their place, until one is left.
#pragma once

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

// Replaces the step's two values by their result; false, and nothing changed, for a division by zero.
bool take(Values& values, const Step& step);

// Calls visit(path, result) for every derivation until it returns true; returns whether it did. `path` is the steps so far.
template <class Visit>
bool for_each_derivation(const Values& values, std::string_view operators, std::vector<Step>& path, const Visit& visit) {
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

// The derivation as one expression, with no parentheses it does not need: "(9-7)*3".
std::string expression_of(const std::vector<std::int64_t>& numbers, const std::vector<Step>& path);

// The derivation step by step, each with its result and the values that are left beside it: "9-7=2 3,2*3=6". Values that are not integers
// are written as fractions.
std::string lines_of(const std::vector<std::int64_t>& numbers, const std::vector<Step>& path);

}  // namespace tinyzero::countdown
