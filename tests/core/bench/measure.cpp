// Medians, ranges, and works that take turns.

#include "core/bench/measure.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/bench/measure");

TEST_CASE("a spread is a median with its range") {
  const Spread odd = spread_of({3, 1, 2}), even = spread_of({4, 1, 3, 2}), one = spread_of({5});
  CHECK(odd.median == 2);
  CHECK(odd.lowest == 1);
  CHECK(odd.highest == 3);
  CHECK(even.median == 3);  // the upper of the two in the middle
  CHECK(one.median == 5);
  CHECK(spread_json(odd) == Json{{"median", 2.0}, {"lowest", 1.0}, {"highest", 3.0}});
}

TEST_CASE("a ratio is taken round by round") {
  const Spread ratio = ratio_of({2, 9, 4}, {1, 3, 4});
  CHECK(ratio.median == 2);
  CHECK(ratio.lowest == 1);
  CHECK(ratio.highest == 3);
}

TEST_CASE("works take turns after a warm-up, each held against its own roof") {
  int first = 0, second = 0;
  const Rounds rounds = take_turns(
      2, {[&] { return ++first, 0.5; }, [&] { return ++second, 0.25; }}, [] { return 3.0; });
  CHECK(first >= 3);  // one to warm up; disturbed turns are repeated
  CHECK(second >= 3);
  CHECK(first + second == 6 + rounds.disturbed);
  REQUIRE(rounds.seconds.size() == 2);
  CHECK(rounds.seconds[0] == std::vector<double>{0.5, 0.5});
  CHECK(rounds.seconds[1] == std::vector<double>{0.25, 0.25});
  CHECK(rounds.roofs[1] == std::vector<double>{3.0, 3.0});
  CHECK(rounds.foreign >= 0);
}

TEST_CASE("foreign load is a share") {
  ForeignLoad load;
  const double share = load.sample();
  CHECK(share >= 0);
  CHECK(share <= 1);
}
