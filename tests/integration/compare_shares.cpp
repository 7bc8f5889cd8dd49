// Calls that divide the runs of a comparison.

#include <doctest/doctest.h>

#include <csignal>

#include "support/comparisons.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/compare_shares");

TEST_CASE("shares that run at once, one of them killed and repeated, give the files of one call") {
  const TemporaryFolder folder;
  const fs::path whole = folder / "whole", run = folder / "shared";
  REQUIRE(tinyzero::tinyzero(compare(whole)).code == 0);
  const auto share = [&](const char* which) {
    return command_line(compare(run, {"--share", which}));
  };
  BackgroundProcess first(share("0/3")), second(share("1/3")), third(share("2/3"));
  REQUIRE(wait_for([&] { return fs::exists(run / "arms/group/seed-1/config.yaml"); }));
  second.signal(SIGKILL);
  second.wait();
  CHECK(first.wait() == 0);
  CHECK(third.wait() == 0);
  CHECK_FALSE(fs::exists(run / "comparison.json"));
  const ProcessResult again = tinyzero::tinyzero(compare(run, {"--share", "1/3"}));
  CAPTURE(again.err);
  CHECK(again.code == 0);
  CHECK(again.err.find(" done; without --share") != std::string::npos);
  REQUIRE(tinyzero::tinyzero(compare(run)).code == 0);
  check_equal_comparisons(whole, run);
}

TEST_CASE("starts come first, by a call of their own, and a plan lists what is to be divided") {
  const TemporaryFolder folder;
  const fs::path run = folder / "comparison";
  const ProcessResult listed = tinyzero::tinyzero(compare(run, {"--plan", "--json"}));
  REQUIRE(listed.code == 0);
  CHECK_FALSE(fs::exists(run));
  const Json plan = parse_json(listed.out, "plan");
  CHECK(plan["runs"].size() == 8);
  const ProcessResult starts = tinyzero::tinyzero(compare(run, {"--starts", "--share", "1/2"}));
  CHECK(starts.code == 0);
  CHECK(starts.err.find("1 of 1 run done") != std::string::npos);
  CHECK_FALSE(fs::exists(run / "arms/group/seed-1"));
  CHECK(tinyzero::tinyzero(compare(run, {"--starts", "--json"})).code == 2);
  CHECK(tinyzero::tinyzero(compare(run, {"--share", "2/2"})).code == 2);
}
