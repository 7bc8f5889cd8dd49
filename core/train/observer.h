// What a run tells while it goes on. The command line shows it; the core itself prints nothing.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/run/checkpoint.h"
#include "core/train/preflight.h"

namespace tinyzero {

struct RunFacts {
  std::string task, algorithm, model;  // "tiny 1.0M"
  std::string kernels;
  std::int64_t threads = 0, seed = 0;
  std::string folder;
  Phase resumed_phase = Phase::warm_start;
  std::int64_t resumed_step = -1;  // -1: a new run
};

struct EvalSample {
  std::string prompt, completion, reason;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void started(const RunFacts& facts) = 0;
  // Twice where a warm start comes before RL: without, then with what the start policy does. Its
  // warnings are each told once.
  virtual void preflight(const PreflightReport& report) = 0;
  virtual void warm_start_step(std::int64_t step, std::int64_t steps, double loss,
                               double seconds) = 0;
  // `record` and `last_step` are lines of metrics.jsonl.
  virtual void evaluated(const Json& record, const Json& last_step, const EvalSample& sample) = 0;
  virtual void stepped(std::int64_t step, std::int64_t steps, const Json& metrics,
                       double seconds_left) = 0;
  // Each line of metrics.jsonl, right after it is written.
  virtual void recorded(const Json& record) = 0;
  virtual void warned(const std::string& text) = 0;
  // Something that is as it should be, and worth knowing.
  virtual void noted(const std::string& text) = 0;
  // `interrupted` if a person stopped it; `seconds` over all its resumptions.
  virtual void finished(bool interrupted, const std::string& folder, double seconds) = 0;
};

}  // namespace tinyzero
