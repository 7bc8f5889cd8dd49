#include "core/eval/statistics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "support/golden.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/statistics");

// Values of statsmodels 0.15, proportion_confint(method="wilson").
TEST_CASE("Wilson intervals") {
  struct Case {
    double right, total, low, high;
  };
  const Case cases[] = {{0, 10, 0.0, 0.2775327998628892},
                        {5, 10, 0.2365930905125640, 0.7634069094874361},
                        {512, 512, 0.992553024277, 1.0},
                        {45, 512, 0.066334163493, 0.115585023529}};
  for (const Case& c : cases) {
    const Interval interval = wilson_interval(c.right, c.total);
    CHECK(interval.low == doctest::Approx(c.low).epsilon(1e-6));
    CHECK(interval.high == doctest::Approx(c.high).epsilon(1e-6));
  }
  CHECK(wilson_interval(0, 0).low == 0);
  CHECK(wilson_interval(0, 0).high == 1);
}

TEST_CASE("unbiased pass@k is the chance that a subset of k holds a right one") {
  CHECK(pass_at_k(5, 2, 1) == doctest::Approx(0.4));
  CHECK(pass_at_k(5, 2, 2) == doctest::Approx(1 - 3.0 / 10));
  CHECK(pass_at_k(5, 4, 2) == 1);
  CHECK(pass_at_k(5, 0, 5) == 0);
  CHECK(pass_at_k(200, 7, 100) == doctest::Approx(0.99333).epsilon(1e-3));
  CHECK(std::isnan(pass_at_k(3, 1, 4)));
}

namespace {

// Made with rliable: tests/golden/statistics/README.md.
const Json& rliable() {
  static const Json golden =
      parse_json(read_file(golden_folder() / "statistics/rliable.json"), "rliable.json");
  return golden;
}

// An interval that a bootstrap of other randomness gave, over several seeds, whose ends were
// `spread` from their mean at most.
void check_interval(const Interval& ours, const Json& theirs) {
  const double tolerance = 3 * theirs["spread"].get<double>() + 1e-12;
  CHECK(std::abs(ours.low - theirs["low"].get<double>()) <= tolerance);
  CHECK(std::abs(ours.high - theirs["high"].get<double>()) <= tolerance);
}

}  // namespace

TEST_CASE("aggregates are rliable's") {
  for (const Json& c : rliable()["cases"]) {
    const Scores scores = c["scores"].get<Scores>();
    CAPTURE(c["scores"].dump());
    CHECK(aggregate_mean(scores) == doctest::Approx(c["mean"].get<double>()).epsilon(1e-12));
    CHECK(aggregate_median(scores) == doctest::Approx(c["median"].get<double>()).epsilon(1e-12));
    CHECK(aggregate_iqm(scores) == doctest::Approx(c["iqm"].get<double>()).epsilon(1e-12));
    CHECK(optimality_gap(scores) ==
          doctest::Approx(c["optimality_gap"].get<double>()).epsilon(1e-12));
    const auto profile =
        performance_profile(scores, rliable()["thresholds"].get<std::vector<double>>());
    REQUIRE(profile.size() == c["profile"].size());
    for (std::size_t i = 0; i < profile.size(); ++i)
      CHECK(profile[i] == doctest::Approx(c["profile"][i].get<double>()).epsilon(1e-12));
    if (!c.contains("iqm_interval")) continue;
    check_interval(stratified_interval(scores, aggregate_iqm, 20000, 1), c["iqm_interval"]);
    check_interval(stratified_interval(scores, aggregate_mean, 20000, 1), c["mean_interval"]);
  }
  for (const Json& pair : rliable()["pairs"]) {
    const Scores x = pair["x"].get<Scores>(), y = pair["y"].get<Scores>();
    CHECK(probability_of_improvement(x, y) ==
          doctest::Approx(pair["improvement"].get<double>()).epsilon(1e-12));
    if (pair.contains("interval"))
      check_interval(stratified_interval(x, y, probability_of_improvement, 20000, 1),
                     pair["interval"]);
  }
}

TEST_CASE("interquartile means drop whole values only") {
  CHECK(interquartile_mean({3, 1, 2}) == 2);
  CHECK(interquartile_mean({100, 1, 2, -50}) == 1.5);
  CHECK(interquartile_mean({5, 4, 3, 2, 1000}) == 4);
  CHECK(std::isnan(interquartile_mean({})));
}

TEST_CASE("the mean height of a curve is its area over what it spans") {
  const std::vector<double> x = {0, 2, 4}, y = {0, 1, 1};
  CHECK(mean_height(x, y, 0, 4) == doctest::Approx(0.75));
  CHECK(mean_height(x, y, 0, 1) == doctest::Approx(0.25));  // cut between points
  CHECK(mean_height(x, y, 1, 3) == doctest::Approx(0.875));
  CHECK(mean_height(x, y, 0, 8) == doctest::Approx(0.875));  // level after the last point
  CHECK(mean_height(x, y, 3, 3) == doctest::Approx(1));
  CHECK(mean_height({0}, {0.5}, 0, 10) == doctest::Approx(0.5));
}

TEST_CASE("an interval is between percentiles") {
  std::vector<double> replicates(10001);
  std::iota(replicates.begin(), replicates.end(), 0.0);
  CHECK(percentile_interval(replicates).low == doctest::Approx(250));
  CHECK(percentile_interval(replicates).high == doctest::Approx(9750));
}

TEST_CASE("a statistic of several numbers has the interval of each, from the same draws") {
  const Scores scores = {{0.1}, {0.5}, {0.3}, {0.9}, {0.4}};
  const auto both = [](const Scores& drawn) {
    return std::vector<double>{aggregate_mean(drawn), aggregate_iqm(drawn)};
  };
  const auto intervals = stratified_intervals(scores, both, 500, 3);
  REQUIRE(intervals.size() == 2);
  const Interval mean = stratified_interval(scores, aggregate_mean, 500, 3);
  const Interval iqm = stratified_interval(scores, aggregate_iqm, 500, 3);
  CHECK(intervals[0].low == mean.low);
  CHECK(intervals[0].high == mean.high);
  CHECK(intervals[1].low == iqm.low);
  CHECK(intervals[1].high == iqm.high);
}
