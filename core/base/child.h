// A program started beside this one.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tinyzero {

class Child {
 public:
  // Starts a command in a process group of its own (so that a terminal's interrupt reaches it only
  // through signal()), with its threads on these cores; its standard error is appended to a file,
  // the rest of its streams is /dev/null. The system kills it if this process dies. Throws Failure.
  Child(const std::vector<std::string>& command, const std::filesystem::path& errors,
        const std::vector<int>& cores);
  Child(Child&& other) noexcept : pid_(other.pid_) { other.pid_ = -1; }
  Child& operator=(Child&&) = delete;
  // Kills it if it goes on.
  ~Child();

  void signal(int number) const;
  // Its exit code once it has ended, 128 + the signal that ended it; nothing while it goes on.
  std::optional<int> ended();

 private:
  pid_t pid_;  // -1: none, or it has ended
};

// How a program ended, and what it said on both of its streams.
struct ProgramWords {
  int code = 0;  // exit code, or 128 + the signal that ended it
  std::string text;
};

// Runs a program to its end, by its path and with these arguments, which no shell reads. Its
// standard input is empty. Throws Failure if it cannot be started.
ProgramWords run_program(const std::vector<std::string>& command);

}  // namespace tinyzero
