// How many seeds differences take. Values are of statsmodels 0.15.0: TTestPower().solve_power.

#include "core/compare/power.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/compare/power");

namespace {

Json arm(const std::string& name, const std::string& role, const Json& deviation) {
  Json difference = {{"value", 0.01}, {"deviation", deviation}};
  return {{"name", name},
          {"role", role},
          {"against_first", {{"first", "a"}, {"seeds", 5}, {"difference", difference}}}};
}

Json comparison(const std::vector<Json>& others) {
  Json out = {{"arms", Json::array({{{"name", "a"}, {"role", "arm"}}})}};
  for (const Json& other : others) out["arms"].push_back(other);
  return out;
}

}  // namespace

TEST_CASE("spreads are those of arms against the first, and pooled; controls count alone") {
  const Json control = arm("untrained", "untrained", 0.5);
  const auto spreads = measured_spreads(comparison(
      {arm("b", "arm", 0.03), arm("c", "arm", 0.04), control, arm("d", "arm", nullptr)}));
  REQUIRE(spreads.size() == 3);
  CHECK(spreads[0].source == "b against a");
  CHECK(spreads[1].seeds == 5);
  CHECK(spreads[2].source == "pooled");
  CHECK(spreads[2].deviation == doctest::Approx(std::sqrt(0.0025 / 2)));
  REQUIRE(measured_spreads(comparison({control})).size() == 1);
  CHECK(measured_spreads(comparison({arm("b", "arm", 0.0), arm("c", "arm", nullptr)})).empty());
}

TEST_CASE("stated spreads are of arms, whose noise of sampling comes on top") {
  const auto spreads = stated_spreads({0.02}, 1024);
  REQUIRE(spreads.size() == 1);
  CHECK(spreads[0].source == "arms that spread by 2");
  CHECK(spreads[0].deviation == doctest::Approx(std::sqrt(2 * (0.0004 + 0.25 / 1024))));
}

TEST_CASE("seeds that differences take, alone and among others, and what the seeds find") {
  const Json power = power_json({{.source = "x", .deviation = 0.03, .seeds = 5}},
                                {.differences = {0.05, 0.02, 0.0001}, .seeds = 5, .verdicts = 4});
  CHECK(power["power"] == 0.8);
  const Json& row = power["spreads"][0];
  CHECK(row["needs"][0]["seeds"] == 6);        // 5.05
  CHECK(row["needs"][1]["seeds"] == 20);       // 19.67
  CHECK(row["needs"][1]["seeds_holm"] == 29);  // 28.27 at a quarter of the level
  CHECK(row["needs"][2]["seeds"].is_null());   // more than 10,000
  CHECK(row["deviation_low"].get<double>() == doctest::Approx(0.015 * 1.19826628));
  CHECK(row["detectable"].get<double>() == doctest::Approx(0.05045991));
  CHECK(row["detectable_holm"] > row["detectable"]);
  const Json one = power_json({{.source = "x", .deviation = 0.03, .seeds = 0}},
                              {.differences = {0.05}, .seeds = 1, .verdicts = 1});
  CHECK(one["spreads"][0]["detectable"].is_null());
  CHECK_FALSE(one["spreads"][0].contains("deviation_low"));
}

TEST_CASE("verdicts that are corrected together") {
  Json of = comparison({arm("b", "arm", 0.03), arm("c", "arm", 0.04)});
  CHECK(verdict_count(of) == 2);
  of["pairs"] = Json::array({1, 2, 3});
  CHECK(verdict_count(of) == 3);
}
