// Which completions a report shows, and how much of each.

#include "core/report/episodes.h"

#include <doctest/doctest.h>

#include <set>

#include "core/base/error.h"
#include "support/report_runs.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/report/episodes");

TEST_CASE(
    "completions are chosen within the bytes allowed: shared steps, every reason, and said how "
    "many of how many") {
  const TemporaryFolder folder;
  const std::string text(4000, '\x01');  // six bytes each in JSON
  const auto runs = read_runs(
      {write_run(folder / "long", settings(1, "x"), 120, text, {.prompts = 30, .samples = 4}),
       write_run(folder / "short", settings(2, "x"), 30, text, {.prompts = 30, .samples = 4})});
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

TEST_CASE("reasons and outcomes are lists, and samples point into them") {
  const TemporaryFolder folder;
  const auto runs = read_runs({write_run(folder / "run", settings(1, "x"), 1)});
  const Json picked = pick_episodes(runs, {});
  CHECK(picked["outcomes"] == Json::parse(R"(["scored"])"));
  CHECK(picked["reasons"].size() == 2);
  const Json& run = picked["runs"][0];
  CHECK(run["steps"] == 1);
  CHECK(run["steps_of"] == 1);
  CHECK(run["shown"] == 4);
  REQUIRE(run["groups"].size() == 2);
  const Json& group = run["groups"][1];
  CHECK(group["key"] == "1 1");
  CHECK(group["difficulty"] == 2.5);
  CHECK(picked["reasons"][group["samples"][0]["reason"].get<std::size_t>()] == "rare");
  CHECK_FALSE(group["samples"][0].contains("cut"));
  CHECK_FALSE(group["samples"][0].contains("parts"));
}

TEST_CASE("a file that cannot be read is named without its folder, and the others are shown") {
  const TemporaryFolder folder;
  const RunPlace place = write_run(folder / "run", settings(1, "x"), 2);
  write_file_synced(place.folder / "episodes/step-000003.jsonl.zst", "no Zstandard file");
  const Json run = pick_episodes(read_runs({place}), {})["runs"][0];
  CHECK(run["of"] == 8);
  REQUIRE(run["damaged"].size() == 1);
  CHECK(run["damaged"][0].get<std::string>().starts_with("episodes/step-000003.jsonl.zst"));
}

TEST_CASE("a run without completions has none to show") {
  const TemporaryFolder folder;
  const RunPlace place = write_run(folder / "run", settings(1, "x"), 0);
  const Json picked = pick_episodes(read_runs({place}), {});
  CHECK(picked["runs"][0]["groups"].empty());
  CHECK(picked["reasons"].empty());
}
