// Results of comparisons that are read again, and what can be said before there are any.

#include <doctest/doctest.h>

#include <cmath>

#include "support/comparisons.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/compare_results");

TEST_CASE("a result is read again without its runs, and says how many seeds differences take") {
  const TemporaryFolder folder;
  const std::string shipped = "docs/results/comparison.json";
  const ProcessResult table = tinyzero::tinyzero({"compare", shipped, "compare.pairs=all"});
  CHECK(table.code == 0);
  CHECK(table.out.find("prime - ppo") != std::string::npos);
  const ProcessResult json = tinyzero::tinyzero({"compare", shipped, "--json"});
  const Json now = Json::parse(json.out);
  CHECK(now["arms"][1]["against_first"]["verdict"] == "undecided");
  CHECK_FALSE(now.contains("pairs"));

  const ProcessResult power =
      tinyzero::tinyzero({"compare", shipped, "--plan", "--power=2", "--json"});
  const Json spreads = Json::parse(power.out)["spreads"];
  REQUIRE(spreads.size() == 5);  // four arms against the first, and pooled
  CHECK(spreads[4]["needs"][0]["seeds"] == 12);
  // Before there are runs, spreads are assumed, and the noise of 32 answers comes on top.
  const fs::path run = folder / "none";
  const ProcessResult plan =
      tinyzero::tinyzero(compare(run, {"--plan", "--power", "--spread=2", "--json"}));
  CAPTURE(plan.err);
  REQUIRE(plan.code == 0);
  const Json planned = Json::parse(plan.out);
  CHECK(planned["verdicts"] == 3);
  CHECK(planned["seeds"] == 2);
  CHECK(planned["spreads"][0]["needs"].size() == 3);
  const double deviation = planned["spreads"][0]["deviation"];
  CHECK(deviation == doctest::Approx(std::sqrt(2 * (0.02 * 0.02 + 0.25 / 32))));
  CHECK_FALSE(fs::exists(run));

  const auto refused = [&](const std::vector<std::string>& command) {
    const ProcessResult result = tinyzero::tinyzero(command);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    return result.err;
  };
  CHECK(refused({"compare", shipped, "--jobs", "2"}).find("--jobs is about runs") !=
        std::string::npos);
  CHECK(refused({"compare", shipped, "seed=2"}).find("would change what was run") !=
        std::string::npos);
  CHECK(refused({"compare", shipped, "--plan", "--power=0"}).find("is no list of points") !=
        std::string::npos);
  CHECK(refused({"compare", shipped, "--power"}).find("--power requires --plan") !=
        std::string::npos);
  write_file_synced(folder / "other.json", "{\"arms\": 3}");
  CHECK(refused({"compare", folder / "other.json"}).find("is no comparison.json") !=
        std::string::npos);
}
