// Running something in a process of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/plugin/task_code.h"

namespace tinyzero {

struct ProcessOutcome {
  bool finished = false;  // it returned, and `text` is what; else `text` says what was thrown, or how it ended
  std::string text;
};

// What a child is busy with, in memory that its parent sees: the answers that a task's code judges.
class Watch {
 public:
  Watch();
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // In the child: verify is called with these, and has returned.
  void begin(const std::vector<Answer>& answers);
  void end() { shared_->rows = 0; }
  volatile std::uint32_t* cursor() { return &shared_->row; }

  // In the parent: a number that changes whenever the child goes on to another answer, 0 while it judges none; and the answer.
  std::uint64_t place() const;
  std::string answer() const;

 private:
  static constexpr std::size_t kRows = 1024, kText = 64;
  struct Shared {
    volatile std::uint32_t calls, rows, row;
    char text[kRows][kText];
  };
  Shared* shared_;
};

// Forks, runs `work` in the child and returns what it returns, or the words of what it throws. Ends the child after `seconds`, and after
// `row_seconds` on one answer of the watch. What the child writes to standard output is lost.
ProcessOutcome run_forked(double seconds, const Watch* watch, double row_seconds, const std::function<std::string()>& work);

}  // namespace tinyzero
