// Carries out runs of a plan in child processes of this program, several at once, and continues
// where an earlier call ended.
//
// Each run is locked while a call works on it, so several calls, also on several machines with a
// common file system, divide a plan: one leaves a run to the call that holds it, and waits for it
// if other runs need it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/stop.h"
#include "core/compare/plan.h"

namespace tinyzero {

struct LockHolder;

enum class RunState { waiting, running, elsewhere, done, failed };

struct RunProgress {
  RunState state = RunState::waiting;
  std::string error;  // of a failed run: its last message
};

class RunnerObserver {
 public:
  virtual ~RunnerObserver() = default;
  virtual void began(const PlannedRun& run, bool resumed) = 0;
  virtual void ended(const PlannedRun& run, const RunProgress& progress) = 0;
  // Another process works on the run. Called once each time.
  virtual void found_elsewhere(const PlannedRun& run, const LockHolder& holder) = 0;
  // Called several times a second while there are runs.
  virtual void tick(const std::vector<RunProgress>& runs) = 0;
};

class ComparisonRunner {
 public:
  // `program` is tinyzero-train, which is given the `plugin_folders`. Writes the plan's experiments
  // next to their run folders. Throws Error if one is there already with other settings. Only
  // `threads` may differ: a run keeps the number that it began with.
  ComparisonRunner(const ComparisonPlan& plan, fs::path folder, std::int64_t jobs, fs::path program,
                   std::vector<fs::path> plugin_folders, RunnerObserver& observer);
  ComparisonRunner(ComparisonRunner&&) noexcept;
  ~ComparisonRunner();

  // Lets runs continue that began with other libraries or files.
  void accept_changes() { accept_changes_ = true; }

  // Carries out only these runs, by index of the plan. Without a call, all.
  void choose(std::vector<bool> runs) { chosen_ = std::move(runs); }

  // Returns when every chosen run is done or failed, or after `stops` rose above 0: then each child
  // is asked to end with a checkpoint, and again for every further stop. Runs that could not begin
  // stay `waiting`, or `elsewhere` if another process has them.
  void run(const StopRequest& stops);

  // Chosen runs in this state.
  std::int64_t count(RunState state) const;

  const std::vector<RunProgress>& progress() const { return progress_; }

 private:
  enum class Stage { train, test };
  struct Slot;  // where a child runs, and the run that it works on

  fs::path path(const PlannedRun& run) const { return folder_ / run.folder; }
  // Whether a start has its weights and its evaluation, which an interrupt may have put off. For
  // other runs false: `train --resume` knows.
  bool is_trained(const PlannedRun& run) const;
  bool is_done(const PlannedRun& run) const;
  bool is_open(std::size_t index) const;  // chosen, and to be begun or waited for
  // The first run that can begin, locked into the slot; none if there is none.
  std::optional<std::size_t> next(Slot& slot);
  // Whether the run's start is done. If the start failed, so does the run.
  bool can_begin(std::size_t index);
  bool hold(Slot& slot, std::size_t index);
  void begin(Slot& slot, std::size_t index);
  void start_child(Slot& slot, Stage stage, const std::vector<std::string>& arguments);
  void finish(Slot& slot, RunState state, const std::string& error = {});
  void look(Slot& slot, bool stopping);

  const ComparisonPlan& plan_;
  const fs::path folder_, program_;
  const std::vector<fs::path> plugin_folders_;
  RunnerObserver& observer_;
  bool accept_changes_ = false;
  std::vector<bool> chosen_;
  std::vector<RunProgress> progress_;
  std::vector<std::chrono::steady_clock::time_point> look_again_;  // by run: at those elsewhere
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace tinyzero
