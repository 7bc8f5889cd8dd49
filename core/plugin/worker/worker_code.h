// The code of a task as a worker runs it: a library in the program tinyzero-worker
// (library_code.h), or a file in a Python interpreter (core/plugin/python/python_code.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tinyzero {

class Error;
class WireWriter;

// What a worker may use.
struct WorkerSetup {
  std::uint64_t memory = std::uint64_t{2} << 30;  // bytes
  int threads = 256;                              // limit of the process
  // Files and folders that the task may read, in addition to its own and the system's.
  std::vector<std::filesystem::path> readable;
  std::filesystem::path folder;        // the working folder; empty: this process's
  std::vector<std::string> variables;  // NAME=VALUE, in addition to what the code needs
};

class WorkerCode {
 public:
  virtual ~WorkerCode() = default;

  // The file that the code comes from.
  virtual const std::filesystem::path& file() const = 0;
  // What a person writes to use it: "tasks/mine.so", "mine.py:Sums".
  virtual std::string use() const { return file().string(); }
  // The program of the worker and its arguments. The memory is its descriptor 3 (region.h).
  virtual std::vector<std::string> command(const WorkerSetup& setup) const = 0;
  // Its whole environment, NAME=VALUE.
  virtual std::vector<std::string> environment(const WorkerSetup& setup) const = 0;
  // What to do if the program cannot be started, and if the task cannot be set up.
  virtual std::string start_hint() const = 0;
  virtual std::string create_hint(const Error& error) const = 0;
  // Writes the contents of the first request, after which the process `worker` confines itself and
  // loads the code.
  virtual void write_opening(WireWriter& out, const WorkerSetup& setup, pid_t worker) const = 0;
  // Whether the worker confines itself further after `create` (sandbox.h).
  virtual bool has_second_stage() const = 0;
};

}  // namespace tinyzero
