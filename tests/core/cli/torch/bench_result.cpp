#include "core/cli/torch/bench_result.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/torch/bench_result");

namespace {

// Three rounds of 1000 tokens and 8 GFLOP on a machine of 10, 10 and 5 GFLOP/s.
BenchResult result() {
  BenchResult r;
  r.what = "rollout";
  r.parameters = 1000000;
  r.tokens = 1000;
  r.flops = 8e9;
  r.rounds.seconds = {{1, 2, 4}, {10, 20, 40}};
  r.rounds.roofs = {{10, 10, 5}, {10, 10, 5}};
  return r;
}

}  // namespace

TEST_CASE("rates are medians of rounds, and each round is held against its own roof") {
  const BenchResult r = result();
  CHECK(r.rate().median == doctest::Approx(500));
  CHECK(r.rate().lowest == doctest::Approx(250));
  CHECK(r.rate().highest == doctest::Approx(1000));
  CHECK(r.efficiency().median == doctest::Approx(0.4));  // 8 / 1 / 10, 8 / 2 / 10, 8 / 4 / 5
  CHECK(r.efficiency().highest == doctest::Approx(0.8));
}

TEST_CASE("a peer is compared round by round") {
  BenchResult r = result();
  add_peers(r, {"other"});
  REQUIRE(r.peers.size() == 1);
  CHECK(r.peers[0].tokens.median == doctest::Approx(50));
  CHECK(r.peers[0].ratio.lowest == doctest::Approx(10));
  CHECK(r.peers[0].ratio.highest == doctest::Approx(10));
  CHECK(result_text(r).find("this program 10.0 x [10.0, 10.0]\n") != std::string::npos);
}

TEST_CASE("what was not measured is not told") {
  BenchResult r = result();
  CHECK(result_text(r).find("\n  time  ") == std::string::npos);
  CHECK(result_text(r).find("\n  slots  ") == std::string::npos);
  CHECK(result_text(r).find("disturbed") == std::string::npos);
  CHECK_FALSE(result_json(r).contains("slot_use"));
  r.phases = {{"products", 3}, {"sampling", 1}};
  r.slot_use = 0.5;
  r.rounds.foreign = 0.5;
  CHECK(result_text(r).find("  time       products 75.0 % · sampling 25.0 %\n") !=
        std::string::npos);
  CHECK(result_text(r).find("  slots      50.0 % in use\n") != std::string::npos);
  CHECK(result_text(r).find("other processes used 50 % of the machine") != std::string::npos);
  const Json json = result_json(r);
  CHECK(json["time"]["products"] == 0.75);
  CHECK(json["slot_use"] == 0.5);
}
