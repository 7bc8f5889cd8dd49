// Curves, sums and tables of a page.

#include "core/report/page_data.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/report_runs.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/report/page_data");

TEST_CASE("tokens, time and evaluations are those of the records") {
  const TemporaryFolder folder;
  const Json data = carried(
      make_report(read_runs({write_run(folder / "run", settings(1, "x"), 20)}), {}).html, "data");
  const Json& run = data["runs"][0];
  CHECK(run["tokens"] == 20 * 10 * 2 * 2);  // steps, length, problems, samples
  CHECK(run["evaluations"]["first"]["accuracy"] == 0.0);
  CHECK(run["evaluations"]["best"]["step"] == 20);
  CHECK(run["evaluations"]["last"]["accuracy"] == 0.2);
  CHECK(run["time"]["total"] == 40.0);
  CHECK(run["time"]["parts"] ==
        Json::parse(R"([{"name":"rollout","seconds":30.0},{"name":"other","seconds":10.0}])"));
  CHECK(run["eval"]["tokens"] == Json::parse("[0,400,800]"));
  CHECK(run["machine"] == "2 × a CPU");
  CHECK(run["notes"].empty());
}

TEST_CASE("curves of long runs are thinned to the points allowed, with their last step") {
  const TemporaryFolder folder;
  ReportOptions options;
  options.curves.points = 100;
  const Json train = carried(
      make_report(read_runs({write_run(folder / "run", settings(1, "x"), 250)}), options).html,
      "data")["runs"][0]["train"];
  CHECK(train["every"] == 3);
  CHECK(train["of"] == 250);
  CHECK(train["step"].size() == 84);
  CHECK(train["step"][1] == 4);
  CHECK(train["step"].back() == 250);
}

TEST_CASE("what makes accuracies incomparable is said") {
  const TemporaryFolder folder;
  write_run(folder / "a", settings(1, "x"), 1);
  write_run(folder / "b", settings(1, "y"), 1);
  const auto cautions = [&] {
    return json_line(
        carried(make_report(read_runs(find_runs(folder.path())), {}).html, "data")["cautions"]);
  };
  CHECK(cautions().find("one seed only") != std::string::npos);
  CHECK(cautions().find("different problems") == std::string::npos);
  write_file_synced(folder / "b/manifest.json", R"({"problem_set":"other"})");
  CHECK(cautions().find("different problems") != std::string::npos);
}

TEST_CASE("tokens are all that RL cost where every run has counted it") {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::string& more) {
    const RunPlace place = write_run(folder / name, settings(1, name), 0);
    write_file_synced(place.folder / "metrics.jsonl",
                      "{\"step\":1,\"seconds\":1,\"tokens/sampled\":10" + more + "}\n");
    return place;
  };
  const RunPlace a = write("a", ",\"tokens/spent\":25"), b = write("b", "");
  const auto tokens = [](const std::vector<RunPlace>& places) {
    return carried(make_report(read_runs(places), {}).html, "data")["runs"][0]["tokens"];
  };
  CHECK(tokens({a}) == 25);
  CHECK(tokens({a, b}) == 10);
}

TEST_CASE("metrics have titles and units, and stand in the order of their table") {
  const TemporaryFolder folder;
  const RunPlace place = write_run(folder / "run", settings(1, "x"), 0);
  write_file_synced(place.folder / "metrics.jsonl",
                    "{\"step\":1,\"seconds\":1,\"train/novel_thing\":1,\"train/reward\":1,"
                    "\"train/reasons/right\":1}\n"
                    "{\"step\":1,\"seconds\":1,\"eval/pass_at_16\":1,\"eval/pass_at_4\":1,"
                    "\"eval/accuracy\":1}\n");
  const Json metrics = page_data_of({place})["metrics"];
  std::vector<std::string> names;
  std::vector<std::string> titles;
  std::vector<std::string> curves;
  for (const Json& metric : metrics) {
    names.push_back(metric["name"]);
    titles.push_back(metric["title"]);
    curves.push_back(metric["curve"]);
  }
  CHECK(names == std::vector<std::string>{"eval/accuracy", "eval/pass_at_4", "eval/pass_at_16",
                                          "train/reward", "train/reasons/right",
                                          "train/novel_thing"});
  CHECK(titles == std::vector<std::string>{"Held-out accuracy", "pass@4", "pass@16", "Reward",
                                           "right", "novel thing"});
  CHECK(curves ==
        std::vector<std::string>{"shown", "folded", "folded", "shown", "hidden", "folded"});
  CHECK(metrics[0]["unit"] == "share");
  CHECK(metrics[3]["unit"] == "");
  CHECK(metrics[0]["hint"].get<std::string>().find('`') == std::string::npos);
}

TEST_CASE("what runs were made with is equal, or told by run") {
  const TemporaryFolder folder;
  const RunPlace a = write_run(folder / "a", settings(1, "x"), 0);
  const RunPlace b = write_run(folder / "b", settings(2, "x"), 0);
  write_file_synced(b.folder / "manifest.json",
                    R"({"version":"0.1.0","machine":{"processor":"another CPU","cores":2},)"
                    R"("problem_set":"abc","plugins":[{"path":"/p/grpo.so","xxh3":"12"}]})");
  const Json made = page_data_of({a, b})["made"];
  CHECK(made["different"] ==
        Json::parse(R"([{"key":"machine.processor","values":["a CPU","another CPU"]},)"
                    R"({"key":"plugin grpo.so","values":["","12"]}])"));
  CHECK(made["equal"] ==
        Json::parse(R"([["version","0.1.0"],["problem_set","abc"],["machine.cores","2"]])"));
}

TEST_CASE("planned steps are those of the settings, unless a budget ends the run") {
  const TemporaryFolder folder;
  const auto planned = [&](const char* name, const char* train) {
    return page_data_of(
        {write_run(folder / name, settings(1, "x", train), 0)})["runs"][0]["planned"];
  };
  CHECK(planned("a", "train: {steps: 40}\n") == 40);
  CHECK(planned("b", "train: {steps: 40, budget_tokens: 1000}\n") == 0);
  CHECK(planned("c", "train: {steps: 40, budget_seconds: 0}\n") == 40);
}
