#include "core/cli/model_folder.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/golden.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/model_folder");

namespace {

const fs::path kModel = golden_folder() / "hf/qwen2_tied";

// A run with the settings that matter here and, in its newest checkpoint, a model.
struct Run {
  TemporaryFolder folder;
  fs::path path = folder / "run";

  Run() {
    fs::create_directories(path / "checkpoints");
    write_file_synced(path / "config.yaml",
                      "task: {use: countdown, numbers: 4}\nmodel: {preset: tiny, template: base}\n"
                      "algorithm: {use: grpo}\nrollout: {max_tokens: 77}\ntrain: {steps: 2}\n");
  }
  fs::path add_checkpoint(const std::string& name) const {
    fs::copy(kModel, path / "checkpoints" / name, fs::copy_options::recursive);
    return path / "checkpoints" / name;
  }
};

}  // namespace

TEST_CASE("a folder stands for itself, and a run for its newest checkpoint") {
  CHECK(model_folder(kModel) == kModel);
  const Run run;
  CHECK_THROWS_WITH_AS(model_folder(run.path), doctest::Contains("has no checkpoint yet"), Error);
  run.add_checkpoint("step-000001");
  const fs::path newest = run.add_checkpoint("step-000002");
  CHECK(model_folder(run.path) == newest);
  CHECK_THROWS_AS(model_folder(run.folder.path()), Error);
}

TEST_CASE("a model folder brings nothing of its own") {
  const Subject s = find_subject(kModel, "countdown", {"numbers=3"}, 0);
  CHECK(s.task == "countdown");
  CHECK(s.prompt_template == "auto");
  CHECK_FALSE(s.own_task);
  CHECK(s.run.empty());
  CHECK(s.max_tokens == 256);
  CHECK(s.settings.find("numbers")->scalar == "3");
  CHECK(find_subject(kModel, "", {}, 12).max_tokens == 12);
}

TEST_CASE("a run, or a checkpoint in it, brings its task, which words change, and its limits") {
  const Run run;
  const fs::path checkpoint = run.add_checkpoint("step-000002");
  for (const fs::path& target : {run.path, checkpoint, checkpoint / ""}) {
    CAPTURE(target.string());
    const Subject s = find_subject(target, "", {"largest=50"}, 0);
    CHECK(s.task == "countdown");
    CHECK(s.own_task);
    CHECK(fs::equivalent(s.run, run.path));
    CHECK(s.max_tokens == 77);
    CHECK(s.prompt_template == "base");
    CHECK(s.settings.find("numbers")->scalar == "4");
    CHECK(s.settings.find("largest")->scalar == "50");
  }
  const Subject other = find_subject(run.path, "arithmetic", {}, 0);
  CHECK_FALSE(other.own_task);
  CHECK(other.settings.find("numbers") == nullptr);
  CHECK(other.max_tokens == 77);
}
