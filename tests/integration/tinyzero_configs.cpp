// configs/tinyzero/: every file says what it is, its head says what `plan` says, and it runs on a
// small folder of the same shape.

#include <cmath>
#include <regex>

#include "support/model_folder.h"
#include "support/process.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/tinyzero_configs");

namespace {

const fs::path kFolder = fs::path(TINYZERO_SOURCE) / "configs/tinyzero";
const std::string kSmall = "tests/golden/hf/qwen2_tied";  // a Qwen2 shape of 0.1 million parameters

std::vector<fs::path> files(bool for_cpu) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml" &&
        entry.path().stem().string().ends_with("-cpu") == for_cpu)
      out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Trains to the end; the steps of RL that it took.
int trained_steps(const fs::path& file, const std::vector<std::string>& more) {
  const TemporaryFolder folder;
  std::vector<std::string> command = {"train", file, "--run", folder / "run"};
  command.insert(command.end(), more.begin(), more.end());
  run_to_the_end(command);
  int steps = 0;
  for (const Json& record : json_lines(folder / "run" / "metrics.jsonl"))
    steps += record.contains("train/reward") ? 1 : 0;
  CHECK(fs::exists(folder / "run" / "checkpoints"));
  return steps;
}

}  // namespace

TEST_CASE("there is an experiment for each task, algorithm and size") {
  for (const char* task : {"countdown", "multiplication"}) {
    for (const char* algorithm : {"ppo", "grpo", "prime"}) {
      const std::string name = std::string(task) + "-" + algorithm + "-";
      for (const char* size : {"0.5b", "1.5b", "3b", "cpu"})
        CHECK(fs::exists(kFolder / (name + size + ".yaml")));
    }
  }
}

TEST_CASE("the head of each says what it is, and the prediction of plan") {
  static const std::regex kModel("# Model +hf download (\\S+) --local-dir models/");
  static const std::regex kPredicted("# Predicted (\\d+) GB and (\\d+) hours on one (h100|h200) ");
  for (const fs::path& file : files(false)) {
    CAPTURE(file.string());
    const std::string text = read_file(file);
    for (const char* word : {"# Purpose ", "# Model ", "# Predicted ", "# Published "})
      CHECK(text.find(word) != std::string::npos);
    std::smatch said;
    REQUIRE(std::regex_search(text, said, kPredicted));
    std::smatch model;
    REQUIRE(std::regex_search(text, model, kModel));
    const TemporaryFolder folder;
    write_shape(folder / "model", published_config(model[1]));
    const ProcessResult result = tinyzero::tinyzero(
        {"plan", file, "--gpu", said[3], "--json", "model.path=" + (folder / "model").string()});
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    const Json plan = Json::parse(result.out);
    CHECK(plan["fits"] == true);
    CHECK(std::abs(plan["bytes"]["total"].get<double>() / 1e9 - std::stod(said[1])) <= 0.5);
    CHECK(std::abs(plan["seconds_predicted"].get<double>() / 3600 - std::stod(said[2])) <= 0.5);
  }
}

TEST_CASE("each trains on a small folder of the same shape") {
  for (const fs::path& file : files(false)) {
    if (file.stem().string().find("-0.5b") == std::string::npos)
      continue;  // the others differ in the folder alone, see above
    CAPTURE(file.string());
    CHECK(trained_steps(
              file, {"model.path=" + kSmall, "rollout.device=cpu", "train.device=cpu",
                     "rollout.prompts=4", "rollout.samples=2", "rollout.max_tokens=24",
                     "train.steps=1", "train.updates=2", "eval.problems=4", "preflight.problems=4",
                     "preflight.max_truncated=1", "train.random_reward=0.5"}) == 1);
  }
}

TEST_CASE("those for a CPU train as they stand") {
  for (const fs::path& file : files(true)) {
    CAPTURE(file.string());
    CHECK(trained_steps(file, {}) == 2);
  }
}
