// What a run tells while it goes on. The command line shows it; the core itself prints nothing.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/eval/evaluate.h"
#include "core/run/checkpoint.h"

namespace tinyzero {

struct RunFacts {
  std::string task, algorithm, model;  // "tiny 1.0M"
  std::string kernels;
  std::int64_t threads = 0, seed = 0;
  std::string folder;
  Phase resumed_phase = Phase::warm_start;
  std::int64_t resumed_step = -1;  // -1: a new run
};

struct PreflightReport {
  double known_answers = 0;  // share of solved problems that the verifier accepts; -1: the task has no solver
  std::int64_t longest_prompt = 0, max_tokens = 0, context = 0;
  std::size_t held_out = 0, held_out_keys = 0;
  std::string held_out_fingerprint;
};

struct EvalSample {
  std::string prompt, completion, reason;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void started(const RunFacts& facts) = 0;
  virtual void preflight(const PreflightReport& report) = 0;
  virtual void warm_start_step(std::int64_t step, std::int64_t steps, double loss, double seconds) = 0;
  virtual void evaluated(std::int64_t step, const EvalReport& report, const Json& last_step, const EvalSample& sample) = 0;
  virtual void stepped(std::int64_t step, std::int64_t steps, const Json& metrics, double seconds_left) = 0;
  // Each line of metrics.jsonl, right after it is written.
  virtual void recorded(const Json& record) = 0;
  virtual void warned(const std::string& text) = 0;
  // `interrupted` if a person stopped it; `seconds` over all its resumptions.
  virtual void finished(bool interrupted, const std::string& folder, double seconds) = 0;
};

}  // namespace tinyzero
