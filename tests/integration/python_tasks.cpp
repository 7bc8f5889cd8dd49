// Tasks in Python as the commands meet them: from a class to a trained model, the same bits after
// whatever happened, and what is told of a file that has changed.

#include <csignal>
#include <sstream>

#include "support/python_task.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/python_tasks");

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> train_sums(const fs::path& run, const std::string& use) {
  return train(run, {"task={use: " + use + ", terms: 2, largest: 9}"});
}

}  // namespace

TEST_CASE("a run of a task in Python is the same twice, and after it was killed and resumed") {
  if (!have_python()) return;
  const TemporaryFolder folder;
  const std::string use = python_file("sums.py");
  run_to_the_end(train_sums(folder / "whole", use));
  run_to_the_end(train_sums(folder / "again", use));
  check_same_run(folder / "whole", folder / "again");
  BackgroundProcess process(command_line(train_sums(folder / "killed", use)));
  REQUIRE(wait_for(folder / "killed/checkpoints/step-000004/trainer"));
  process.signal(SIGKILL);
  CHECK(process.wait() == 128 + SIGKILL);
  run_to_the_end({"train", "--resume", folder / "killed"});
  check_same_run(folder / "whole", folder / "killed");
  run_to_the_end({"eval", folder / "whole", "--problems", "8"});
  run_to_the_end({"replay", folder / "whole", "--step", "3"});
  const Json manifest = parse_json(read_file(folder / "whole/manifest.json"), "the manifest");
  CHECK(manifest.at("plugins").at(0).at("path") == use);
}

TEST_CASE("a file that has changed since the run began is noticed") {
  if (!have_python()) return;
  const TemporaryFolder folder;
  const std::string use = folder / "mine.py";
  const std::string text = read_file(python_file("sums.py"));
  write_file_synced(use, text);
  run_to_the_end(train_sums(folder / "run", use + ":Sums"));
  write_file_synced(use, text + "\n# changed\n");
  const ProcessResult resumed = tinyzero::tinyzero({"train", "--resume", folder / "run"});
  CHECK(resumed.code == 2);
  CHECK(holds(resumed.err, "mine.py"));
  CHECK(holds(resumed.err, "--accept-changes"));
}

TEST_CASE("a run survives a task that loses rows") {
  if (!have_python()) return;
  const TemporaryFolder folder;
  write_file_synced(folder / "mine.py",
                    "import os\n"
                    "class A:\n"
                    "  def draw(self, rng): return {'prompt': str(rng.random()), 'key': "
                    "str(rng.random()), 'state': 0}\n"
                    "  def demonstrate(self, state, rng): return 'ab'\n"
                    "  def verify(self, state, completion):\n"
                    "    if 'q' in completion: raise ValueError('no q')\n"
                    "    return len(completion) % 2\n");
  const ProcessResult run = tinyzero::tinyzero(
      train(folder / "run", {"task={use: " + std::string(folder / "mine.py") + "}",
                             "train.max_failed=1", "preflight.max_truncated=1"}));
  CAPTURE(run.err);
  CHECK(run.code == 0);
}

TEST_CASE("the commands of task take a file where they take a name") {
  if (!have_python()) return;
  const std::string use = python_file("sums.py:Sums");
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"task", "show", use},
           {"task", "draw", use, "--count", "3", "terms=4"},
           {"task", "check", use, "--only", "file,draws,solutions,demonstrations,traits,verdicts"},
           {"play", use, "--oracle", "--problems", "1"},
           {"bench", "verify", use, "--seconds", "0.1"}}) {
    const ProcessResult result = tinyzero::tinyzero(command);
    CAPTURE(command.at(1));
    CAPTURE(result.out);
    CAPTURE(result.err);
    CHECK(result.code == 0);
  }
  const ProcessResult wrong = tinyzero::tinyzero({"task", "draw", use, "largest=200"});
  CHECK(wrong.code == 2);
  CHECK(holds(wrong.err, "task.largest is 200, expected an integer from 1 to 99"));
}

TEST_CASE("the forms of other trainers judge the rows of a file") {
  if (!have_python()) return;
  const TemporaryFolder folder;
  write_file_synced(
      folder / "rows.jsonl",
      R"({"prompt": "2+3=", "answer": "5", "reward_model": {"ground_truth": "5"}, "label": "5"})"
      "\n"
      R"({"prompt": [{"role": "system", "content": "Add."}, {"role": "user", "content": "1+1="}], )"
      R"("answer": "2", "reward_model": {"ground_truth": "2"}, "label": "2"})"
      "\n");
  write_file_synced(folder / "rows.csv", "question,answer\n\"2+3=\",5\n4+4=,8\n");
  const std::string rows = "file=" + std::string(folder / "rows.jsonl");
  const std::string file = python_file("rewards.py");
  const auto rewards = [&](const std::string& function, std::vector<std::string> settings) {
    settings.push_back(rows);
    std::string input;
    for (const int row : {0, 1})
      input += json_line({{"state", {{"row", row}}}, {"completion", "5"}}) + "\n";
    std::vector<std::string> command = {"task", "verify", file + ":" + function};
    command.insert(command.end(), settings.begin(), settings.end());
    std::string out;
    std::istringstream lines(tinyzero::tinyzero(command, input).out);
    for (std::string line; std::getline(lines, line);) {
      const Json verdict = parse_json(line, "a verdict");
      out += verdict.at("outcome").get<std::string>() + " " + verdict.at("reward").dump() + ";";
    }
    return out;
  };
  CHECK(rewards("trl", {}) == "scored 1.0;scored 0.0;");
  CHECK(rewards("trl", {"reward=trl"}) == "scored 1.0;scored 0.0;");
  CHECK(rewards("compute_score", {}) == "scored 1.0;scored 0.0;");
  CHECK(rewards("reward_func", {"prompt=prompt"}) == "scored 1.0;scored 0.0;");
  CHECK(rewards("cannot_tell", {}) == "abstain 0.0;abstain 0.0;");
  CHECK(rewards("too_many", {}) == "error 0.0;error 0.0;");
  const ProcessResult drawn =
      tinyzero::tinyzero({"task", "draw", file + ":trl", "file=" + std::string(folder / "rows.csv"),
                          "prompt=question", "--count", "1"});
  CHECK(drawn.code == 0);
  CHECK(holds(drawn.out, R"("state":{"row":)"));
  const ProcessResult no_rows = tinyzero::tinyzero({"task", "draw", file + ":trl"});
  CHECK(no_rows.code == 2);
  CHECK(holds(no_rows.err, "a reward function needs rows"));
  const ProcessResult no_column =
      tinyzero::tinyzero({"task", "draw", file + ":trl", rows, "prompt=question"});
  CHECK(no_column.code == 2);
  CHECK(holds(no_column.err, "has None in the column 'question'"));
  CHECK(holds(no_column.err, "one of its columns: prompt, answer"));
}
