// Learning-rate schedules, as a table.

#include "core/optimizer/schedule.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/optimizer/schedule");

TEST_CASE("a factor rises over the warm-up, then follows its schedule") {
  const struct {
    const char* schedule;
    std::int64_t step, steps, warmup;
    double factor;
  } cases[] = {
      {"constant", 5, 10, 0, 1}, {"constant", 0, 10, 4, 0.25}, {"constant", 3, 10, 4, 1},
      {"linear", 5, 10, 0, 0.5}, {"linear", 0, 0, 0, 1},       {"cosine", 0, 10, 0, 1},
      {"cosine", 5, 10, 0, 0.5}, {"cosine", 1, 10, 2, 1},      {"linear", 6, 10, 2, 0.5},
      {"cosine", 10, 10, 0, 0},  {"linear", 9, 10, 0, 0.1},
  };
  for (const auto& c : cases) {
    CAPTURE(c.schedule);
    CAPTURE(c.step);
    CHECK(schedule_factor(c.schedule, c.step, c.steps, c.warmup) ==
          doctest::Approx(c.factor).epsilon(1e-12));
  }
}

TEST_CASE("the decay depends on the progress alone") {
  CHECK(decay_factor("linear", 0.75) == 0.25);
  CHECK(decay_factor("constant", 0.75) == 1);
  CHECK(decay_factor("cosine", 0.5) == doctest::Approx(0.5));
  CHECK(decay_factor("cosine", 1) == doctest::Approx(0).epsilon(1e-12));
}
