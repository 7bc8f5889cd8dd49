// Which runs of a plan each of several calls carries out.

#include "core/compare/share.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/compare/plan.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/compare/share");

namespace {

// Two seeds of: a start, which a control shows, two arms that begin with it, and an untrained
// model.
ComparisonPlan plan_of_two_seeds() {
  ComparisonPlan plan;
  for (std::size_t seed = 0; seed < 2; ++seed) {
    const std::size_t start = plan.runs.size();
    plan.runs.push_back({.arm = 2, .is_start = true});
    plan.runs.push_back({.arm = 0, .start = start});
    plan.runs.push_back({.arm = 1, .start = start});
    plan.runs.push_back({.arm = 3});
  }
  return plan;
}

using Chosen = std::vector<bool>;

}  // namespace

TEST_CASE("shares divide the runs in turn, and bring the starts of their runs with them") {
  const ComparisonPlan plan = plan_of_two_seeds();
  CHECK(runs_of_share(plan, {0, 1}, false) == Chosen{1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(runs_of_share(plan, {0, 3}, false) == Chosen{1, 0, 0, 1, 1, 0, 1, 0});
  CHECK(runs_of_share(plan, {1, 3}, false) == Chosen{1, 1, 0, 0, 1, 0, 0, 1});
  CHECK(runs_of_share(plan, {2, 3}, false) == Chosen{1, 0, 1, 0, 1, 1, 0, 0});
  CHECK(runs_of_share(plan, {8, 9}, false) == Chosen(8));
}

TEST_CASE("starts are divided among themselves") {
  const ComparisonPlan plan = plan_of_two_seeds();
  CHECK(runs_of_share(plan, {0, 2}, true) == Chosen{1, 0, 0, 0, 0, 0, 0, 0});
  CHECK(runs_of_share(plan, {1, 2}, true) == Chosen{0, 0, 0, 0, 1, 0, 0, 0});
}

TEST_CASE("a share is written as K/N") {
  CHECK(Share::parse("0/1").count == 1);
  CHECK(Share::parse("4/30").index == 4);
  for (const char* text : {"", "1", "/", "1/", "/2", "2/2", "-1/2", "1/0", "1/2/3", " 1/2", "0x1/2",
                           "1.0/2", "99999999999999999999/2"})
    CHECK_THROWS_AS(Share::parse(text), Error);
}
