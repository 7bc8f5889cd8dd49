#include "core/eval/problem_intervals.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/problem_intervals");

TEST_CASE("one completion a problem: Wilson's own interval") {
  std::vector<Tally> tallies(100);
  for (std::size_t i = 0; i < 100; ++i) tallies[i] = {i < 37 ? 1.0 : 0.0, 1.0};
  const Interval ours = clustered_wilson(tallies), plain = wilson_interval(37, 100);
  CHECK(ours.low == doctest::Approx(plain.low));
  CHECK(ours.high == doctest::Approx(plain.high));
}

TEST_CASE("completions that repeat each other are one trial, problems that were not judged none") {
  std::vector<Tally> repeated(100);
  for (std::size_t i = 0; i < 100; ++i) repeated[i] = {i < 37 ? 16.0 : 0.0, 16.0};
  const Interval ours = clustered_wilson(repeated), plain = wilson_interval(37, 100);
  CHECK(ours.low == doctest::Approx(plain.low));
  CHECK(ours.high == doctest::Approx(plain.high));
  repeated.resize(200);
  CHECK(clustered_wilson(repeated).low == doctest::Approx(plain.low));
  const std::vector<Tally> all(50, {8, 8}), none(50, {0, 8});
  CHECK(clustered_wilson(all).low == doctest::Approx(wilson_interval(50, 50).low));
  CHECK(clustered_wilson(none).high == doctest::Approx(wilson_interval(0, 50).high));
  CHECK(clustered_wilson({}).low == 0);
  CHECK(clustered_wilson({}).high == 1);
}

// Problems of very different difficulty, 8 completions each: 95 % of the intervals hold the true
// accuracy, those that take completions for independent far fewer.
TEST_CASE("coverage over simulated evaluations") {
  int clustered = 0, naive = 0;
  constexpr int kTrials = 1000;
  constexpr double kTruth = 0.5 * (0.9 + 0.1);
  for (int trial = 0; trial < kTrials; ++trial) {
    Rng rng(7, {static_cast<std::uint64_t>(trial)});
    std::vector<Tally> tallies(80);
    double right = 0;
    for (Tally& t : tallies) {
      const double chance = rng.chance(0.5) ? 0.9 : 0.1;
      t.judged = 8;
      for (int i = 0; i < 8; ++i) t.right += rng.chance(chance) ? 1 : 0;
      right += t.right;
    }
    const auto holds = [&](const Interval& i) {
      return i.low <= kTruth && kTruth <= i.high ? 1 : 0;
    };
    clustered += holds(clustered_wilson(tallies));
    naive += holds(wilson_interval(right, 640));
  }
  CHECK(clustered >= 0.93 * kTrials);
  CHECK(clustered <= 0.97 * kTrials);
  CHECK(naive < 0.7 * kTrials);
}

TEST_CASE("bootstrap of a mean") {
  std::vector<double> values;
  double square = 0;
  for (int i = 0; i < 400; ++i) values.push_back(i % 4 == 0 ? 1.0 : 0.0);
  for (const double v : values) square += (v - 0.25) * (v - 0.25);
  const double error = std::sqrt(square) / 400;
  const MeanInterval m = bootstrap_mean(values);
  CHECK(m.mean == doctest::Approx(0.25));
  CHECK(m.low == doctest::Approx(0.25 - 1.96 * error).epsilon(0.02).scale(0));
  CHECK(m.high == doctest::Approx(0.25 + 1.96 * error).epsilon(0.02).scale(0));
  CHECK(bootstrap_mean(values).low == m.low);
  CHECK(m.count == 400);
  CHECK(bootstrap_mean({}).count == 0);
}

TEST_CASE("paired differences are of the same problems: what both find hard cancels") {
  std::vector<Tally> a(200), b(200);
  for (std::size_t i = 0; i < 200; ++i) {
    a[i] = {i < 100 ? 1.0 : 0.0, 1.0};
    b[i] = {i < 110 ? 1.0 : 0.0, 1.0};
  }
  const MeanInterval d = paired_difference(a, b);
  CHECK(d.mean == doctest::Approx(0.05));
  CHECK(d.low > 0.01);  // the two intervals overlap: [0.43, 0.57] and [0.48, 0.62]
  CHECK(d.high < 0.09);
  CHECK(paired_difference(b, a).mean == doctest::Approx(-0.05));
  a[150] = {0, 0};  // not judged
  CHECK(paired_difference(a, b).count == 199);
}

TEST_CASE("pass@k counts problems with k judged completions") {
  const std::vector<Tally> tallies = {{1, 4}, {0, 4}, {4, 4}, {1, 1}};
  const std::vector<double> two = pass_values(tallies, 2);
  REQUIRE(two.size() == 3);
  CHECK(two[0] == doctest::Approx(0.5));
  CHECK(two[1] == 0);
  CHECK(two[2] == 1);
  CHECK(pass_values(tallies, 1).size() == 4);
  CHECK(pass_interval(tallies, 2).mean == doctest::Approx(0.5));
  CHECK(pass_interval({{0, 4}, {0, 4}, {0, 4}}, 2).high ==
        doctest::Approx(wilson_interval(0, 3).high));  // and not 0
}
