// A command that runs in the process of the test, with its standard streams in files.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/cli/commands.h"

namespace tinyzero {

struct CommandResult {
  int code = 0;
  std::string out;
  std::string err;
};

// Runs work() with `input` as standard input, and returns what it returned and wrote.
CommandResult capture(const std::function<int()>& work, const std::string& input = {});

// The command that `add` adds, with the words of its command line and the plugins of this build.
// Exceptions of the command pass through.
CommandResult run_command(const std::function<void(const Commands&)>& add,
                          const std::vector<std::string>& words, const std::string& input = {});

}  // namespace tinyzero
