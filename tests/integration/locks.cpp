// Runs, comparisons and saved answers on a file system without flock: what it is is said, and one
// process at a time writes all the same.

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>

#include "core/base/lock.h"
#include "core/base/told_error.h"
#include "core/run/run_folder.h"
#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/locks");

namespace {

// A command where flock fails with `error`.
std::vector<std::string> without_flock(const std::vector<std::string>& arguments,
                                       int error = ENOLCK) {
  std::vector<std::string> command = {
      "env", "LD_PRELOAD=" + std::string(TINYZERO_BROKEN) + "/no_flock.so",
      "NO_FLOCK=" + std::to_string(error), "ASAN_OPTIONS=verify_asan_link_order=0"};
  for (const std::string& word : command_line(arguments)) command.push_back(word);
  return command;
}

ProcessResult run_without(const std::vector<std::string>& arguments, int error = ENOLCK) {
  return run_process(without_flock(arguments, error), {}, TINYZERO_SOURCE);
}

}  // namespace

TEST_CASE("a run goes on without flock, and says why its folder is locked by a file") {
  const TemporaryFolder folder;
  for (const int error : {ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL}) {
    CAPTURE(error);
    const fs::path run = folder / std::to_string(error);
    const ProcessResult result = run_without(train(run, {"train.steps=1"}), error);
    CAPTURE(result.err);
    CHECK(result.code == 0);
    CHECK(result.err.find("has no locks (flock: " + system_words(error) + ")") !=
          std::string::npos);
    CHECK(result.err.find("is writing") == std::string::npos);
    CHECK_FALSE(fs::exists(run / ".lock.held"));
    CHECK(run_without({"train", "--resume", run}, error).code == 0);
  }
}

TEST_CASE(
    "a second writer without flock is told who writes, and one that was killed is no writer") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  {
    BackgroundProcess process(without_flock(train(run, {"train.steps=100000"})));
    REQUIRE(wait_for(run / "checkpoints/step-000002"));
    const std::string writes = "process " + std::to_string(process.pid()) +
                               " is writing to the run folder " + run.string();
    for (const bool flock :
         {false, true}) {  // another client of the same file system may have flock
      const ProcessResult second = flock ? tinyzero::tinyzero({"train", "--resume", run})
                                         : run_without({"train", "--resume", run});
      CHECK(second.code == 2);
      CHECK(second.err.find(writes) != std::string::npos);
    }
    CHECK(RunFolder::writer(run) == process.pid());
    process.signal(SIGKILL);
    process.wait();
  }
  CHECK(fs::exists(run / ".lock.held"));
  CHECK(RunFolder::writer(run) == 0);
  CHECK(run_without({"watch", run}).code == 0);

  // The same file from another host is not for this one to judge.
  Json words = parse_json(read_file(run / ".lock.held"), "words");
  const std::string left = json_line(words);
  words["host"] = "n17";
  write_file_synced(run / ".lock.held", json_line(words));
  const ProcessResult refused = run_without({"train", "--resume", run});
  CHECK(refused.code == 2);
  CHECK(refused.err.find(" on the host n17 is writing to the run folder") != std::string::npos);
  CHECK(refused.err.find("if that process is over, delete " + (run / ".lock.held").string()) !=
        std::string::npos);

  write_file_synced(run / ".lock.held", left);
  BackgroundProcess process(without_flock({"train", "--resume", run}), folder / "err");
  REQUIRE(wait_for_words(folder / "err", "preflight"));
  process.signal(SIGTERM);
  CHECK(process.wait() == 128 + SIGTERM);
  CHECK_FALSE(fs::exists(run / ".lock.held"));
}

TEST_CASE("saved answers and comparisons are locked without flock, too") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run", saved = folder / "answers.jsonl";
  run_to_the_end(train(run, {"train.steps=1"}));
  const ProcessResult first =
      run_without({"eval", run, "--problems", "4", "--json", "--save", saved});
  CAPTURE(first.err);
  CHECK(first.code == 0);
  CHECK(first.err.find("note: the file system of " + saved.string() +
                       " has no locks (flock: No locks available)") != std::string::npos);
  CHECK_FALSE(fs::exists(held_path(saved)));
  const FileHandle file(saved, 2);
  FileLock lock;
  REQUIRE_FALSE(lock.take(file, saved));
  const ProcessResult second =
      tinyzero::tinyzero({"eval", run, "--problems", "4", "--json", "--save", saved});
  CHECK(second.code == 2);
  CHECK(second.err.find("another process writes " + saved.string()) != std::string::npos);

  const ProcessResult compared =
      run_without({"compare", "tests/integration/comparison.yaml", "--run", folder / "comparison",
                   "compare.seeds=[1]", "compare.budget={steps: 1}", "compare.controls=none",
                   "compare.arms={a: {algorithm: grpo}}", "warm_start.steps=2"});
  CAPTURE(compared.err);
  CHECK(compared.code == 0);
  CHECK(compared.err.find("has no locks (flock: No locks available)") != std::string::npos);
}
