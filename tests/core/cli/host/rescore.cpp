#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/run/episode_file.h"
#include "support/command.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/rescore");

namespace {

// A completion on one line is right for both scorers, one with a line behind it for ours alone.
std::string episodes() {
  std::string lines;
  for (const char* completion : {"<answer>12</answer>", "<answer>12\n</answer>"})
    lines += json_line({{"state", {{"a", 3}, {"op", "*"}, {"b", 4}}},
                        {"completion", completion},
                        {"reward", 1.0},
                        {"right", true},
                        {"outcome", "scored"},
                        {"reason", "correct"}}) +
             "\n";
  return lines;
}

struct Recorded {
  TemporaryFolder folder;

  Recorded() {
    fs::create_directories(folder / "run/episodes");
    write_file_synced(folder / "run/config.yaml",
                      "task: {use: multiplication, scorer: strict}\nalgorithm: grpo\n");
    write_file_synced(folder / "run/episodes" / episode_file_name(3),
                      compress_episodes(episodes()));
    write_file_synced(folder / "plain.jsonl", episodes());
  }
  Json rescore(std::vector<std::string> words) const {
    words[0] = (folder / words[0]).string();
    words.insert(words.begin(), "rescore");
    words.push_back("--json");
    return parse_json(run_command(add_rescore, words).out, "rescore");
  }
};

}  // namespace

TEST_CASE("a run, one of its files and a plain file are judged under other settings") {
  const Recorded recorded;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"run", "task.scorer=tinyzero"},
        {"run/episodes/step-000003.jsonl.zst", "task.scorer=tinyzero"},
        {"plain.jsonl", "task=multiplication", "task.scorer=tinyzero"},
        {"plain.jsonl", "task.use=multiplication", "task.scorer=tinyzero"}}) {
    CAPTURE(words[0]);
    const Json json = recorded.rescore(words);
    CHECK(json["completions"] == 2);
    CHECK(json["changed"] == 1);
    CHECK(json["no_longer_right"] == 1);
    CHECK(json["examples"][0]["before"]["reason"] == "correct");
    CHECK(json["examples"][0]["after"]["reason"] == "no answer");
  }
  CHECK(recorded.rescore({"run"})["changed"] == 0);
  CHECK(recorded.rescore({"run", "--step", "3"})["completions"] == 2);
}

TEST_CASE("what the task fails to judge is told, and is no result where it is everything") {
  const Recorded recorded;
  CHECK_THROWS_WITH_AS(recorded.rescore({"plain.jsonl", "task=countdown"}),
                       doctest::Contains("the task failed to judge 2 of 2 completions"), Failure);
  std::string mixed = episodes();
  const std::size_t at = mixed.find("\"op\"");
  REQUIRE(at != std::string::npos);
  mixed.replace(at, 4, "\"oq\"");
  write_file_synced(recorded.folder / "mixed.jsonl", mixed);
  const CommandResult r = run_command(
      add_rescore, {"rescore", (recorded.folder / "mixed.jsonl").string(), "task=multiplication"});
  CHECK(r.err.find("warning: the task failed to judge 1 of 2 completions") != std::string::npos);
}

TEST_CASE("answers of an evaluation name their task themselves") {
  const Recorded recorded;
  const Json about = {
      {"model", "m"}, {"task", "multiplication"}, {"settings", {{"digits", "[1, 2]"}}}};
  write_file_synced(recorded.folder / "answers.jsonl",
                    json_line({{"evaluation", about}}) + "\n{\"failed\": true}\n" + episodes());
  CHECK(recorded.rescore({"answers.jsonl"})["completions"] == 2);
  CHECK(recorded.rescore({"answers.jsonl", "task.scorer=tinyzero"})["changed"] == 1);
}

TEST_CASE("what cannot be rescored is refused") {
  const Recorded recorded;
  struct Case {
    std::vector<std::string> words;
    const char* what;
  };
  write_file_synced(recorded.folder / "other.jsonl", "{\"x\": 1}\n");
  write_file_synced(recorded.folder / "empty.jsonl", "");
  for (const Case& c :
       {Case{{"run", "task.scorre=strict"}, "unknown setting \"task.scorre\""},
        Case{{"run", "train.steps=3"}, "\"train.steps=3\" is no setting of the task"},
        Case{{"run", "--step", "7"}, "has no episodes of step 7"},
        Case{{"plain.jsonl", "--step", "3"}, "--step is for a run"},
        Case{{"plain.jsonl"}, "does not say which task"},
        Case{{"other.jsonl", "task=multiplication"}, "line 1 is no recorded completion"},
        Case{{"empty.jsonl", "task=multiplication"}, "holds no completions"},
        Case{{"nothing"}, "no run or file "}}) {
    CAPTURE(c.what);
    CHECK_THROWS_WITH_AS(recorded.rescore(c.words), doctest::Contains(c.what), Error);
  }
}
