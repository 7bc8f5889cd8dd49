// Runs of a plan in child processes, which a script stands in for.

#include "core/compare/runner.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <thread>

#include "core/base/error.h"
#include "core/base/lock.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/compare/runner");

namespace {

class Recorder : public RunnerObserver {
 public:
  std::vector<std::string> events;
  void began(const PlannedRun& run, bool resumed) override {
    events.push_back((resumed ? "resumed " : "began ") + run.folder.string());
  }
  void ended(const PlannedRun& run, const RunProgress& progress) override {
    events.push_back((progress.state == RunState::done ? "done " : "failed ") +
                     run.folder.string());
  }
  void found_elsewhere(const PlannedRun& run, const LockHolder&) override {
    events.push_back("elsewhere " + run.folder.string());
  }
  void tick(const std::vector<RunProgress>&) override {}
};

// A start and a run that begins with it.
ComparisonPlan two_runs() {
  ComparisonPlan plan;
  PlannedRun start;
  start.folder = "starts/a/seed-1";
  start.yaml = "threads: 1\nseed: 1\n";
  start.is_start = true;
  PlannedRun run;
  run.arm = 0;
  run.folder = "arms/x/seed-1";
  run.yaml = "threads: 1\nseed: 1\ntrain: {steps: 3}\n";
  run.start = 0;
  plan.runs = {start, run};
  return plan;
}

// Takes the place of the program: `train` makes a run's folder with metrics, `compare-test` its
// test.json. Its arguments are in calls.
const char* const kProgram = R"(#!/bin/sh
echo "$@" >>"$(dirname "$0")/calls"
case "$1" in
  train)
    case "$2" in
      --resume) folder=$3 ;;
      *) folder=$4 ;;
    esac
    mkdir -p "$folder/checkpoints/step-000000"
    echo 'seed: 1' >"$folder/config.yaml"
    echo '{"step":0,"eval/accuracy":0.5}' >"$folder/metrics.jsonl" ;;
  compare-test) echo '{}' >"$2/test.json" ;;
esac
)";

fs::path write_program(const TemporaryFolder& folder, const std::string& text) {
  const fs::path path = folder / "program";
  write_file_synced(path, text);
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

// The two runs in a folder of their own, and what is told of them.
struct TwoRuns {
  TemporaryFolder folder;
  ComparisonPlan plan = two_runs();
  Recorder recorder;
  StopRequest stop{0};

  ComparisonRunner runner(const std::string& program = kProgram) {
    return {plan, folder / "out", 1, write_program(folder, program), {}, recorder};
  }
};

}  // namespace

TEST_CASE("a start is made first, then the run that needs it, and done runs are not done again") {
  const TemporaryFolder folder;
  const ComparisonPlan plan = two_runs();
  const fs::path program = write_program(folder, kProgram);
  const StopRequest never = 0;
  Recorder recorder;
  ComparisonRunner runner(plan, folder / "out", 1, program, {}, recorder);
  runner.run(never);
  CHECK(recorder.events == std::vector<std::string>{"began starts/a/seed-1", "done starts/a/seed-1",
                                                    "began arms/x/seed-1", "done arms/x/seed-1"});
  CHECK(runner.progress()[1].state == RunState::done);
  const std::string calls = read_file(folder / "calls");
  CHECK(calls.find("--planned") != std::string::npos);
  CHECK(calls.find("compare-test " + (folder / "out").string()) != std::string::npos);

  Recorder again;
  ComparisonRunner second(plan, folder / "out", 1, program, {}, again);
  second.run(never);
  CHECK(again.events.empty());
  CHECK(read_file(folder / "calls") == calls);
}

TEST_CASE("a run that was begun is resumed, and is told of accepted changes") {
  const TemporaryFolder folder;
  const ComparisonPlan plan = two_runs();
  const fs::path program = write_program(folder, kProgram);
  fs::create_directories(folder / "out/starts/a/seed-1");
  write_file_synced(folder / "out/starts/a/seed-1/config.yaml", "seed: 1\n");
  const StopRequest never = 0;
  Recorder recorder;
  ComparisonRunner runner(plan, folder / "out", 1, program, {"plugins-here"}, recorder);
  runner.accept_changes();
  CHECK_NOTHROW(runner.progress());
  CHECK(fs::exists(folder / "out/starts/a/seed-1.yaml"));
  CHECK(fs::exists(folder / "out/arms/x/seed-1.yaml"));
  runner.run(never);
  CHECK(recorder.events.front() == "resumed starts/a/seed-1");
  const std::string calls = read_file(folder / "calls");
  CHECK(calls.starts_with("--plugins plugins-here train --resume "));
  CHECK(calls.find("--accept-changes") != std::string::npos);
}

TEST_CASE_FIXTURE(TwoRuns, "only chosen runs are carried out") {
  ComparisonRunner runs = runner();
  runs.choose({true, false});
  runs.run(stop);
  CHECK(recorder.events ==
        std::vector<std::string>{"began starts/a/seed-1", "done starts/a/seed-1"});
  CHECK(runs.count(RunState::done) == 1);
  CHECK(runs.count(RunState::waiting) == 0);  // of the chosen ones
}

TEST_CASE_FIXTURE(TwoRuns, "a run that another call holds is left to it, and is waited for") {
  ComparisonRunner runs = runner();
  auto held = std::make_unique<HeldFile>(folder / "out/starts/a/.seed-1.lock");
  REQUIRE_FALSE(held->holder());
  std::thread other([&] {  // makes the start, and lets go of it
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const fs::path start = folder / "out/starts/a/seed-1";
    fs::create_directories(start / "checkpoints/step-000000");
    write_file_synced(start / "metrics.jsonl", "{\"step\":0,\"eval/accuracy\":0.5}\n");
    held.reset();
  });
  runs.run(stop);
  other.join();
  CHECK(recorder.events == std::vector<std::string>{"elsewhere starts/a/seed-1",
                                                    "done starts/a/seed-1", "began arms/x/seed-1",
                                                    "done arms/x/seed-1"});
}

TEST_CASE_FIXTURE(TwoRuns, "after a stop, runs that another call holds are not waited for") {
  ComparisonRunner runs = runner();
  const HeldFile held(folder / "out/starts/a/.seed-1.lock");
  std::thread person([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stop = 1;
  });
  runs.run(stop);
  person.join();
  CHECK(runs.count(RunState::elsewhere) == 1);
  CHECK(runs.count(RunState::waiting) == 1);
}

TEST_CASE_FIXTURE(TwoRuns, "a failed start fails its runs, with the error and hint of its log") {
  ComparisonRunner runs = runner(
      "#!/bin/sh\nexec >&2\necho 'error: no disk'\necho '  hint: buy one'\necho bye\nexit 1\n");
  runs.run(stop);
  CHECK(runs.progress()[0].state == RunState::failed);
  CHECK(runs.progress()[0].error == "no disk (buy one)");
  CHECK(runs.progress()[1].error == "the run it starts from failed: no disk (buy one)");
}

TEST_CASE("without an error a run failed with its last line, its signal or its exit code") {
  const std::pair<const char*, const char*> cases[] = {
      {"#!/bin/sh\necho last words >&2\nexit 3\n", "last words"},
      {"#!/bin/sh\nexit 3\n", "exit code 3"},
      {"#!/bin/sh\nkill -9 $$\n", "ended by signal 9 (Killed)"}};
  for (const auto& [script, error] : cases) {
    const TemporaryFolder folder;
    const ComparisonPlan plan = two_runs();
    const StopRequest never = 0;
    Recorder recorder;
    ComparisonRunner runner(plan, folder / "out", 1, write_program(folder, script), {}, recorder);
    runner.run(never);
    CHECK(runner.progress()[0].error == error);
  }
}

TEST_CASE("other settings than a run was begun with are refused, other threads are not") {
  const TemporaryFolder folder;
  ComparisonPlan plan = two_runs();
  Recorder recorder;
  const auto settle = [&] { ComparisonRunner(plan, folder / "out", 1, "program", {}, recorder); };
  settle();
  plan.runs[1].yaml = "threads: 2\nseed: 1\ntrain: {steps: 3}\n";
  CHECK_NOTHROW(settle());
  plan.runs[1].yaml = "threads: 1\nseed: 1\ntrain: {steps: 4}\n";
  CHECK_THROWS_WITH_AS(
      settle(), doctest::Contains("\"train: {steps: 3}\" there, \"train: {steps: 4}\" now"), Error);
}

TEST_CASE("more jobs than cores are refused") {
  const TemporaryFolder folder;
  const ComparisonPlan plan = two_runs();
  Recorder recorder;
  CHECK_THROWS_WITH_AS(ComparisonRunner(plan, folder / "out", 100000, "program", {}, recorder),
                       doctest::Contains("--jobs is 100000"), Error);
}

TEST_CASE_FIXTURE(TwoRuns, "after a stop no run begins") {
  stop = 1;
  ComparisonRunner runs = runner();
  runs.run(stop);
  CHECK(recorder.events.empty());
  CHECK(runs.progress()[0].state == RunState::waiting);
}
