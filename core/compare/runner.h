// Carries out the runs of a plan in child processes of this program, several at once, and continues
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
  std::string error;  // of a failed run: its last message
};

class RunnerObserver {
 public:
  virtual ~RunnerObserver() = default;
  virtual void began(const PlannedRun& run, bool resumed) = 0;
  virtual void ended(const PlannedRun& run, const RunProgress& progress) = 0;
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

  // Lets runs continue that began with other libraries or files.
  void accept_changes() { accept_changes_ = true; }

  // Returns when every run is done or failed, or after `stops` rose above 0: then each child is
  // asked to end with a checkpoint, and again for every further stop. Runs that could not begin
  // stay `waiting`.
  void run(const StopRequest& stops);

  const std::vector<RunProgress>& progress() const { return progress_; }

 private:
  enum class Stage { train, test };
  struct Slot {
    std::vector<int> cores;
    std::optional<std::size_t> run;
    std::optional<Child> child;
    Stage stage = Stage::train;
    std::uintmax_t log_from = 0;  // size of the log before the child wrote to it
  };

  fs::path path(const PlannedRun& run) const { return folder_ / run.folder; }
  // Whether a start has its weights and its evaluation, which an interrupt may have put off. For
  // other runs false: `train --resume` knows.
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
