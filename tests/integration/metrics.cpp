// What runs record, against the table of metrics and the pages of algorithms.

#include "core/run/metrics.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/metrics");

TEST_CASE("every metric that a run records is in the table, or on its algorithm's page") {
  const TemporaryFolder folder;
  const std::pair<std::string, std::vector<std::string>> runs[] = {
      {"grpo",
       {"algorithm={use: grpo, kl: 0.01, entropy_target: 0.5}", "train.importance_cap=2",
        "rollout.ahead=1", "eval.samples=4", "eval.points=2"}},
      {"ppo", {"algorithm={use: ppo, kl: 0.01, kl_target: 0.01}", "train.epochs=2"}},
      {"prime", {"algorithm={use: prime, accuracy: [0, 1], process: 2}"}},
      {"raft",
       {"algorithm={use: raft, keep: all, clip: 0.2}", "train.imitate=true", "train.epochs=2",
        "rollout.max_tokens=64"}}};
  std::set<std::string> seen;
  for (const auto& [algorithm, overrides] : runs) {
    CAPTURE(algorithm);
    std::vector<std::string> all = {"warm_start.steps=2", "train.steps=2", "eval.problems=8",
                                    "preflight.max_truncated=1"};
    all.insert(all.end(), overrides.begin(), overrides.end());
    const fs::path run = folder / algorithm;
    run_to_the_end(train(run, all));
    const std::string page =
        read_file(fs::path(TINYZERO_SOURCE) / "plugins" / algorithm / (algorithm + ".md"));
    for (const Json& record : json_lines(run / "metrics.jsonl")) {
      for (const auto& [name, value] : record.items()) {
        if (name == "step" || name == "seconds") continue;
        CAPTURE(name);
        const Metric* metric = find_metric(name);
        CHECK((metric != nullptr || page.find("`" + name + "`") != std::string::npos));
        if (metric != nullptr) seen.insert(std::string(metric->name));
        if (metric != nullptr && metric->unit == MetricUnit::share) {
          CHECK(value.get<double>() >= 0);
          CHECK(value.get<double>() <= 1);
        }
      }
    }
  }
  // Rows that no run here could record: they need a mixture of tasks, or several processes.
  for (const Metric& metric : metrics()) {
    CAPTURE(metric.name);
    const bool needs_others = metric.name.find("SOURCE") != std::string_view::npos ||
                              metric.name.starts_with("curriculum/") ||
                              metric.name.starts_with("ranks/");
    CHECK((needs_others || seen.count(std::string(metric.name)) > 0));
  }
}
