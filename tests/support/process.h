// Running the program as a user would.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tinyzero {

struct ProcessResult {
  int code = 0;  // exit code; 128 + signal if it was killed
  std::string out, err;
  std::int64_t peak_bytes = 0;  // of its resident memory
};

// Runs a command to its end. `input` is its standard input; `folder` its working directory (empty:
// this one).
ProcessResult run_process(const std::vector<std::string>& command, const std::string& input = {},
                          const std::string& folder = {});

// The program tinyzero of this build with these arguments, from the root of the sources.
ProcessResult tinyzero(const std::vector<std::string>& arguments, const std::string& input = {});

// The same with redirections and assignments as a shell has them: ">/dev/full", "<&- >&-". What it
// still says to the two streams is in the result.
ProcessResult tinyzero_with(const std::string& redirections,
                            const std::vector<std::string>& arguments,
                            const std::string& input = {});

// A command that runs beside the test.
class BackgroundProcess {
 public:
  // Its standard error goes to the file `err`, its output to `out`.
  explicit BackgroundProcess(const std::vector<std::string>& command,
                             const std::string& err = "/dev/null",
                             const std::string& out = "/dev/null");
  ~BackgroundProcess();
  void signal(int number) const;
  pid_t pid() const { return pid_; }
  // Waits for the end; the exit code, 128 + signal if it was killed.
  int wait();

 private:
  pid_t pid_;
};

// A command that is talked to while it runs.
class TalkingProcess {
 public:
  explicit TalkingProcess(const std::vector<std::string>& command);
  ~TalkingProcess();
  void write(const std::string& text) const;
  // The next line of its standard output, without its end; waits for it. Empty at the end of the
  // output.
  std::string read_line();
  // Closes its standard input and waits for the end; the exit code, 128 + signal if it was killed.
  int finish();

 private:
  pid_t pid_ = 0;
  int in_ = -1, out_ = -1;
};

// Path of the program tinyzero of this build.
std::string tinyzero_path();

// The command line of the program for a process beside the test.
inline std::vector<std::string> command_line(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {tinyzero_path()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace tinyzero
