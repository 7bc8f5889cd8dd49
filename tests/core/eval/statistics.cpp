#include "core/eval/statistics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "support/golden.h"
#include "tinyzero/rng.h"

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

// Normal numbers by Box and Muller.
double normal(Rng& rng) {
  const double radius = std::sqrt(-2 * std::log(1 - rng.uniform()));
  return radius * std::cos(2 * 3.14159265358979323846 * rng.uniform());
}

// Share of simulated comparisons of two equal arms, with seeds and problems drawn anew, whose
// interval of the difference holds 0 (of the first arm's accuracy: holds its true mean).
struct Coverage {
  double difference, accuracy;
};

Coverage coverage(std::size_t seeds, std::size_t problems, double seed_spread, int simulations) {
  int held_difference = 0, held_accuracy = 0;
  for (int s = 0; s < simulations; ++s) {
    Rng rng(77, {seeds, static_cast<std::uint64_t>(s)});
    // Chance of a right answer: a problem's own, moved by the seed and by seed and arm together;
    // symmetric around 1/2.
    std::vector<double> hardness(problems);
    for (double& h : hardness) h = 0.5 * normal(rng);
    std::vector<std::vector<double>> right[2];
    for (std::size_t k = 0; k < seeds; ++k) {
      const double common = seed_spread * normal(rng);
      for (auto& arm : right) {
        const double shift = common + seed_spread * normal(rng);
        arm.emplace_back();
        for (const double h : hardness)
          arm.back().push_back(rng.chance(1 / (1 + std::exp(-h - shift))) ? 1.0 : 0.0);
      }
    }
    std::vector<double> difference, accuracy;
    for_each_resample(
        seeds, problems, 400, static_cast<std::uint64_t>(s), [&](const Resample& draw) {
          std::vector<double> scores[2];
          for (int arm = 0; arm < 2; ++arm) {
            for (std::size_t k = 0; k < seeds; ++k) {
              const auto& row = right[arm][draw.unit(k, seeds)];
              scores[arm].push_back(
                  std::inner_product(row.begin(), row.end(), draw.weights.begin(), 0.0));
            }
          }
          accuracy.push_back(interquartile_mean(scores[0]));
          difference.push_back(accuracy.back() - interquartile_mean(scores[1]));
        });
    const Interval d = percentile_interval(difference, static_cast<std::int64_t>(seeds));
    const Interval a = percentile_interval(accuracy, static_cast<std::int64_t>(seeds));
    held_difference += d.low <= 0 && d.high >= 0 ? 1 : 0;
    held_accuracy += a.low <= 0.5 && a.high >= 0.5 ? 1 : 0;
  }
  return {static_cast<double>(held_difference) / simulations,
          static_cast<double>(held_accuracy) / simulations};
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

TEST_CASE("percentiles are widened for few units, and not for many") {
  std::vector<double> replicates(10001);
  std::iota(replicates.begin(), replicates.end(), 0.0);
  CHECK(percentile_interval(replicates).low == doctest::Approx(250));
  CHECK(percentile_interval(replicates).high == doctest::Approx(9750));
  // scipy 1.17: norm.cdf(-sqrt(n / (n - 1)) * t.ppf(0.975, n - 1)) for n = 5 and 1000
  CHECK(percentile_interval(replicates, 5).low ==
        doctest::Approx(10000 * 0.0009541005518824907).epsilon(1e-6));
  CHECK(percentile_interval(replicates, 1000).low ==
        doctest::Approx(10000 * 0.024804305905564303).epsilon(1e-6));
  CHECK(percentile_interval(replicates, 2).high == doctest::Approx(10000).epsilon(1e-3));
  CHECK(percentile_interval({4, 4, 4}, 3).low == 4);
}

TEST_CASE("resamples repeat, and one draw is the same for all that is computed from it") {
  std::vector<std::vector<double>> first, second;
  const auto into = [](std::vector<std::vector<double>>& out) {
    return [&out](const Resample& draw) {
      out.push_back(draw.weights);
      out.back().push_back(static_cast<double>(draw.unit(0, 4)));
      CHECK(std::accumulate(draw.weights.begin(), draw.weights.end(), 0.0) == doctest::Approx(1));
    };
  };
  for_each_resample(4, 10, 50, 3, into(first));
  for_each_resample(4, 10, 50, 3, into(second));
  CHECK(first == second);
  second.clear();
  for_each_resample(4, 10, 50, 4, into(second));
  CHECK(first != second);
}

TEST_CASE("95 % intervals hold the truth about 95 times in 100") {
  struct Case {
    std::size_t seeds;
    double least;
  };
  // Of 400 simulations a share of 0.95 is within 0.03 of itself in more than 99 of 100; three seeds
  // cannot know their spread.
  for (const Case& c : {Case{3, 0.70}, Case{5, 0.90}, Case{10, 0.92}}) {
    const Coverage found = coverage(c.seeds, 100, 1.0, 400);
    MESSAGE(c.seeds << " seeds: difference " << found.difference << ", accuracy "
                    << found.accuracy);
    CHECK(found.difference >= c.least);
    CHECK(found.accuracy >= c.least);
    CHECK(found.difference < 0.995);
    CHECK(found.accuracy < 0.995);
  }
}
