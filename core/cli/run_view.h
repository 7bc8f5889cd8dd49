// What a person sees of a run: on a terminal one live line under lines that stay, elsewhere plain lines.
#pragma once

#include <chrono>
#include <string>

#include "core/run/run_folder.h"
#include "core/train/observer.h"

namespace tinyzero {

struct RunViewOptions {
  bool quiet = false;  // warnings only
  bool json = false;   // metrics to standard output
};

// Writes to standard error; `folder` gets the same lines in log.txt.
class RunView : public Observer {
 public:
  RunView(RunFolder& folder, RunViewOptions options);

  void started(const RunFacts& facts) override;
  void preflight(const PreflightReport& report) override;
  void warm_start_step(std::int64_t step, std::int64_t steps, double loss, double seconds) override;
  void evaluated(std::int64_t step, const EvalReport& report, const Json& last_step, const EvalSample& sample) override;
  void stepped(std::int64_t step, std::int64_t steps, const Json& metrics, double seconds_left) override;
  void recorded(const Json& record) override;
  void warned(const std::string& text) override;
  void finished(bool interrupted, const std::string& folder, double seconds) override;

 private:
  // A line that stays.
  void line(const std::string& text);
  // The live line: replaced by the next one; nothing where there is no terminal.
  void live(const std::string& text);

  RunFolder& folder_;
  RunViewOptions options_;
  int width_;  // of the terminal, 0: none
  bool live_shown_ = false;
  std::chrono::steady_clock::time_point last_live_;
};

}  // namespace tinyzero
