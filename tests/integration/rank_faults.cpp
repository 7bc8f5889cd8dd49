// What can go wrong on one of several ranks: it has other files or settings, its disk is full, its
// part of an update is not finite. All ranks do the same then, and one of them says why.

#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <functional>

#include "core/base/told_error.h"
#include "support/ranked_run.h"
#include "support/run_results.h"
#include "support/small_disk.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/rank_faults");

namespace {

const std::vector<std::string> kTwoShards = {"threads=1", "train.shards=2"};

std::vector<std::string> with(std::vector<std::string> settings,
                              const std::vector<std::string>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

// Both ranks end, the first one with these words, before the run has a folder.
void check_refused(RankedRun& two, const fs::path& run, const std::string& words) {
  CHECK(two.wait() == std::vector<int>{1, 1});
  const std::string said = two.said(0);
  CAPTURE(said);
  CHECK(said.find("error: rank 1 on host ") != std::string::npos);
  CHECK(said.find(words) != std::string::npos);
  CHECK(two.said(1) == "");
  CHECK_FALSE(fs::exists(run));
}

// The run of one process, folder/whole, is that of two ranks and of four, on each of which `check`
// is called.
void check_repeated(const fs::path& folder, const std::vector<std::string>& settings,
                    const std::function<void(const RankedRun&, const fs::path& run)>& check) {
  run_to_the_end(train(folder / "whole", settings));
  for (const std::int64_t ranks : {2, 4}) {
    CAPTURE(ranks);
    const fs::path run = folder / fmt::format("run-{}", ranks);
    RankedRun many(ranks, train(run, settings));
    must(many);
    check_equal_runs(folder / "whole", run);
    check(many, run);
  }
}

// Two ranks, of which the first stands still when it has written two checkpoints.
struct StoppedRun {
  explicit StoppedRun(const fs::path& run) : ranks(2, train(run, kTwoShards)) {
    is_there = wait_for(run / "checkpoints/step-000002");
    ranks.signal(0, SIGSTOP);
  }
  // Lets it go on. Both ranks end, and the first one says why.
  std::string end() {
    ranks.signal(0, SIGCONT);
    CHECK(ranks.wait() == std::vector<int>{1, 1});
    CHECK(ranks.said(1) == "");
    const std::string said = ranks.said(0);
    CHECK(said.find("error: ") == said.rfind("error: "));
    return said;
  }

  RankedRun ranks;
  bool is_there = false;
};

}  // namespace

TEST_CASE("a rank with another library, setting or file is refused, and named") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run", plugins = TINYZERO_PLUGINS;
  for (const char* name : {"same.so", "other.so"})
    fs::copy_file(plugins / "countdown.so", folder / name);
  std::ofstream(folder / "other.so", std::ios::app) << "another build";
  const auto started = [&](const char* library) {
    return train(
        run, with(kTwoShards, {"task.in_process=true", "task.use=" + (folder / library).string()}));
  };
  RankedRun library(2, started("same.so"),
                    {.arguments = {"task.use=" + (folder / "other.so").string()}});
  check_refused(library, run,
                "has another library of the task or algorithm (file hash) than rank 0");

  RankedRun setting(2, train(run, kTwoShards), {.arguments = {"train.learning_rate=2e-3"}});
  check_refused(setting, run, "has another value of a setting than rank 0");
}

// One path, which leads each rank into the folder that it was started in.
TEST_CASE("a rank with another file of the model, or one that a setting names, is refused") {
  const TemporaryFolder folder;
  const MeetingPoint meeting;
  const fs::path run = folder / "run", other = folder / "other", here = TINYZERO_SOURCE;
  const std::string model = "tests/golden/hf/qwen2_tied", own = "/proc/self/cwd/";
  for (const std::string& name : {model, kConfig}) {
    fs::create_directories((other / name).parent_path());
    fs::copy(here / name, other / name, fs::copy_options::recursive);
  }
  std::ofstream(other / model / "config.json", std::ios::app) << " ";
  std::ofstream(other / kConfig, std::ios::app) << "# another line";
  const LastRank elsewhere{.prefix = {"/usr/bin/env", "-C", other}};
  const auto started = [&](const std::vector<std::string>& settings) {
    std::vector<std::string> command = {"train", here / kConfig, "--run", run,
                                        "preflight.problems=0"};
    command.insert(command.end(), settings.begin(), settings.end());
    return with(command, kTwoShards);
  };
  RankedRun weights(2, started({"model.path=" + own + model, "warm_start.steps=0"}), elsewhere);
  check_refused(weights, run, "has another file of the model's folder than rank 0");

  const std::string words = (fs::path(TINYZERO_BROKEN) / "word.so").string();
  RankedRun file(
      2, started({"task={use: " + words + ", in_process: true, words: " + own + kConfig + "}"}),
      elsewhere);
  check_refused(file, run, "has another file that a setting names than rank 0");
}

TEST_CASE("a full disk of the first rank ends all, and the run goes on from its last checkpoint") {
  const TemporaryFolder folder;
  const SmallDisk disk(folder / "disk", "24m");
  if (!disk.mounted()) {
    MESSAGE("skipped: no right to mount a small file system");
    return;
  }
  run_to_the_end(train(folder / "whole", kTwoShards));
  const fs::path run = folder / "disk/run", ballast = folder / "disk/ballast";
  StoppedRun two(run);
  REQUIRE(two.is_there);
  fill(ballast);
  const std::string said = two.end();
  CAPTURE(said);
  const bool is_named = said.find("No space left on device") != std::string::npos ||
                        said.find("no room for checkpoint") != std::string::npos;
  CHECK(is_named);
  CHECK(said.find("the last whole checkpoint is step-00000") != std::string::npos);
  fs::remove(ballast);
  RankedRun again(2, {"train", "--resume", run});
  must(again);
  check_equal_runs(folder / "whole", run);
}

TEST_CASE("and so does a file of the first rank that may not grow") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "whole", kTwoShards));
  const fs::path run = folder / "run";
  StoppedRun two(run);
  REQUIRE(two.is_there);
  const rlimit limit = {6000, 6000};  // more than its words take, less than a file of episodes
  REQUIRE(::prlimit(two.ranks.pid(0), RLIMIT_FSIZE, &limit, nullptr) == 0);
  const std::string said = two.end();
  CAPTURE(said);
  CHECK(said.find(system_words(EFBIG) + "; the last whole checkpoint is step-00000") !=
        std::string::npos);
  RankedRun again(2, {"train", "--resume", run});
  must(again);
  check_equal_runs(folder / "whole", run);
}

TEST_CASE("a loss of one rank that is not a number is an update that all ranks skip") {
  const TemporaryFolder folder;
  const std::string faulty = (fs::path(TINYZERO_BROKEN) / "faulty_algorithm.so").string();
  const std::vector<std::string> settings = {
      "algorithm={use: " + faulty + ", nan_at: 3, nan_alone: true}", "train.random_reward=0.5",
      "threads=1", "train.shards=4"};
  check_repeated(folder.path(), settings, [](const RankedRun& many, const fs::path& run) {
    CHECK(many.said(0).find("warning: 1 update of step 3 skipped: a loss or gradient was not "
                            "finite") != std::string::npos);
    CHECK(many.said(1) == "");
    CHECK(fs::exists(run / "faults/step-000003.json"));
  });
  for (const Json& record : json_lines(folder / "whole/metrics.jsonl")) {
    if (record.contains("train/skipped"))
      CHECK(record["train/skipped"] == (record["step"] == 3 ? 1 : 0));
  }
}

TEST_CASE("one skipped update too many ends all ranks, and the first one says where its batch is") {
  const TemporaryFolder folder;
  const std::string faulty = (fs::path(TINYZERO_BROKEN) / "faulty_algorithm.so").string();
  const fs::path run = folder / "run";
  RankedRun two(2,
                train(run, with(kTwoShards, {"algorithm={use: " + faulty + ", nan_at: 2}",
                                             "train.random_reward=0.5", "train.max_skipped=0"})));
  CHECK(two.wait() == std::vector<int>{1, 1});
  CHECK(two.said(0).find("train.max_skipped is 0") != std::string::npos);
  CHECK(two.said(0).find("--batch " + (run / "faults/step-000002.json").string()) !=
        std::string::npos);
  CHECK(two.said(1) == "");
}

TEST_CASE("a budget of tokens ends all ranks after the step of one process") {
  const TemporaryFolder folder;
  const std::vector<std::string> settings = {"threads=1", "train.shards=4", "train.steps=1000",
                                             "train.budget_tokens=9000"};
  check_repeated(folder.path(), settings, [](const RankedRun&, const fs::path&) {});
}

// The clock is the first rank's: if each followed its own, one would wait for the other.
TEST_CASE("a budget of seconds ends all ranks after the same step") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  RankedRun many(2, train(run, {"threads=1", "train.shards=2", "train.steps=100000",
                                "train.budget_seconds=0.5", "--ranks-timeout", "60"}));
  must(many);
}
