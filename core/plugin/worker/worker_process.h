// The process that runs a task's code: started, asked, watched and ended. Everything it says is
// untrusted.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/plugin/worker/region.h"
#include "core/plugin/worker/watchdog.h"
#include "core/plugin/worker/wire.h"

namespace tinyzero {

struct WorkerSetup {
  std::filesystem::path library;
  std::uint64_t memory = std::uint64_t{2} << 30;  // bytes
  int threads = 256;                              // of the process, at most
  std::vector<std::filesystem::path>
      readable;  // files and folders that the task may read, beside the library's folder
  std::filesystem::path folder;        // in which it starts; empty: this one
  std::vector<std::string> variables;  // NAME=VALUE; a worker has no others but LD_LIBRARY_PATH
};

// The worker ended, or was ended because it did what it must not. `cause` completes "the task's
// code …".
struct WorkerLost {
  std::string cause;
  std::uint32_t row = kNoRow;  // of the call, that was worked on
};

class WorkerProcess {
 public:
  using Write = std::function<void(WireWriter&)>;

  // Throws Failure if it cannot be started.
  explicit WorkerProcess(const WorkerSetup& setup);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // Sends a request and waits for the reply, of at most `most` bytes. Throws WorkerLost, also for
  // what happened since the last call.
  WireReply call(WireOperation operation, const CallLimits& limits, std::size_t most,
                 const Write& write);
  // Whether it was lost, or misused its rest, since the last call; what it did. After that every
  // call throws.
  void check_rest();
  void check_threads(std::uint32_t row);
  // Throws WorkerLost unless all its threads can only compute.
  void check_confined();
  // Ends the process, for a cause. Throws WorkerLost.
  [[noreturn]] void end(const std::string& cause, std::uint32_t row = kNoRow);

 private:
  void start(const WorkerSetup& setup);
  void kill();
  // Throws WorkerLost if the process has ended.
  void check_alive(std::uint32_t row);
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
