// A run's curve from its metrics.jsonl.

#include "core/compare/metrics.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/compare/metrics");

TEST_CASE("an evaluation is a point of the curve, at what RL had spent before it") {
  const TemporaryFolder folder;
  write_file_synced(folder / "metrics.jsonl",
                    "{\"step\":0,\"warm_start/step\":1,\"warm_start/loss\":3}\n"
                    "{\"step\":0,\"eval/accuracy\":0.25}\n"
                    "{\"step\":1,\"tokens/spent\":100,\"time/spent\":1.5}\n"
                    "{\"step\":2,\"tokens/spent\":220,\"time/spent\":2.5}\n"
                    "{\"step\":2,\"eval/accuracy\":0.5}\n"
                    "{\"step\":3,\"tokens/spent\":300,\"time/spent\":4}\n"
                    "{\"step\":4,\"tokens/sp");
  const RunMetrics metrics = read_run_metrics(folder.path());
  REQUIRE(metrics.curve.size() == 2);
  CHECK(metrics.curve[0].step == 0);
  CHECK(metrics.curve[0].tokens == 0);
  CHECK(metrics.curve[0].accuracy == 0.25);
  CHECK(metrics.curve[1].step == 2);
  CHECK(metrics.curve[1].tokens == 220);
  CHECK(metrics.curve[1].seconds == 2.5);
  CHECK(metrics.curve[1].accuracy == 0.5);
  CHECK(metrics.last.step == 3);
  CHECK(metrics.last.tokens == 300);
}

TEST_CASE("of evaluations that stand for one point of the budget, the last counts") {
  const TemporaryFolder folder;
  write_file_synced(folder / "metrics.jsonl",
                    "{\"step\":0,\"eval/accuracy\":0.1,\"eval/point\":0}\n"
                    "{\"step\":1,\"tokens/spent\":90,\"time/spent\":1}\n"
                    "{\"step\":1,\"eval/accuracy\":0.2,\"eval/point\":1}\n"
                    "{\"step\":2,\"tokens/spent\":180,\"time/spent\":2}\n"
                    "{\"step\":2,\"eval/accuracy\":0.4,\"eval/point\":2}\n"
                    "{\"step\":3,\"tokens/spent\":190,\"time/spent\":3}\n"
                    "{\"step\":3,\"eval/accuracy\":0.3,\"eval/point\":2}\n"
                    "{\"step\":4,\"tokens/spent\":210,\"time/spent\":4}\n");
  const RunMetrics metrics = read_run_metrics(folder.path());
  REQUIRE(metrics.curve.size() == 3);
  CHECK(metrics.curve[1].step == 1);
  CHECK(metrics.curve[2].step == 3);
  CHECK(metrics.curve[2].accuracy == 0.3);
  CHECK(metrics.last.step == 4);
}

TEST_CASE("a folder without metrics has no curve, and a broken line is an error") {
  const TemporaryFolder folder;
  CHECK(read_run_metrics(folder.path()).curve.empty());
  write_file_synced(folder / "metrics.jsonl", "{\"step\":\n{\"step\":1}\n");
  CHECK_THROWS_AS(read_run_metrics(folder.path()), Error);
}
