#include "core/cli/comparison_table.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/comparison_table");

namespace {

Json estimate(double value, double low, double high) {
  return {{"value", value}, {"low", low}, {"high", high}};
}

Json run(std::int64_t seed, double accuracy) {
  return {{"seed", seed},        {"state", "done"},       {"test_accuracy", accuracy},
          {"tokens", 12000},     {"seconds", 30},         {"test_temperature", 0.4},
          {"test_length", 61.5}, {"test_truncated", 0.25}};
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
                         {"against_first",
                          {{"difference", nullptr},
                           {"probability_of_improvement", nullptr},
                           {"verdict", "undecided"}}}});
  return out;
}

}  // namespace

TEST_CASE("a row an arm, in columns; what is not known is a dash") {
  const std::string table = comparison_table(summary(5));
  CHECK(table.starts_with(
      "\norder · tiny · 5 seeds · budget 100000 tokens a run · 64 test problems (set 0123)\n\n"));
  CHECK(table.find("arm  test % [95 %]      by seed  area %") != std::string::npos);
  CHECK(table.find("a    50.0 [40.0, 60.0]  50.0     25.0    12k     30       1/1\n") !=
        std::string::npos);
  CHECK(table.find("b    -                  -        -       -       -        0/1 (1 failed)") !=
        std::string::npos);
  CHECK(table.find("undecided\n") != std::string::npos);
  CHECK(table.find("failed: b seed 1: no room\n") != std::string::npos);
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
