// Reports: what is grouped, what is shown of how much, that nothing a run wrote can become markup,
// and that bytes repeat.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/report/page.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/report/report");

namespace {

const std::string kHostile =
    "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> ]]> &lt;b&gt; \" ' \\ "
    "\x01\x1b[31m \xE2\x80\xAE"
    "cba \xF0\x9F\xA6\x80";

struct Step {
  int prompts = 2, samples = 2;
};

// A run folder as `train` writes it: an evaluation every 10 steps, a completion of `completion` for
// every sample.
RunPlace write_run(const fs::path& folder, const std::string& settings, int steps,
                   const std::string& completion = "3+5", Step step = {}) {
  fs::create_directories(folder / "episodes");
  write_file_synced(folder / "config.yaml", settings);
  write_file_synced(
      folder / "manifest.json",
      R"({"version":"0.1.0","machine":{"processor":"a CPU","cores":2},"problem_set":"abc"})");
  std::string metrics;
  for (int s = 0; s <= steps; ++s) {
    if (s > 0)
      metrics += json_line({{"step", s},
                            {"seconds", 2.0 * s},
                            {"train/reward", 0.5},
                            {"train/length", 10.0},
                            {"train/sampled", step.prompts},
                            {"time/rollout", 1.5}}) +
                 "\n";
    if (s % 10 == 0)
      metrics += json_line({{"step", s},
                            {"seconds", 2.0 * s},
                            {"eval/accuracy", 0.01 * s},
                            {"eval/accuracy_low", 0.0},
                            {"eval/accuracy_high", 1.0},
                            {"eval/greedy", 0.5}}) +
                 "\n";
    if (s == 0) continue;
    std::string lines;
    for (int p = 0; p < step.prompts; ++p) {
      for (int k = 0; k < step.samples; ++k) {
        lines += json_line({{"step", s},
                            {"problem", p},
                            {"sample", k},
                            {"key", fmt::format("{} {}", s, p)},
                            {"prompt", fmt::format("problem {} of step {}", p, s)},
                            {"completion", completion},
                            {"reward", p == 0 ? 1.0 : 0.0},
                            {"outcome", "scored"},
                            {"reason", p == step.prompts - 1 ? "rare" : "wrong value"},
                            {"end", "eos"},
                            {"tokens", 3},
                            {"difficulty", 2.5}}) +
                 "\n";
      }
    }
    write_file_synced(folder / fmt::format("episodes/step-{:06d}.jsonl", s), lines);
  }
  write_file_synced(folder / "metrics.jsonl", metrics);
  return {folder, ""};
}

std::string settings(int seed, const std::string& algorithm, const std::string& more = "") {
  return fmt::format(
      "seed: {}\ntask: {{use: sums, largest: 9}}\nalgorithm: {{use: {}}}\nrollout: {{samples: "
      "2}}\n{}",
      seed, algorithm, more);
}

// The JSON that a page carries in the script element of this id.
Json carried(const std::string& html, const std::string& id) {
  const std::string open = "<script type=\"application/json\" id=\"" + id + "\">";
  const std::size_t from = html.find(open) + open.size();
  REQUIRE(from > open.size());
  return parse_json(html.substr(from, html.find("</script>", from) - from), id);
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("runs that differ only in their seed are one group, and labels say what differs") {
  const TemporaryFolder folder;
  const auto runs = read_runs(
      {write_run(folder / "a1", settings(1, "x"), 1), write_run(folder / "b1", settings(1, "y"), 1),
       write_run(folder / "a2", settings(2, "x"), 1),
       write_run(folder / "a3", settings(3, "x", "train: {steps: 7}\n"), 1)});
  const auto groups = group_runs(runs);
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].runs == std::vector<std::size_t>{0, 2});
  CHECK(groups[1].runs == std::vector<std::size_t>{1});
  CHECK(groups[0].label == "x");
  CHECK(groups[1].label == "y");
  CHECK(groups[2].label == "x · train.steps=7");
  const SettingDifferences differences = compare_settings(runs, groups);
  REQUIRE(differences.different.size() == 2);
  CHECK(differences.different[0].key == "algorithm.use");
  CHECK(differences.different[0].values == std::vector<std::string>{"x", "y", "x"});
  CHECK(differences.different[1].values == std::vector<std::string>{"", "", "7"});
  CHECK(std::find(differences.equal.begin(), differences.equal.end(),
                  std::pair<std::string, std::string>("task.largest", "9")) !=
        differences.equal.end());
}

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

TEST_CASE("what a run wrote stays text, whatever it is") {
  const TemporaryFolder folder;
  const RunPlace plain = write_run(folder / "plain", settings(1, "x"), 2);
  const RunPlace hostile =
      write_run(folder / "<b>&\"", settings(1, "'</script><script>'", "note: '</title><script>'\n"),
                2, kHostile);
  const Report expected = make_report(read_runs({plain}), {}),
               report = make_report(read_runs({hostile}), {});
  for (const char* mark : {"<script", "</script", "<!--", "<img", "<b>", "</title"}) {
    CAPTURE(mark);
    CHECK(times(report.html, mark) == times(expected.html, mark));
  }
  CHECK(report.html.find("<title>&lt;b&gt;&amp;&quot; · tinyzero report</title>") !=
        std::string::npos);
  const Json episodes = carried(report.html, "episodes");
  CHECK(episodes["runs"][0]["groups"][0]["samples"][0]["text"] == kHostile);
  CHECK(carried(report.html, "data")["runs"][0]["algorithm"] ==
        "script><script>");  // after the last slash
  for (const char c : script_json(episodes)) CHECK(static_cast<unsigned char>(c) < 0x80);
}

TEST_CASE("bytes that are not UTF-8 become the sign for it, and broken lines are counted") {
  const TemporaryFolder folder;
  const fs::path run = write_run(folder / "run", settings(1, "x"), 1).folder;
  write_file_synced(run / "episodes/step-000001.jsonl",
                    "{\"problem\":0,\"completion\":\"a\xFF\xC3(b\",\"reward\":1}\n{\"problem\":0,"
                    "\"compl\nnull\n[1]\n{\"completion\":7,"
                    "\"reward\":\"x\"}\n");
  write_file_synced(run / "metrics.jsonl",
                    read_file(run / "metrics.jsonl") + "{\"step\":2,\"train/rew");
  fs::remove(run / "manifest.json");
  const std::string html = make_report(read_runs({{run, ""}}), {}).html;
  const Json episodes = carried(html, "episodes")["runs"][0];
  CHECK(episodes["of"] == 2);
  CHECK(episodes["broken"] == 3);
  std::set<std::string> texts;
  for (const Json& group : episodes["groups"])
    texts.insert(group["samples"][0]["text"].get<std::string>());
  CHECK(texts == std::set<std::string>{"", "a\xEF\xBF\xBD\xEF\xBF\xBD(b"});
  const Json notes = carried(html, "data")["runs"][0]["notes"];
  REQUIRE(notes.size() == 2);
  CHECK(notes[0].get<std::string>().find("manifest.json") == 0);
  CHECK(notes[1] == "metrics.jsonl: 1 broken line is left out");
}

TEST_CASE("lines that are nested without end are broken lines") {
  const TemporaryFolder folder;
  const fs::path run = write_run(folder / "run", settings(1, "x"), 1).folder;
  const std::string deep(500'000, '['), closed = deep + std::string(500'000, ']');
  write_file_synced(run / "episodes/step-000001.jsonl",
                    "{\"problem\":0,\"completion\":" + closed + "}\n" + deep + "\n");
  write_file_synced(run / "metrics.jsonl",
                    read_file(run / "metrics.jsonl") + "{\"step\":" + closed + "}\n" + deep + "\n");
  const std::string html = make_report(read_runs({{run, ""}}), {}).html;
  CHECK(carried(html, "episodes")["runs"][0]["broken"] == 2);
  CHECK(carried(html, "data")["runs"][0]["notes"].back() ==
        "metrics.jsonl: 2 broken lines are left out");
}

TEST_CASE("a run that has just begun has a report") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  fs::create_directories(run);
  write_file_synced(run / "config.yaml", settings(1, "x"));
  const Report report = make_report(read_runs({{run, ""}}), {});
  CHECK(report.episodes_of == 0);
  CHECK(carried(report.html, "data")["runs"][0]["notes"].size() == 2);
}

TEST_CASE(
    "the same folders give the same bytes, wherever they lie and in whatever order their files "
    "were made") {
  const TemporaryFolder folder;
  write_run(folder / "here/run", settings(1, "x"), 12);
  fs::create_directories(folder / "there/run/episodes");
  for (const auto& entry : fs::recursive_directory_iterator(folder / "here/run")) {
    const fs::path to =
        fs::path(folder / "there/run") / fs::relative(entry.path(), folder / "here/run");
    if (entry.is_regular_file()) fs::copy_file(entry.path(), to);
  }
  const std::string first = make_report(read_runs(find_runs(folder / "here")), {}).html;
  CHECK(make_report(read_runs(find_runs(folder / "here")), {}).html == first);
  CHECK(make_report(read_runs(find_runs(folder / "there")), {}).html == first);
}

TEST_CASE(
    "completions are chosen within the bytes allowed: shared steps, every reason, and said how "
    "many of how many") {
  const TemporaryFolder folder;
  const std::string text(4000, '\x01');  // six bytes each in JSON
  const auto runs = read_runs({write_run(folder / "long", settings(1, "x"), 120, text, {30, 4}),
                               write_run(folder / "short", settings(2, "x"), 30, text, {30, 4})});
  EpisodeLimits limits;
  limits.bytes = 2u << 20;
  limits.steps = 30;
  const Json episodes = pick_episodes(runs, limits);
  CHECK(script_json(episodes).size() < limits.bytes * 6 / 5);
  CHECK(script_json(episodes).size() > limits.bytes / 3);
  std::vector<std::set<int>> steps(2);
  for (std::size_t r = 0; r < 2; ++r) {
    const Json& run = episodes["runs"][r];
    std::size_t shown = 0;
    std::set<int> rare;
    for (const Json& group : run["groups"]) {
      steps[r].insert(group["step"].get<int>());
      shown += group["samples"].size();
      for (const Json& sample : group["samples"]) {
        CHECK(sample["cut"].get<std::size_t>() + sample["text"].get<std::string>().size() +
                  sample["tail"].get<std::string>().size() ==
              text.size());
        if (episodes["reasons"][sample["reason"].get<std::size_t>()] == "rare")
          rare.insert(group["step"].get<int>());
      }
    }
    CHECK(run["shown"] == shown);
    CHECK(run["of"] == steps[r].size() * 120);
    CHECK(run["steps"] == steps[r].size());
    CHECK(rare == steps[r]);
  }
  CHECK(steps[0] == std::set<int>{1,  5,  10, 15, 20, 25, 30, 35,  40,  45,  50,  55, 60,
                                  65, 70, 75, 80, 85, 90, 95, 100, 105, 110, 115, 120});
  CHECK(steps[1].size() == 30);
  CHECK(episodes["runs"][0]["steps_of"] == 120);
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

TEST_CASE("a long text keeps its begin and its end, whole characters, and says what is left out") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "é€";  // 2 and 3 bytes
  for (std::size_t most = 20; most < 40; ++most) {
    const Shortened s = shorten(text, most);
    CHECK(s.head.size() + s.tail.size() + s.cut == text.size());
    CHECK(s.head.size() + s.tail.size() <= most);
    CHECK(text.starts_with(s.head));
    CHECK(text.ends_with(s.tail));
    CHECK_NOTHROW(Json(s.joined()).dump());  // which refuses half a character
  }
  CHECK(shorten("short", 5).cut == 0);
  CHECK(shorten("short", 5).joined() == "short");
}

TEST_CASE("runs are found in a folder of runs, named apart, and nothing else is taken for one") {
  const TemporaryFolder folder;
  write_run(folder / "b/seed-1", settings(1, "x"), 1);
  write_run(folder / "a/seed-1", settings(1, "y"), 1);
  fs::create_directories(folder / ".hidden/run");
  write_file_synced(folder / ".hidden/run/config.yaml", "seed: 1\n");
  const auto runs = read_runs(find_runs(folder.path()));
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].name == "a/seed-1");
  CHECK(runs[1].name == "b/seed-1");
  fs::create_directories(folder / "empty");
  CHECK_THROWS_WITH_AS(find_runs(folder / "empty"),
                       doctest::Contains("is not a run folder and holds none"), Error);
  CHECK_THROWS_WITH_AS(find_runs(folder / "nowhere"), doctest::Contains("does not exist"), Error);
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

TEST_CASE(
    "a comparison's arms are the groups, in their order, and its starts are no runs of their own") {
  const TemporaryFolder folder;
  const auto path = [](int seed) {
    return fmt::format("model: {{path: /c/starts/ab/seed-{}/model}}\n", seed);
  };
  for (const int seed : {1, 12}) {
    write_run(folder / fmt::format("arms/b/seed-{}", seed), settings(seed, "x", path(seed)), 1);
    write_run(folder / fmt::format("arms/a/seed-{}", seed), settings(seed, "x", path(seed)), 1);
    write_run(folder / fmt::format("starts/ab/seed-{}", seed), settings(seed, "x"), 1);
  }
  CHECK(group_runs(read_runs(find_runs(folder / "arms"))).size() ==
        1);  // a path that names the seed is no difference
  write_file_synced(
      folder / "comparison.json",
      R"({"arms":[{"name":"b","runs":[{"run":"arms/b/seed-1"},{"run":"arms/b/seed-12"},{"run":"arms/b/seed-13"}]},)"
      R"({"name":"a","runs":[{"run":"arms/a/seed-1"},{"run":"arms/a/seed-12"}]},7,{"name":"c"}]})");
  const auto runs = read_runs(find_runs(folder.path()));
  const auto groups = group_runs(runs);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].label == "b");
  CHECK(groups[1].runs == std::vector<std::size_t>{2, 3});
  CHECK(runs[1].name == "b/seed-12");
  const SettingDifferences differences = compare_settings(runs, groups);
  CHECK(differences.different.empty());
  CHECK(differences.equal.back().second == "/c/starts/ab/seed-*/model");
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
