// Does the runs of a plan with child processes of this program, some of them at once, and goes on
// where an earlier call ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/child.h"
#include "core/base/stop.h"
#include "core/compare/plan.h"

namespace tinyzero {

enum class RunState { waiting, running, done, failed };

struct RunProgress {
  RunState state = RunState::waiting;
  std::string error;  // why it failed: its last words
};

class RunnerObserver {
 public:
  virtual ~RunnerObserver() = default;
  virtual void began(const PlannedRun& run, bool resumed) = 0;
  virtual void ended(const PlannedRun& run, const RunProgress& progress) = 0;
  // Several times a second while runs go on.
  virtual void tick(const std::vector<RunProgress>& runs) = 0;
};

class ComparisonRunner {
 public:
  // `program` is tinyzero-train, `plugin_folders` go to it. Writes the plan's experiments beside
  // their runs. Throws Error if one of them is there already with other settings (but for
  // `threads`: a run goes on with as many as it began with).
  ComparisonRunner(const ComparisonPlan& plan, fs::path folder, std::int64_t jobs, fs::path program,
                   std::vector<fs::path> plugin_folders, RunnerObserver& observer);

  // Runs that began with other libraries or files go on all the same.
  void accept_changes() { accept_changes_ = true; }

  // Until every run is done or failed, or until `stops` is above 0: then each child is asked once
  // to end, with a checkpoint, and again for every further stop. Runs that could not begin stay
  // `waiting`.
  void run(const StopWish& stops);

  const std::vector<RunProgress>& progress() const { return progress_; }

 private:
  enum class Stage { train, test };
  struct Slot {
    std::vector<int> cores;
    std::optional<std::size_t> run;
    std::optional<Child> child;
    Stage stage = Stage::train;
    std::uintmax_t log_from = 0;  // where the child's words begin in the log
  };

  fs::path path(const PlannedRun& run) const { return folder_ / run.folder; }
  // A start only, with its evaluation, which an interrupt may have put off; whether others are is
  // for `train --resume` to say.
  bool is_trained(const PlannedRun& run) const;
  bool is_done(const PlannedRun& run) const;
  std::optional<std::size_t> next();
  void begin(Slot& slot, std::size_t index);
  void start_child(Slot& slot, Stage stage, const std::vector<std::string>& arguments);
  void finish(Slot& slot, RunState state, const std::string& error = {});
  void look(Slot& slot, bool stopping);

  const ComparisonPlan& plan_;
  const fs::path folder_, program_;
  const std::vector<fs::path> plugin_folders_;
  RunnerObserver& observer_;
  bool accept_changes_ = false;
  std::vector<RunProgress> progress_;
  std::vector<Slot> slots_;
};

}  // namespace tinyzero
