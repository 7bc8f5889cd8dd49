#include "core/cli/torch/comparison_table.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/torch/comparison_table");

namespace {

Json estimate(double value, double low, double high) {
  return {{"value", value}, {"low", low}, {"high", high}, {"deviation", 0.02}, {"problems", 0.013}};
}

Json run(std::int64_t seed, double accuracy) {
  return {{"seed", seed},        {"state", "done"},       {"test_accuracy", accuracy},
          {"tokens", 12000},     {"seconds", 30},         {"test_temperature", 0.4},
          {"test_length", 61.5}, {"test_truncated", 0.25}};
}

Json pair(const std::string& arm, const Json& difference, const Json& p) {
  return {{"arm", arm},
          {"first", "a"},
          {"seeds", 5},
          {"difference", difference},
          {"p", p},
          {"p_holm", p},
          {"verdict", p.is_null() ? "no result" : "better"},
          {"probability_of_improvement", difference.is_null() ? Json() : estimate(0.96, 0.6, 1)},
          {"area_difference", {{"tokens", difference}}}};
}

Json summary(std::size_t seeds) {
  Json out = {{"task", "order"},
              {"model", "tiny"},
              {"budget", {{"amount", 1e5}, {"unit", "tokens"}}},
              {"seeds", Json::array()},
              {"test", {{"problems", 64}, {"set", "0123"}}},
              {"warnings", Json::array()},
              {"arms", Json::array()}};
  for (std::size_t s = 0; s < seeds; ++s) out["seeds"].push_back(s + 1);
  out["arms"].push_back({{"name", "a"},
                         {"test_accuracy", estimate(0.5, 0.4, 0.6)},
                         {"area", {{"tokens", estimate(0.25, 0.2, 0.3)}}},
                         {"ok", 1},
                         {"failed", 0},
                         {"pass_at", {{"1", 0.5}, {"8", 0.75}}},
                         {"traits", {{"attempts", 2.5}}},
                         {"runs", {run(1, 0.5)}}});
  out["arms"].push_back({{"name", "b"},
                         {"test_accuracy", nullptr},
                         {"area", {{"tokens", nullptr}}},
                         {"ok", 0},
                         {"failed", 1},
                         {"runs", {{{"seed", 1}, {"state", "failed"}, {"error", "no room"}}}},
                         {"against_first", pair("b", nullptr, nullptr)}});
  return out;
}

// Two arms with results.
Json decided() {
  Json out = summary(5);
  Json better = out["arms"][0];
  better["name"] = "b";
  better["role"] = "arm";
  better["against_first"] = pair("b", estimate(0.04, 0.01, 0.07), 0.0004);
  out["arms"][1] = better;
  return out;
}

}  // namespace

TEST_CASE("a row an arm, in columns; what is not known is a dash") {
  const std::string table = comparison_table(summary(5));
  CHECK(table.starts_with(
      "\norder · tiny · 5 seeds · budget 100000 tokens a run · 64 test problems (set 0123)\n\n"));
  CHECK(table.find("arm  test % [95 %]      by seed  spread  \u00b1 problems  area %  tokens") !=
        std::string::npos);
  CHECK(table.find("a    50.0 [40.0, 60.0]  50.0     2.0     1.3         25.0    12k     30       "
                   "1/1\n") != std::string::npos);
  CHECK(table.find("b    -                  -        -       -           -       -       -        "
                   "0/1 (1 failed)") != std::string::npos);
  CHECK(table.find("failed: b seed 1: no room\n") != std::string::npos);
}

TEST_CASE("verdicts have a table of their own, with what they rest on") {
  CHECK(
      comparison_table(summary(5))
          .find(
              "against a  points [95 %]  \u00b1 problems  p  p (Holm)  P(better) [95 %]  verdict  "
              "  area, points [95 %]\n"
              "b          -              -           -  -         -                 no result  "
              "-\n") != std::string::npos);
  const std::string table = comparison_table(decided());
  CHECK(table.find("b          +4.0 [+1.0, +7.0]  1.3         <0.001  <0.001    0.96 [0.60, 1.00]  "
                   "better   +4.0 [+1.0, +7.0]\n") != std::string::npos);
  // 2 points of spread: statsmodels' TTestPower().solve_power gives 3.36 points for 5 seeds, and
  // 33.4, 9.94 and 3.53 seeds.
  CHECK(
      table.find("power: 5 seeds find a difference of 3.4 points in 80 % of cases; seeds that one "
                 "verdict takes, by points: 34 for 1, 10 for 2, 4 for 5\n") != std::string::npos);
  CHECK(comparison_table(summary(5)).find("power:") == std::string::npos);
}

TEST_CASE("of all pairs, each has its row") {
  Json all = decided();
  all["pairs"] = Json::array({pair("b", estimate(0.04, 0.01, 0.07), 0.03)});
  const std::string table = comparison_table(all);
  CHECK(table.find("all pairs  points [95 %]") != std::string::npos);
  CHECK(table.find("b - a      +4.0 [+1.0, +7.0]  1.3         0.030") != std::string::npos);
  CHECK(table.find("against a") == std::string::npos);
}

TEST_CASE("few seeds and warnings are told") {
  CHECK(comparison_table(summary(1)).find("One seed is an anecdote") != std::string::npos);
  CHECK(comparison_table(summary(3)).find("3 seeds are few") != std::string::npos);
  Json warned = summary(5);
  warned["warnings"].push_back("arms differ in size");
  const std::string table = comparison_table(warned);
  CHECK(table.find("seeds are few") == std::string::npos);
  CHECK(table.ends_with("warning: arms differ in size\n"));
}

TEST_CASE("a second table says what the completions of each arm do") {
  const std::string text = comparison_table(summary(1));
  CHECK(text.find("completions of the test  a      b\n"
                  "temperature              0.40   -\n"
                  "tokens                   61.5   -\n"
                  "cut %                    25.0   -\n"
                  "pass@1 %                 50.0   -\n"
                  "pass@8 %                 75.0   -\n"
                  "attempts                 2.500  -\n") != std::string::npos);
}
