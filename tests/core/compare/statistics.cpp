// Statistics of runs whose numbers are written by hand.

#include "core/compare/statistics.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/compare/statistics");

namespace {

// A run of 1,000 tokens whose curve has `points` equal parts of a square root, as high as
// `accuracy` at the end.
RunResult run(double accuracy, int points = 10) {
  RunResult out{.metrics = {}, .accuracy = accuracy, .right = {}, .cluster = {}};
  for (int i = 0; i <= points; ++i) {
    const double share = static_cast<double>(i) / points;
    out.metrics.curve.push_back({.step = i,
                                 .tokens = 1000 * share,
                                 .seconds = 10 * share,
                                 .accuracy = accuracy * std::sqrt(share)});
  }
  out.metrics.last = out.metrics.curve.back();
  return out;
}

ArmResult arm(const std::string& name, const std::vector<double>& accuracies,
              ArmRole role = ArmRole::arm, int points = 10) {
  ArmResult out{.name = name, .role = role, .runs = {}};
  std::int64_t seed = 1;
  for (const double accuracy : accuracies) out.runs.emplace(seed++, run(accuracy, points));
  return out;
}

Json statistics(const std::vector<ArmResult>& arms, bool all_pairs = false) {
  Json comparison = {{"arms", Json::array()}};
  for (const ArmResult& arm : arms) {
    Json runs = Json::array();
    for (const auto& [seed, result] : arm.runs) runs.push_back({{"seed", seed}, {"state", "ok"}});
    comparison["arms"].push_back({{"name", arm.name}, {"runs", runs}});
  }
  add_statistics(
      comparison,
      {.arms = arms, .unit = "tokens", .budget = 1000, .all_pairs = all_pairs, .resamples = 200});
  return comparison;
}

const std::vector<double> kFirst = {0.60, 0.62, 0.58, 0.61, 0.59};

}  // namespace

TEST_CASE("an accuracy is the mean of the seeds with Student's interval and their spread") {
  // scipy 1.17.1: ttest_1samp([0.010, -0.004, 0.021, 0.013, 0.006], 0), moved by a half
  const Json found = statistics({arm("a", {0.510, 0.496, 0.521, 0.513, 0.506})});
  const Json& accuracy = found["arms"][0]["test_accuracy"];
  CHECK(accuracy["value"].get<double>() == doctest::Approx(0.5092));
  CHECK(accuracy["low"].get<double>() == doctest::Approx(0.5 - 0.002227356970519243));
  CHECK(accuracy["high"].get<double>() == doctest::Approx(0.5 + 0.02062735697051924));
  CHECK(accuracy["deviation"].get<double>() == doctest::Approx(0.009203260291874831));
  CHECK(accuracy["problems"].is_null());
  CHECK_FALSE(found["arms"][0].contains("interquartile_mean"));
}

TEST_CASE("arms are tested by the differences of their seeds, with p for all verdicts together") {
  std::vector<double> above, near;
  const double gains[] = {0.010, -0.004, 0.021, 0.013, 0.006};
  for (std::size_t k = 0; k < 5; ++k) {
    near.push_back(kFirst[k] + gains[k]);
    above.push_back(kFirst[k] + 0.1 + 0.001 * static_cast<double>(k));
  }
  const Json found = statistics(
      {arm("a", kFirst), arm("near", near), arm("above", above), arm("below", {0, 0, 0, 0, 0})});
  const Json& near_first = found["arms"][1]["against_first"];
  CHECK(near_first["first"] == "a");
  CHECK(near_first["difference"]["value"].get<double>() == doctest::Approx(0.0092));
  CHECK(near_first["difference"]["high"].get<double>() == doctest::Approx(0.02062735697051924));
  CHECK(near_first["p"].get<double>() == doctest::Approx(0.08908761666598795));
  CHECK(near_first["p_holm"] == near_first["p"]);  // the largest of three
  CHECK(near_first["verdict"] == "undecided");
  const Json& above_first = found["arms"][2]["against_first"];
  CHECK(above_first["verdict"] == "better");
  CHECK(above_first["p_holm"].get<double>() == doctest::Approx(3 * above_first["p"].get<double>()));
  CHECK(above_first["probability_of_improvement"]["value"] == 1);
  CHECK(above_first["probability_of_improvement"]["low"].get<double>() ==
        doctest::Approx(0.6427028239310432));
  CHECK(found["arms"][3]["against_first"]["verdict"] == "worse");
  CHECK_FALSE(found["arms"][0].contains("against_first"));
}

TEST_CASE("a difference that one test decides can be undecided among many") {
  // p is 0.013 by scipy's ttest_1samp.
  std::vector<double> other = kFirst;
  const double gains[] = {0.03, 0.01, 0.04, 0.02, 0.015};
  for (std::size_t k = 0; k < 5; ++k) other[k] += gains[k];
  const auto verdict_among = [&](std::size_t equal_arms) {
    std::vector<ArmResult> arms = {arm("a", kFirst), arm("b", other)};
    const std::vector<double> wavering = {0.61, 0.61, 0.59, 0.60, 0.60};
    for (std::size_t i = 0; i < equal_arms; ++i) arms.push_back(arm("c", wavering));
    return statistics(arms)["arms"][1]["against_first"]["verdict"].get<std::string>();
  };
  CHECK(verdict_among(0) == "better");
  CHECK(verdict_among(5) == "undecided");
}

TEST_CASE("all pairs are those of two arms, or of an arm and a control") {
  const std::vector<ArmResult> arms = {
      arm("a", kFirst), arm("b", kFirst), arm("untrained", {0, 0, 0, 0, 0}, ArmRole::untrained),
      arm("warm_start", {0.1, 0.1, 0.1, 0.1, 0.2}, ArmRole::warm_start)};
  const Json found = statistics(arms, true);
  std::vector<std::string> names;
  for (const Json& pair : found["pairs"])
    names.push_back(pair["arm"].get<std::string>() + "-" + pair["first"].get<std::string>());
  CHECK(names == std::vector<std::string>{"b-a", "untrained-a", "warm_start-a", "untrained-b",
                                          "warm_start-b"});
  CHECK(found["arms"][2]["against_first"] == found["pairs"][1]);
  CHECK_FALSE(statistics(arms).contains("pairs"));
}

TEST_CASE("one seed has no interval and no p; a seed that only one arm has does not count") {
  const Json one = statistics({arm("a", {0.5}), arm("b", {0.7, 0.8})});
  const Json& accuracy = one["arms"][0]["test_accuracy"];
  CHECK(accuracy["value"] == 0.5);
  for (const char* unknown : {"low", "high", "deviation"}) CHECK(accuracy[unknown].is_null());
  const Json& against = one["arms"][1]["against_first"];
  CHECK(against["seeds"] == 1);
  CHECK(against["difference"]["value"].get<double>() == doctest::Approx(0.2));
  CHECK(against["p"].is_null());
  CHECK(against["verdict"] == "anecdotal");
  const Json none = statistics({arm("a", {}), arm("b", {0.7, 0.8})});
  CHECK(none["arms"][0]["test_accuracy"].is_null());
  CHECK(none["arms"][1]["against_first"]["difference"].is_null());
  CHECK(none["arms"][1]["against_first"]["verdict"] == "no result");
}

TEST_CASE("curves and areas are read at the same places, as many as the sparsest curve has") {
  // The same curve, seen at 10 places and at 4: no difference, though the finer line lies higher.
  const Json found = statistics({arm("fine", kFirst), arm("coarse", kFirst, ArmRole::arm, 4)});
  CHECK(found["knots"] == 4);
  const Json& area = found["arms"][1]["against_first"]["area_difference"]["tokens"];
  CHECK(std::abs(area["value"].get<double>()) < 0.01);
  const double coarse = 0.6 * (0.5 + std::sqrt(0.5) + std::sqrt(0.75) + 0.5) / 4;
  CHECK(found["arms"][1]["area"]["tokens"]["value"].get<double>() == doctest::Approx(coarse));
  const Json& curve = found["arms"][1]["curve"];
  REQUIRE(curve.size() == 5);
  CHECK(curve[1]["tokens"] == 250);
  CHECK(curve[1]["value"].get<double>() == doctest::Approx(0.3));
  CHECK(curve[4]["low"] == found["arms"][1]["test_accuracy"]["low"]);
}

TEST_CASE("what the choice of problems adds is reported beside, of accuracies and differences") {
  std::vector<ArmResult> arms = {arm("a", {0.5, 0.5}), arm("b", {0.5, 0.5})};
  for (auto& [seed, run] : arms[0].runs) run.right = {1, 1, 0, 0};
  for (auto& [seed, run] : arms[1].runs) run.right = {0, 0, 1, 1};
  const auto problems = [&](std::size_t a) {
    const Json found = statistics(arms);
    const Json& of = found["arms"][a];
    return (a == 0 ? of["test_accuracy"] : of["against_first"]["difference"])["problems"]
        .get<double>();
  };
  // No seed differs, so all variance is the problems': 1/4 over 3, and 1 over 3.
  CHECK(problems(0) == doctest::Approx(1.96 * std::sqrt(0.25 / 3)).epsilon(1e-4));
  CHECK(problems(1) == doctest::Approx(1.96 * std::sqrt(1.0 / 3)).epsilon(1e-4));
  for (ArmResult& arm : arms) {
    for (auto& [seed, run] : arm.runs) run.cluster = {0, 0, 1, 1};
  }
  CHECK(problems(0) == doctest::Approx(1.96 * 0.5).epsilon(1e-4));
}

TEST_CASE("a profile's bands are rliable's; ten runs have an interquartile mean too") {
  const std::vector<double> ten = {0.1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.9};
  const Json found = statistics({arm("a", ten)})["arms"][0];
  REQUIRE(found["profile"].size() == 21);
  CHECK(found["profile"][9]["above"].get<double>() == doctest::Approx(0.45));
  CHECK(found["profile"][9]["value"].get<double>() == doctest::Approx(0.9));
  CHECK(found["profile"][9]["low"] < 0.9);
  CHECK(found["interquartile_mean"]["value"].get<double>() == doctest::Approx(0.5));
}
