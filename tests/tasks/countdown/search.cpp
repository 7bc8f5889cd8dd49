#include "tasks/countdown/search.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tinyzero/expression.h"

using namespace tinyzero;
using namespace tinyzero::countdown;

TEST_SUITE_BEGIN("tasks/countdown/search");

namespace {

using Numbers = std::vector<std::int64_t>;

// Ratio::integer() of an exact value.
std::int64_t integer_of(const Rational& value) {
  if (!value.is_integer() || value.numerator() < 0) return -1;
  return static_cast<std::int64_t>(value.numerator());
}

// How often each integer is the result of a derivation, by the slow and exact search.
std::map<std::int64_t, int> exact_results(const Numbers& numbers, const std::string& operators) {
  std::map<std::int64_t, int> out;
  std::vector<Step> path;
  for_each_derivation(values_of(numbers), operators, path,
                      [&](const std::vector<Step>&, const Rational& result) {
                        ++out[integer_of(result)];
                        return false;
                      });
  return out;
}

}  // namespace

TEST_CASE("steps take each pair once for + and *, and both ways for - and /") {
  CHECK(steps(2, "+-*/").size() == 6);
  CHECK(steps(3, "+").size() == 3);
  CHECK(steps(4, "-").size() == 12);
  CHECK(steps(1, "+-*/").empty());
}

TEST_CASE("a step replaces its two values by the result, at the end") {
  Values values = values_of({7, 2, 9});
  REQUIRE(take(values, {.left = 2, .right = 0, .op = '-'}));
  REQUIRE(values.count == 2);
  CHECK(values.value[0] == Rational(2));
  CHECK(values.value[1] == Rational(2));
  Values zero = values_of({5, 0});
  CHECK_FALSE(take(zero, {.left = 0, .right = 1, .op = '/'}));
  CHECK(zero.count == 2);
}

// A derivation of n numbers chooses one of n (n - 1) / 2 pairs, and 6 steps from a pair.
TEST_CASE("the number of ways is that of all choices of steps") {
  const Ways all("+-*/");
  CHECK(all.count(2) == 6);
  CHECK(all.count(3) == 6 * 18);
  CHECK(all.count(4) == 6 * 18 * 36);
  CHECK(all.count(6) == 6 * 18 * 36 * 60 * 90);
  CHECK(all.count_to_two(4) == 18 * 36);
  CHECK(Ways("+-").count(3) == 3 * 9);
}

TEST_CASE("the fast search finds the results of the exact one, one by one and all together") {
  for (const char* operators : {"+-*/", "+-", "*/"}) {
    const Ways ways(operators);
    for (const Numbers& numbers : {Numbers{3, 8}, {1, 0, 2}, {8, 3, 3, 8}, {999, 998, 1, 7}}) {
      CAPTURE(operators);
      CAPTURE(numbers.front());
      const auto expected = exact_results(numbers, operators);
      std::map<std::int64_t, int> together, alone;
      ways.for_each(numbers, [&](std::int64_t value, unsigned) { ++together[value]; });
      for (std::uint32_t way = 0; way < ways.count(numbers.size()); ++way)
        ways.visit(numbers, way, [&](std::int64_t value, unsigned) { ++alone[value]; });
      CHECK(together == expected);
      CHECK(alone == expected);
    }
  }
}

TEST_CASE("the set of operators is that of the steps") {
  const Ways ways("+/");
  std::set<unsigned> sets;
  ways.for_each({6, 3, 2}, [&](std::int64_t, unsigned used) { sets.insert(used); });
  CHECK(sets == std::set<unsigned>{0b0001, 0b1000, 0b1001});  // bits of "+-*/"
}

TEST_CASE("the last steps of all ways to two values are all derivations") {
  const Ways ways("+-*/");
  const Numbers numbers = {2, 5, 9};
  std::map<std::int64_t, int> found;
  for (std::uint32_t way = 0; way < ways.count_to_two(3); ++way)
    ways.visit_last_steps(numbers, way, [&](std::int64_t value) { ++found[value]; });
  auto expected = exact_results(numbers, "+-*/");
  expected[-1] = found[-1];  // a last step may divide by zero: no value
  CHECK(found == expected);
}

TEST_CASE("a drawn value is accepted and can be reached") {
  const Ways ways("+-*/");
  Rng rng(1);
  const Numbers numbers = {3, 7, 25, 4};
  const auto reachable = exact_results(numbers, "+-*/");
  std::set<std::int64_t> seen;
  for (int i = 0; i < 500; ++i) {
    const auto value = ways.draw(numbers, rng, [](std::int64_t v) { return v >= 10 && v <= 100; });
    REQUIRE(value);
    CHECK(*value >= 10);
    CHECK(*value <= 100);
    CHECK(reachable.count(*value) == 1);
    seen.insert(*value);
  }
  CHECK(seen.size() > 30);
  CHECK_FALSE(ways.draw(numbers, rng, [](std::int64_t) { return false; }));
}

TEST_CASE("a draw chooses evenly among the accepted last steps") {
  const Ways ways("+-*/");
  Rng rng(2);
  std::map<std::int64_t, int> counts;
  constexpr int kDraws = 12000;
  for (int i = 0; i < kDraws; ++i)
    ++counts[*ways.draw({8, 2}, rng, [](std::int64_t v) { return v >= 0; })];
  // 8 + 2, 8 - 2, 8 * 2 and 8 / 2; 2 - 8 and 2 / 8 are not accepted.
  REQUIRE(counts.size() == 4);
  for (const std::int64_t value : {10, 6, 16, 4})
    CHECK(counts[value] == doctest::Approx(kDraws / 4.0).epsilon(0.06));
}

// The draws of existing runs: how tries are packed into random words must never change.
TEST_CASE("drawn values are frozen") {
  const Ways ways("+-*/");
  const auto any = [](std::int64_t v) { return v >= 10 && v <= 100; };
  std::vector<std::int64_t> drawn;
  for (std::uint64_t index = 0; index < 4; ++index) {
    Rng rng(5, {index});
    for (const Numbers& numbers : {Numbers{3, 4}, {3, 7, 25}, {1, 2, 3, 4}, {9, 8, 7, 6, 5, 4}})
      drawn.push_back(ways.draw(numbers, rng, any).value_or(-1));
  }
  CHECK(drawn == std::vector<std::int64_t>{12, 35, 36, 100, 12, 29, 24, 16,  //
                                           12, 46, 32, 47, 12, 15, 28, 23});
}

TEST_CASE("expressions have no parentheses that they do not need, and lines show what is left") {
  const Numbers numbers = {9, 7, 3};
  const std::vector<Step> path = {{.left = 0, .right = 1, .op = '-'},
                                  {.left = 1, .right = 0, .op = '*'}};
  CHECK(expression_of(numbers, path) == "(9-7)*3");
  CHECK(lines_of(numbers, path) == "9-7=2 3,2*3=6");
  const std::vector<Step> fractions = {{.left = 0, .right = 1, .op = '/'},
                                       {.left = 0, .right = 1, .op = '+'}};
  CHECK(lines_of(numbers, fractions) == "9/7=9/7 3,3+9/7=30/7");
  CHECK(expression_of({5}, {}) == "5");
}

TEST_CASE("the expression of every derivation has its value") {
  const Numbers numbers = {8, 3, 8, 3};
  std::vector<Step> path;
  int compared = 0;
  for_each_derivation(values_of(numbers), "+-*/", path,
                      [&](const std::vector<Step>& steps, const Rational& result) {
                        if (compared++ % 7 != 0) return false;
                        const Expression read(expression_of(numbers, steps));
                        CHECK(read.fault() == ExpressionFault::none);
                        CHECK(read.value() == result);
                        return false;
                      });
  CHECK(compared > 3000);
}
