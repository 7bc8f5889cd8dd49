// Several ranks on this machine: the same bits as one process, and no end without a word.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "support/documents.h"
#include "support/ranked_run.h"
#include "support/run_results.h"
#include "support/temporary.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/ranks");

namespace {

// The record of a run's first step.
Json first_step(const fs::path& run) {
  for (const Json& record : json_lines(run / "metrics.jsonl")) {
    if (record.contains("train/reward")) return record;
  }
  return {};
}

}  // namespace

TEST_CASE("one process, two ranks and four ranks give the same run") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "base", {"train.steps=0"}));
  const auto experiments = kinds_of_runs(folder / "base/checkpoints/step-000000");
  for (std::size_t i = 0; i < experiments.size(); ++i) {
    CAPTURE(experiments[i].front());
    const auto run = [&](std::int64_t ranks) {
      const fs::path out = folder / fmt::format("{}-{}", i, ranks);
      std::vector<std::string> settings = experiments[i];
      settings.push_back(fmt::format("threads={}", ranks == 2 ? 2 : 1));
      settings.push_back("train.shards=4");
      if (ranks == 1) {
        run_to_the_end(train(out, settings));
      } else {
        RankedRun many(ranks, train(out, settings));
        must(many);
        CHECK(many.said(1) == "");
      }
      return out;
    };
    const fs::path alone = run(1);
    check_equal_runs(alone, run(2));
    check_equal_runs(alone, run(4));
  }
  CHECK_FALSE(first_step(folder / "0-1").contains("ranks/wait"));
  const Json of_ranks = first_step(folder / "0-2");
  CHECK(of_ranks["ranks/wait"] >= 0);
  CHECK(of_ranks["ranks/exchange"] > 0);
  CHECK(of_ranks["ranks/sent"] > 8 * 1000);  // gradients, then weights
}

TEST_CASE("a run goes on with another number of ranks, to the same bits") {
  const TemporaryFolder folder;
  const std::vector<std::string> settings = {"threads=1",         "train.shards=4",
                                             "rollout.ahead=1",   "train.importance_cap=2",
                                             "checkpoint.keep=9", "train.random_reward=0.5"};
  run_to_the_end(train(folder / "whole", settings));
  const fs::path run = folder / "run";
  RankedRun two(2, train(run, settings));
  REQUIRE(wait_for(run / "episodes/step-000002.jsonl.zst"));
  two.signal(1, SIGTERM);  // one rank's request stops all
  const std::vector<int> codes = two.wait();
  CHECK(codes[0] == 128 + SIGTERM);
  CHECK(codes[1] == 128 + SIGTERM);
  CHECK(read_file(run / "log.txt").find("interrupted") != std::string::npos);
  const std::string newest = names_in(run / "checkpoints").back();
  CHECK(fs::exists(run / "checkpoints" / newest / "trainer/ahead.safetensors"));
  RankedRun four(4, {"train", "--resume", run});
  must(four);
  check_equal_runs(folder / "whole", run);
}

TEST_CASE("a rank that is killed ends the others with its name, and the run goes on from there") {
  const TemporaryFolder folder;
  const std::vector<std::string> settings = {"threads=1", "train.shards=4"};
  run_to_the_end(train(folder / "whole", settings));
  for (const std::int64_t killed : {1, 0}) {
    CAPTURE(killed);
    const fs::path run = folder / fmt::format("killed-{}", killed);
    RankedRun two(2, train(run, settings));
    REQUIRE(wait_for(run / "checkpoints/step-000002"));
    two.signal(killed, SIGKILL);
    const std::vector<int> codes = two.wait();
    CHECK(codes[killed] == 128 + SIGKILL);
    CHECK(codes[1 - killed] == 1);
    const std::string said = two.said(1 - killed);
    CAPTURE(said);
    CHECK(said.find(fmt::format("error: rank {} on host ", killed)) != std::string::npos);
    CHECK(said.find("did not come to the exchange of ") != std::string::npos);
    CHECK(said.find("hint: look at its last words; the run continues") != std::string::npos);
    run_to_the_end({"train", "--resume", run});
    check_equal_runs(folder / "whole", run);
  }
}

// TINYZERO_KILLS says how many; 50 take some minutes.
TEST_CASE("ranks that are killed at random moments end the others, and the run goes on") {
  const TemporaryFolder folder;
  const std::vector<std::string> settings = {"threads=1", "train.shards=4",
                                             "train.random_reward=0.5"};
  run_to_the_end(train(folder / "whole", settings));
  const char* const wanted = std::getenv("TINYZERO_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 3;
  Rng rng(7);
  for (int k = 0; k < kills; ++k) {
    const std::int64_t size = rng.chance(0.5) ? 2 : 4, killed = rng.below(size);
    CAPTURE(size);
    CAPTURE(killed);
    const fs::path run = folder / fmt::format("run-{}", k);
    std::vector<std::string> command = train(run, settings);
    command.insert(command.end(), {"--ranks-timeout", "20"});
    RankedRun many(size, command);
    std::this_thread::sleep_for(std::chrono::duration<double>(1.5 * rng.uniform()));
    many.signal(killed, SIGKILL);
    const std::vector<int> codes = many.wait();
    std::string errors;
    for (std::int64_t r = 0; r < size; ++r) {
      CHECK((codes[r] == 0 || codes[r] == (r == killed ? 128 + SIGKILL : 1)));
      errors += many.said(r);
    }
    CAPTURE(errors);
    const bool ended = std::count(codes.begin(), codes.end(), 0) > 0;  // it came too late
    if (!ended) CHECK(errors.find("error: ") != std::string::npos);
    CHECK(errors.find("error: ") == errors.rfind("error: "));
    if (fs::exists(run / "config.yaml")) run_to_the_end({"train", "--resume", run});
    else run_to_the_end(train(run, settings));
    check_equal_runs(folder / "whole", run);
  }
}

TEST_CASE("Open MPI's mpirun starts ranks") {
  if (std::system("command -v mpirun >/dev/null") != 0) {
    MESSAGE("skipped: there is no mpirun");
    return;
  }
  const TemporaryFolder folder;
  const std::vector<std::string> settings = {"threads=1", "train.shards=2"};
  run_to_the_end(train(folder / "whole", settings));
  std::vector<std::string> command = {
      "mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "2"};
  const std::vector<std::string> program = command_line(train(folder / "run", settings));
  command.insert(command.end(), program.begin(), program.end());
  const ProcessResult result = run_process(command);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  check_equal_runs(folder / "whole", folder / "run");
}

TEST_CASE("the script of the documents starts ranks by ssh") {
  const TemporaryFolder folder;
  const std::string experiment =
      "extends: " TINYZERO_SOURCE "/" + kConfig + "\nthreads: 1\ntrain: {shards: 2}\n";
  std::string script = file_of_document("docs/many_machines.md", "ranks.sh");
  const std::size_t port = script.find("29500");
  REQUIRE(port != std::string::npos);
  script.replace(port, 5, free_port());
  write_file_synced(folder / "x.yaml", experiment);
  write_file_synced(folder / "ranks.sh", script);
  write_file_synced(folder / "ssh", "#!/bin/sh\nexec sh -c \"$2\"\n");  // every host is this one
  fs::permissions(folder / "ssh", fs::perms::owner_all);
  fs::create_symlink(tinyzero_path(), folder / "tinyzero");
  run_to_the_end({"train", folder / "x.yaml", "--run", folder / "whole"});
  const ProcessResult result =
      run_process({"env", fmt::format("PATH={}:{}", folder.path().string(), std::getenv("PATH")),
                   "sh", "ranks.sh", "x.yaml", "localhost", "localhost"},
                  {}, folder.path());
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  check_equal_runs(folder / "whole", folder / "runs/x");
}

// Where it is the first one, the store that the others ask stands still, too.
TEST_CASE("a rank that stands still ends the run after the limit") {
  const TemporaryFolder folder;
  for (const std::int64_t still : {1, 0}) {
    CAPTURE(still);
    const fs::path run = folder / fmt::format("run-{}", still);
    RankedRun two(2, train(run, {"threads=1", "train.shards=2", "--ranks-timeout", "3"}));
    REQUIRE(wait_for(run / "checkpoints/step-000000"));
    two.signal(still, SIGSTOP);
    CHECK(two.wait(1 - still) == 1);
    const std::string said = two.said(1 - still);
    CAPTURE(said);
    CHECK(said.find(fmt::format("error: rank {} on host ", still)) != std::string::npos);
    two.signal(still, SIGKILL);
    two.signal(still, SIGCONT);
  }
}

TEST_CASE("ranks that would not do the same are refused before the run has a folder") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const std::vector<std::string> two_shards = {"threads=1", "train.shards=2"};
  RankedRun kernels(2, train(run, two_shards), {.prefix = {"TINYZERO_CPU=scalar"}});
  CHECK(kernels.wait() == std::vector<int>{1, 1});
  CHECK(kernels.said(0).find("rank 1 on host ") != std::string::npos);
  CHECK(kernels.said(0).find("has another table of kernels than rank 0") != std::string::npos);
  CHECK(kernels.said(0).find(": \"scalar\", not \"") != std::string::npos);
  CHECK(kernels.said(1) == "");
  CHECK_FALSE(fs::exists(run));

  RankedRun shards(3, train(run, {"threads=1", "train.shards=4"}));
  CHECK(shards.wait()[0] == 2);
  CHECK(shards.said(0).find("3 ranks cannot divide train.shards of 4") != std::string::npos);
  CHECK(shards.said(1) + shards.said(2) == "");
  CHECK_FALSE(fs::exists(run));
}

TEST_CASE("a step that cannot be written ends all ranks, with one error") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  RankedRun two(2, train(run, {"threads=1", "train.shards=2"}));
  REQUIRE(wait_for(run / "checkpoints/step-000000"));
  fs::rename(run, folder / "elsewhere");
  CHECK(two.wait() == std::vector<int>{1, 1});
  CHECK(two.said(0).find("was removed, moved or replaced") != std::string::npos);
  CHECK(two.said(1) == "");
}
