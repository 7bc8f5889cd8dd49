#include "core/eval/pass_at.h"

#include <doctest/doctest.h>

#include "core/eval/evaluate.h"
#include "core/task/stream.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/pass_at");

namespace {

EvalReport report_of(const std::vector<Tally>& tallies) {
  EvalReport report;
  report.tallies = tallies;
  return report;
}

}  // namespace

TEST_CASE("pass@k of the k that are asked for, of all problems and by difficulty") {
  EvalSet set;
  set.items = {{"", "a", "", 2.5, 0}, {"", "b", "", 2, 1}, {"", "c", "", 7, 2}};
  const EvalReport report = report_of({{1, 4}, {0, 4}, {4, 4}});
  const PassAt all = pass_at(report.tallies, {1, 2, 8});
  CHECK(all.at(1).mean == doctest::Approx(1.25 / 3));
  CHECK(all.at(2).mean == doctest::Approx(1.5 / 3));  // 1 - C(3, 2) / C(4, 2) of the first
  CHECK(all.at(8).count == 0);                        // no problem has eight samples
  const auto by_difficulty = pass_at_by_difficulty(set, report, {4});
  REQUIRE(by_difficulty.size() == 2);
  CHECK(by_difficulty.at(2).at(4).mean == 0.5);
  CHECK(by_difficulty.at(7).at(4).mean == 1);
}

TEST_CASE("what becomes of the problems that a model never solves") {
  const EvalReport before = report_of({{0, 4}, {0, 4}, {1, 4}, {0, 0}, {0, 4}});
  const EvalReport after = report_of({{2, 4}, {0, 4}, {4, 4}, {4, 4}, {4, 4}});
  const NewlySolved solved = newly_solved(before, after);
  CHECK(solved.unsolved == 3);  // not the one that was never judged
  CHECK(solved.solved == 2);
  CHECK(solved.accuracy == doctest::Approx(0.5));
  CHECK(newly_solved(after, before).unsolved == 1);
  CHECK(newly_solved(report_of({{1, 1}}), report_of({{1, 1}})).accuracy == 0);
}
