#include <doctest/doctest.h>

#include "core/base/file.h"
#include "support/command.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/watch");

namespace {

struct Run {
  TemporaryFolder folder;
  fs::path path = folder / "run";

  explicit Run(const std::string& log) {
    fs::create_directories(path / "checkpoints");
    write_file_synced(path / "config.yaml",
                      "task: {use: countdown}\nmodel: {preset: tiny}\nalgorithm: {use: grpo}\n"
                      "train: {steps: 20}\n");
    write_file_synced(path / "log.txt", log);
    write_file_synced(path / "metrics.jsonl", "{\"step\":7,\"seconds\":3,\"train/reward\":0.5}\n");
  }
  std::string watched() const { return run_command(add_watch, {"watch", path}).out; }
};

}  // namespace

TEST_CASE("a run that has ended is its log without dates") {
  const Run run("2026-01-31 12:00:00  step 1\n2026-01-31 12:00:01  done         3 s\n");
  CHECK(run.watched() == "step 1\ndone         3 s\n");
}

TEST_CASE("a run that ended without a word says where, and how to go on") {
  const Run run("2026-01-31 12:00:00  step 1\n");
  CHECK(
      run.watched().starts_with("step 1\nended       without a word after step 7 of 20 · "
                                "continue with: tinyzero train --resume "));
}
