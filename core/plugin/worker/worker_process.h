// The process that runs a task's code: starts it, calls it, watches it and ends it. Everything that
// it sends is untrusted.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "core/plugin/worker/region.h"
#include "core/plugin/worker/watchdog.h"
#include "core/plugin/worker/wire.h"
#include "core/plugin/worker/worker_code.h"

namespace tinyzero {

// Thrown when the worker has ended, or was ended because it broke a rule. `cause` completes "the
// task's code …".
struct WorkerLost {
  std::string cause;
  std::uint32_t row = kNoRow;  // the row of the call that the worker was working on
};

class WorkerProcess {
 public:
  using Write = std::function<void(WireWriter&)>;

  // Throws Failure if it cannot be started.
  WorkerProcess(const WorkerCode& code, const WorkerSetup& setup);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Sends a request and waits for the reply, of at most `most` bytes. Throws WorkerLost, also if
  // the worker was lost since the last call.
  WireReply call(WireOperation operation, const CallLimits& limits, std::size_t most,
                 const Write& write);
  // Throws WorkerLost if, since the last call, the worker has ended or kept processors busy.
  void check_rest();
  // Throws WorkerLost unless all its threads can only compute.
  void check_confined();
  // Ends the process. Throws WorkerLost with the cause.
  [[noreturn]] void end(const std::string& cause, std::uint32_t row = kNoRow);

 private:
  void start(const WorkerCode& code, const WorkerSetup& setup);
  void kill();
  // Throws WorkerLost if the process has ended.
  void check_alive(std::uint32_t row);
  // Throws WorkerLost if the process has too many threads.
  void check_threads(std::uint32_t row);
  std::string how_it_ended(int status);
  double processor_seconds() const;
  int thread_count() const;

  WireRegion region_;
  RestWatch rest_;
  pid_t pid_ = -1;
  int most_threads_;
  bool computes_only_ = false;
};

}  // namespace tinyzero
