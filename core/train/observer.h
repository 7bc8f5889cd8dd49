// What a run reports while it lasts. The command line shows it; the core itself prints nothing.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/run/checkpoint_folder.h"

namespace tinyzero {

struct PreflightReport;

struct RunFacts {
  std::string task;
  std::string algorithm;
  std::string model;  // "tiny 1.0M"
  std::string kernels;
  std::int64_t threads = 0;
  std::int64_t seed = 0;
  std::string folder;
  Phase resumed_phase = Phase::warm_start;
  std::int64_t resumed_step = -1;  // -1: a new run
};

struct EvalSample {
  std::string prompt;
  std::string completion;
  std::string reason;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void started(const RunFacts& facts) = 0;
  // Called twice where a warm start comes before RL: the first report lacks the start policy. Each
  // warning is in one report only.
  virtual void preflight(const PreflightReport& report) = 0;
  virtual void warm_start_step(std::int64_t step, std::int64_t steps, double loss,
                               double seconds) = 0;
  // `record` and `last_step`, which is null before the first step, are lines of metrics.jsonl.
  virtual void evaluated(const Json& record, const Json& last_step, const EvalSample& sample) = 0;
  virtual void stepped(std::int64_t step, std::int64_t steps, const Json& metrics,
                       double seconds_left) = 0;
  // Called with each line of metrics.jsonl, right after it is written.
  virtual void recorded(const Json& record) = 0;
  virtual void warned(const std::string& text) = 0;
  // Something worth knowing that is no cause for concern.
  virtual void noted(const std::string& text) = 0;
  // `interrupted`: a person stopped the run. `seconds` are of all its processes together.
  virtual void finished(bool interrupted, const std::string& folder, double seconds) = 0;
};

}  // namespace tinyzero
