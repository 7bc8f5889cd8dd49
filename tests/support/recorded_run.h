// Runs of a few steps in this process, whose reports are recorded.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/run/run_folder.h"
#include "core/train/trainer.h"
#include "support/small_run.h"

namespace tinyzero {

class RecordingObserver : public Observer {
 public:
  std::vector<std::string> events;  // "warm 1", "step 2", "evaluated 0", "finished", …
  std::vector<Json> records;
  std::function<void(const std::string&)> on_event = [](const std::string&) {};

  void started(const RunFacts&) override {}
  void preflight(const PreflightReport&) override { tell("preflight"); }
  void warm_start_step(std::int64_t step, std::int64_t, double, double) override {
    tell("warm " + std::to_string(step));
  }
  void evaluated(const Json& record, const Json&, const EvalSample&) override {
    tell("evaluated " + record["step"].dump());
  }
  void stepped(std::int64_t step, std::int64_t, const Json&, double) override {
    tell("step " + std::to_string(step));
  }
  void recorded(const Json& record) override { records.push_back(record); }
  void warned(const std::string&) override {}
  void noted(const std::string&) override {}
  void finished(bool interrupted, const std::string&, double) override {
    tell(interrupted ? "interrupted" : "finished");
  }

 private:
  void tell(const std::string& event) {
    events.push_back(event);
    on_event(event);
  }
};

inline std::vector<std::string> quick(const std::vector<std::string>& overrides) {
  std::vector<std::string> all = {
      "warm_start.steps=2",     "train.steps=3",      "eval.every=2",
      "eval.problems=8",        "checkpoint.every=1", "preflight={problems: 4, max_truncated: 1}",
      "train.random_reward=0.5"};  // else nothing is learned yet
  all.insert(all.end(), overrides.begin(), overrides.end());
  return all;
}

// Trains a new run in `path`; false if it was stopped.
inline bool train_quick(const fs::path& path, Observer& observer,
                        const std::vector<std::string>& overrides = {},
                        const StopRequest* stop = nullptr) {
  const StopRequest never = 0;
  OpenedRun run = small_run(quick(overrides));
  PreflightReport report = check_start(run, path);
  RunFolder folder = RunFolder::create(path, resolved_yaml(run.resolved()));
  Trainer trainer(run, folder, observer, stop != nullptr ? *stop : never, std::move(report));
  return trainer.run();
}

// Continues the run in `path`.
inline bool resume_quick(const fs::path& path, Observer& observer) {
  const StopRequest never = 0;
  RunFolder folder = RunFolder::open(path);
  OpenedRun run = OpenedRun::open_run(path, PluginCatalog({TINYZERO_PLUGINS}));
  auto checkpoint = load_checkpoint(
      folder.checkpoints(), run.model, [](const std::string&) {}, run.adapter.get());
  Trainer trainer(run, folder, observer, never, check_start(run, path));
  trainer.restore(checkpoint ? std::move(*checkpoint) : Checkpoint());
  return trainer.run();
}

}  // namespace tinyzero
