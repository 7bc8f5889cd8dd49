// The command `report` on runs that were really trained.

#include <doctest/doctest.h>

#include "support/golden.h"
#include "support/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/report");

namespace {

void train(const fs::path& run, const std::string& seed) {
  const ProcessResult result = tinyzero::tinyzero(
      {"train", "tests/integration/small.yaml", "--run", run, "seed=" + seed, "train.steps=4"});
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
}

Json carried(const std::string& html, const std::string& id) {
  const std::string open = "<script type=\"application/json\" id=\"" + id + "\">";
  const std::size_t from = html.find(open) + open.size();
  return parse_json(html.substr(from, html.find("</script>", from) - from), id);
}

}  // namespace

TEST_CASE("a trained run has its report, and two seeds have one together") {
  const TemporaryFolder folder;
  train(folder / "runs/one", "1");
  train(folder / "runs/two", "2");
  const ProcessResult one = tinyzero::tinyzero({"report", folder / "runs/one"});
  CAPTURE(one.err);
  REQUIRE(one.code == 0);
  CHECK(one.out.starts_with((folder / "runs/one/report.html").string()));
  const std::string html = read_file(folder / "runs/one/report.html");
  REQUIRE(tinyzero::tinyzero({"report", folder / "runs/one"}).code == 0);
  CHECK(read_file(folder / "runs/one/report.html") == html);

  // Every number of the page is that of the folder.
  const Json run = carried(html, "data")["runs"][0];
  const auto records = json_lines(folder.path() / "runs/one/metrics.jsonl");
  double seconds = 0;
  std::size_t evaluations = 0;
  for (const Json& record : records) {
    if (record.contains("eval/accuracy")) ++evaluations;
    seconds = record["seconds"];
  }
  CHECK(run["eval"]["step"].size() == evaluations);
  CHECK(run["evaluations"]["last"]["accuracy"].get<double>() ==
        doctest::Approx(records.back()["eval/accuracy"].get<double>()).epsilon(1e-4));
  CHECK(run["time"]["total"].get<double>() == doctest::Approx(seconds).epsilon(1e-4));
  CHECK(run["steps"] == 4);
  std::int64_t tokens = 0;
  std::size_t completions = 0;
  for (int step = 1; step <= 4; ++step) {
    for (const Json& episode : json_lines(folder.path() / ("runs/one/episodes/step-00000" +
                                                           std::to_string(step) + ".jsonl.zst"))) {
      tokens += episode["tokens"].get<std::int64_t>();
      ++completions;
    }
  }
  CHECK(run["tokens"] == tokens);
  const Json episodes = carried(html, "episodes")["runs"][0];
  CHECK(episodes["shown"] == completions);
  CHECK(episodes["of"] == completions);

  const ProcessResult both = tinyzero::tinyzero(
      {"report", folder / "runs/one", folder / "runs/two", "--out", folder / "both.html"});
  CHECK(both.code == 0);
  const Json data = carried(read_file(folder / "both.html"), "data");
  CHECK(data["groups"].size() == 1);
  CHECK(data["runs"].size() == 2);
  REQUIRE(tinyzero::tinyzero({"report", folder / "runs", "--out", folder / "folder.html"}).code ==
          0);
  CHECK(read_file(folder / "folder.html") == read_file(folder / "both.html"));
  CHECK(run_process({tinyzero_path(), "report", "runs/one", "runs/two"}, {}, folder.path())
            .out.starts_with("report.html"));
}

TEST_CASE("what is no run, and a place that cannot be written, are errors") {
  const TemporaryFolder folder;
  const ProcessResult none = tinyzero::tinyzero({"report", folder.path()});
  CHECK(none.code == 2);
  CHECK(none.err.find("is not a run folder and holds none") != std::string::npos);
  CHECK(tinyzero::tinyzero({"report"}).code == 2);
  write_file_synced(folder / "config.yaml", "seed: 1\n");
  const ProcessResult unwritable =
      tinyzero::tinyzero({"report", folder.path(), "--out", "/nowhere/at/all.html"});
  CHECK(unwritable.code == 2);
  CHECK(unwritable.err.find("/nowhere/at/all.html") != std::string::npos);
  write_file_synced(folder / "comparison.json", "{broken");
  CHECK(
      tinyzero::tinyzero({"report", folder.path()}).err.find("comparison.json is not valid JSON") !=
      std::string::npos);
}
