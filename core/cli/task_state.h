// What the commands of `task` share: opening a task, and its states as JSON.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/cli/commands.h"

namespace tinyzero {

class Task;

// A task and its settings, as `task verify NAME key=value` gives them.
struct NamedTaskOptions {
  std::string name = {};
  std::vector<std::string> settings = {};
};

void add_named_task_options(CLI::App& command, NamedTaskOptions& options);

// Throws Error for a task that is not known and for settings that it does not take.
Task open_task(const GlobalOptions& global, const NamedTaskOptions& options);

// What the task says about what it read, on standard error.
void print_notes(const Task& task);

// Throws Error if the task counts no traits.
void check_counts_traits(const Task& task);

// The field "state" of a line, as the task wrote it. Throws Error naming `where` if it is missing.
std::string state_text(const Json& object, const std::string& where);

}  // namespace tinyzero
