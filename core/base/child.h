// Programs that this one starts.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tinyzero {

// A process in the background.
class Child {
 public:
  // Starts a command in a process group of its own, so that a terminal's interrupt reaches it only
  // through signal(). Its threads run on these cores. Its standard error is appended to a file; its
  // other streams are /dev/null. The system kills it if this process dies. Throws Failure.
  Child(const std::vector<std::string>& command, const std::filesystem::path& errors,
        const std::vector<int>& cores);
  Child(Child&& other) noexcept : pid_(other.pid_) { other.pid_ = -1; }
  Child& operator=(Child&&) = delete;
  // Kills the process if it still runs.
  ~Child();

  void signal(int number) const;
  // The exit code, or 128 + the signal that ended the process, told once; nothing before and after.
  std::optional<int> ended();

 private:
  pid_t pid_;  // -1 if there is no process, or it has ended
};

struct ProgramResult {
  int code = 0;        // exit code, or 128 + the signal that ended the program
  std::string output;  // standard output and standard error
};

// Runs a program to its end. The command is its path and its arguments, without a shell. Its
// standard input is empty. Throws Failure if it cannot be started.
ProgramResult run_program(const std::vector<std::string>& command);

}  // namespace tinyzero
