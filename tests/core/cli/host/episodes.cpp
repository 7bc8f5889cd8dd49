#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "support/command.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/episodes");

TEST_CASE("a run without a step of RL has no episodes yet") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "checkpoints");
  write_file_synced(folder / "config.yaml", "task: {use: countdown}\n");
  CHECK_THROWS_WITH_AS(run_command(add_episodes, {"episodes", folder.path()}),
                       doctest::Contains("has no episodes: no step of RL is done"), Error);
}
