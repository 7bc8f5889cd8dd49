// Values named "scipy" and "statsmodels" are of scipy 1.17.1 and statsmodels 0.15.0. Coverage,
// error rates and power are simulated at the spreads of real comparisons: 1 to 5 points between
// seeds, and the noise of 1,024 answers in each accuracy.

#include "core/eval/inference.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/inference");

TEST_CASE("Student's interval and test of a mean") {
  struct Case {
    std::vector<double> values;
    double mean, deviation, low, high, p;
  };
  const Case cases[] = {// scipy: ttest_1samp
                        {{0.010, -0.004, 0.021, 0.013, 0.006},
                         0.0092,
                         0.009203260291874831,
                         -0.002227356970519243,
                         0.02062735697051924,
                         0.08908761666598795},
                        {{0.3, 0.5},
                         0.4,
                         0.14142135623730953,
                         -0.8706204736174695,
                         1.6706204736174697,
                         0.15595826075473865},
                        {{-1.5, -2.5, -1.0, -4.0, -2.2, -3.1},
                         -2.3833333333333333,
                         1.0833589740555374,
                         -3.5202488515083634,
                         -1.2464178151583032,
                         0.002969194780755958}};
  for (const Case& c : cases) {
    const UnitMean found = mean_of_units(c.values);
    CHECK(found.units == c.values.size());
    CHECK(found.mean == doctest::Approx(c.mean).epsilon(1e-12));
    CHECK(found.deviation == doctest::Approx(c.deviation).epsilon(1e-12));
    CHECK(found.interval->low == doctest::Approx(c.low).epsilon(1e-9));
    CHECK(found.interval->high == doctest::Approx(c.high).epsilon(1e-9));
    CHECK(*found.p == doctest::Approx(c.p).epsilon(1e-9));
  }
}

TEST_CASE("one unit has no interval, and equal ones have a point") {
  CHECK(mean_of_units({}).units == 0);
  CHECK(mean_of_units({0.25}).mean == 0.25);
  CHECK_FALSE(mean_of_units({0.25}).interval);
  CHECK_FALSE(mean_of_units({0.25}).p);
  CHECK(mean_of_units({0, 0, 0}).p == 1);
  CHECK(mean_of_units({0.5, 0.5}).p == 0);
  CHECK(mean_of_units({0.5, 0.5}).interval->low == 0.5);
}

TEST_CASE("the interval of a standard deviation") {  // scipy: chi2.ppf
  CHECK(deviation_interval(2, 5).low == doctest::Approx(1.19826628));
  CHECK(deviation_interval(2, 5).high == doctest::Approx(5.74711127));
  CHECK(deviation_interval(3, 10).low == doctest::Approx(2.06350562));
  CHECK(deviation_interval(3, 10).high == doctest::Approx(5.47683055));
}

TEST_CASE("Holm's adjustment") {  // statsmodels: multipletests(method="holm")
  const std::pair<std::vector<double>, std::vector<double>> cases[] = {
      {{0.01, 0.04, 0.03, 0.005}, {0.03, 0.06, 0.06, 0.02}},
      {{0.02, 0.02, 0.5, 0.001, 0.9}, {0.08, 0.08, 1.0, 0.005, 1.0}},
      {{0.03}, {0.03}},
      {{}, {}}};
  for (const auto& [p, adjusted] : cases) {
    const std::vector<double> found = holm_adjusted(p);
    REQUIRE(found.size() == adjusted.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      CHECK(found[i] == doctest::Approx(adjusted[i]).epsilon(1e-12));
  }
}

TEST_CASE("power, and the units and differences that follow from it") {
  struct Case {
    double difference, deviation;
    std::size_t units;
    double level, power;
  };
  const Case cases[] = {// statsmodels: TTestPower().power
                        {3.5, 2.83, 5, 0.05, 0.5537463821404983},
                        {2, 3, 10, 0.05, 0.46923430785115466},
                        {1, 3, 20, 0.05, 0.2935232601528723},
                        {5, 3, 3, 0.05, 0.36716356983168663},
                        {2, 3, 10, 0.0125, 0.22967724031886694}};
  for (const Case& c : cases) {
    CHECK(t_power(c.difference, c.deviation, c.units, c.level) ==
          doctest::Approx(c.power).epsilon(1e-6));
    CHECK(detectable_difference(c.deviation, c.units, c.power, c.level) ==
          doctest::Approx(c.difference).epsilon(1e-5));
  }
  // statsmodels: TTestPower().solve_power gives 5.05, 19.67, 72.58, 28.27 and 386.5 units.
  CHECK(units_for(5, 3, 0.8) == 6);
  CHECK(units_for(2, 3, 0.8) == 20);
  CHECK(units_for(1, 3, 0.8) == 73);
  CHECK(units_for(2, 3, 0.8, 0.0125) == 29);
  CHECK(units_for(1, 7, 0.8) == 387);
  CHECK_FALSE(units_for(0.1, 30, 0.8));
  CHECK(units_for(50, 0.1, 0.8) == 2);
  CHECK(units_for(1, 0, 0.8) == 2);
  CHECK(detectable_difference(0, 5, 0.8) == 0);
}

TEST_CASE("the interval of a probability of improvement holds its value and is never a point") {
  for (const std::size_t units : {1, 2, 5, 20}) {
    for (const double value : {0.0, 0.2, 0.5, 0.96, 1.0}) {
      const Interval found = improvement_interval(value, units, units);
      CAPTURE(units);
      CAPTURE(value);
      CHECK(found.low <= value);
      CHECK(found.high >= value);
      CHECK(found.high - found.low > 0.02);
      CHECK(found.low >= 0);
      CHECK(found.high <= 1);
      const Interval mirrored = improvement_interval(1 - value, units, units);
      CHECK(mirrored.low == doctest::Approx(1 - found.high).epsilon(1e-9).scale(1));
    }
  }
  struct Case {
    double improvement;
    std::size_t x, y;
    double low, high;
  };
  const Case cases[] = {// roots of the defining equation by scipy: brentq
                        {1, 5, 5, 0.6427028239310432, 1},
                        {0.76, 5, 5, 0.39447795732693686, 0.9337983299906466},
                        {0.62, 10, 8, 0.35769874288699754, 0.8221195783038581}};
  for (const Case& c : cases) {
    const Interval found = improvement_interval(c.improvement, c.x, c.y);
    CHECK(found.low == doctest::Approx(c.low).epsilon(1e-9));
    CHECK(found.high == doctest::Approx(c.high).epsilon(1e-9));
  }
}

namespace {

constexpr int kSimulations = 4000;  // a share of 0.95 has a standard error of 0.0034
constexpr double kAnswers = 1024;
constexpr double kAccuracy = 0.65;

// Normal numbers by Box and Muller.
double normal(Rng& rng) {
  const double radius = std::sqrt(-2 * std::log(1 - rng.uniform()));
  return radius * std::cos(2 * 3.14159265358979323846 * rng.uniform());
}

// The share of right answers of 1,024, each right with this chance.
double measured(Rng& rng, double chance) {
  const double right =
      kAnswers * chance + std::sqrt(kAnswers * chance * (1 - chance)) * normal(rng);
  return std::round(right) / kAnswers;
}

// Accuracies [arm][seed]. A seed moves all arms by 2 points and each arm by `spread` of its own.
std::vector<std::vector<double>> accuracies(Rng& rng, const std::vector<double>& gains,
                                            std::size_t seeds, double spread) {
  std::vector<std::vector<double>> out(gains.size());
  for (std::size_t k = 0; k < seeds; ++k) {
    const double common = 0.02 * normal(rng);
    for (std::size_t a = 0; a < gains.size(); ++a)
      out[a].push_back(measured(rng, kAccuracy + gains[a] + common + spread * normal(rng)));
  }
  return out;
}

std::vector<double> differences(const std::vector<double>& x, const std::vector<double>& y) {
  std::vector<double> out;
  for (std::size_t k = 0; k < x.size(); ++k) out.push_back(x[k] - y[k]);
  return out;
}

// Standard deviation of a difference of two arms, as t_power wants it.
double deviation_of(double spread) {
  return std::sqrt(2 * spread * spread + 2 * kAccuracy * (1 - kAccuracy) / kAnswers);
}

}  // namespace

TEST_CASE(
    "95 % intervals hold the truth in 93 to 97 of 100 comparisons, and power is as computed") {
  for (const double spread : {0.01, 0.02, 0.05}) {
    for (const std::size_t seeds : {3, 5, 10, 20}) {
      int held = 0, held_accuracy = 0, decided[2] = {0, 0};
      const double gains[] = {0.035, 0.05};
      for (int s = 0; s < kSimulations; ++s) {
        Rng rng(1,
                {seeds, static_cast<std::uint64_t>(1000 * spread), static_cast<std::uint64_t>(s)});
        const auto arms = accuracies(rng, {0, gains[0], gains[1]}, seeds, spread);
        const Interval accuracy = *mean_of_units(arms[0]).interval;
        held_accuracy += accuracy.low <= kAccuracy && kAccuracy <= accuracy.high ? 1 : 0;
        for (int g = 0; g < 2; ++g) {
          const UnitMean found = mean_of_units(differences(arms[g + 1], arms[0]));
          if (g == 0)
            held += found.interval->low <= gains[0] && gains[0] <= found.interval->high ? 1 : 0;
          decided[g] += *found.p <= kLevel ? 1 : 0;
        }
      }
      const auto share = [](int count) { return static_cast<double>(count) / kSimulations; };
      MESSAGE("spread " << 100 * spread << ", " << seeds << " seeds: coverage " << share(held)
                        << ", of an accuracy " << share(held_accuracy) << ", power at 3.5 points "
                        << share(decided[0]) << ", at 5 points " << share(decided[1]));
      CHECK(share(held) >= 0.93);
      CHECK(share(held) <= 0.97);
      CHECK(share(held_accuracy) >= 0.93);
      CHECK(share(held_accuracy) <= 0.97);
      for (int g = 0; g < 2; ++g) {
        const double computed = t_power(gains[g], deviation_of(spread), seeds);
        CHECK(std::abs(share(decided[g]) - computed) <= 0.03);
      }
    }
  }
}

TEST_CASE("with Holm's correction a comparison says something false in 1 of 20 cases at most") {
  struct Case {
    std::string what;
    std::vector<double> gains;  // of the arms over the first
    bool all_pairs;
  };
  const Case cases[] = {{"four equal arms against the first", {0, 0, 0, 0, 0}, false},
                        {"all pairs of five equal arms", {0, 0, 0, 0, 0}, true},
                        {"three equal arms and a better one", {0, 0, 0, 0, 0.08}, false},
                        {"all pairs with one better arm", {0, 0, 0, 0, 0.08}, true}};
  for (const Case& c : cases) {
    for (const std::size_t seeds : {3, 5, 10}) {
      int false_ones = 0, uncorrected = 0;
      for (int s = 0; s < kSimulations; ++s) {
        Rng rng(2, {seeds, static_cast<std::uint64_t>(s)});
        const auto arms = accuracies(rng, c.gains, seeds, 0.02);
        std::vector<double> p;
        std::vector<bool> equal;
        for (std::size_t a = 0; a < arms.size(); ++a) {
          for (std::size_t b = a + 1; b < arms.size(); ++b) {
            if (a > 0 && !c.all_pairs) continue;
            p.push_back(*mean_of_units(differences(arms[b], arms[a])).p);
            equal.push_back(c.gains[a] == c.gains[b]);
          }
        }
        const auto any_false = [&](const std::vector<double>& values) {
          for (std::size_t i = 0; i < values.size(); ++i) {
            if (equal[i] && values[i] <= kLevel) return 1;
          }
          return 0;
        };
        false_ones += any_false(holm_adjusted(p));
        uncorrected += any_false(p);
      }
      const double rate = static_cast<double>(false_ones) / kSimulations;
      MESSAGE(c.what << ", " << seeds << " seeds: " << rate << ", uncorrected "
                     << static_cast<double>(uncorrected) / kSimulations);
      CHECK(rate <= 0.055);
      CHECK(uncorrected > 2 * kLevel * kSimulations);
    }
  }
}

TEST_CASE("the interval of a probability of improvement holds it, at few seeds too") {
  for (const double gain : {0.0, 0.03, 0.08}) {
    for (const std::size_t seeds : {3, 5, 20}) {
      // Both arms are normal with variances as here, apart from what a seed does to both.
      const double deviation = std::sqrt(2) * std::sqrt(0.0004 + 0.0004 + 0.2275 / kAnswers);
      const double truth = 0.5 * std::erfc(-gain / deviation / std::sqrt(2));
      int held = 0;
      for (int s = 0; s < kSimulations; ++s) {
        Rng rng(3, {seeds, static_cast<std::uint64_t>(1000 * gain), static_cast<std::uint64_t>(s)});
        const auto arms = accuracies(rng, {0, gain}, seeds, 0.02);
        Scores x, y;
        for (const double value : arms[1]) x.push_back({value});
        for (const double value : arms[0]) y.push_back({value});
        const Interval found = improvement_interval(probability_of_improvement(x, y), seeds, seeds);
        held += found.low <= truth && truth <= found.high ? 1 : 0;
      }
      const double share = static_cast<double>(held) / kSimulations;
      MESSAGE("gain " << 100 * gain << ", " << seeds << " seeds: truth " << truth << ", coverage "
                      << share);
      CHECK(share >= 0.93);
    }
  }
}

namespace {

// Differences of two arms on problems in clusters of equal ones, [seed][problem]. The arms' chances
// on a problem differ by a normal number of this spread, and a seed moves all problems.
std::vector<std::vector<double>> problem_table(Rng& rng, std::size_t seeds, std::size_t clusters,
                                               std::size_t each, double problem_spread) {
  std::vector<double> gains(clusters);
  for (double& gain : gains) gain = problem_spread * normal(rng);
  std::vector<std::vector<double>> out(seeds);
  for (auto& row : out) {
    const double shift = 0.02 * normal(rng);
    for (std::size_t p = 0; p < clusters * each; ++p) {
      const double gain = gains[p / each] + shift;
      row.push_back((rng.chance(0.5 + gain / 2) ? 1.0 : 0.0) -
                    (rng.chance(0.5 - gain / 2) ? 1.0 : 0.0));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("what problems add is their own spread: not the seeds', and not that of completions") {
  struct Case {
    std::size_t seeds, clusters, each;
    double spread;
  };
  for (const Case& c : {Case{5, 256, 1, 0.2}, Case{5, 64, 4, 0.2}, Case{10, 256, 1, 0.0}}) {
    std::vector<std::int64_t> cluster;
    for (std::size_t p = 0; p < c.clusters * c.each; ++p)
      cluster.push_back(static_cast<std::int64_t>(p / c.each));
    double squares = 0;
    int held = 0;
    constexpr int kTables = 1000;
    for (int s = 0; s < kTables; ++s) {
      Rng rng(4, {c.seeds, c.clusters, c.each, static_cast<std::uint64_t>(s)});
      const auto table = problem_table(rng, c.seeds, c.clusters, c.each, c.spread);
      const double error = problem_error(table, cluster);
      squares += error * error / kTables;
      // The interval of other seeds and other problems: both parts together.
      std::vector<double> means;
      for (const auto& row : table) {
        double sum = 0;
        for (const double value : row) sum += value;
        means.push_back(sum / static_cast<double>(row.size()));
      }
      const UnitMean found = mean_of_units(means);
      const double half = (found.interval->high - found.interval->low) / 2;
      held += std::abs(found.mean) <= std::hypot(half, 1.96 * error) ? 1 : 0;
    }
    const double truth = c.spread * c.spread / static_cast<double>(c.clusters);
    const double share = static_cast<double>(held) / kTables;
    MESSAGE(c.clusters << " x " << c.each << ": variance " << squares << ", truth " << truth
                       << ", coverage of both parts " << share);
    if (c.spread > 0) CHECK(squares == doctest::Approx(truth).epsilon(0.1));
    else CHECK(squares < 0.25 * 0.5 / 2560);  // of the variance that completions alone have
    CHECK(share >= 0.93);
  }
}

TEST_CASE("one seed cannot tell problems from completions, and one problem tells nothing") {
  CHECK(problem_error({{1, 0, 1, 0}}, {}) == doctest::Approx(std::sqrt(0.25 / 3)));
  CHECK(problem_error({{1, 1, 0, 0}}, {0, 0, 1, 1}) == doctest::Approx(0.5));
  CHECK(problem_error({{1}, {0}}, {}) == 0);
  CHECK(problem_error({{1, 1}, {1, 1}}, {}) == 0);
}
