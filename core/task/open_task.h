// Opens what the section `task` or `demonstrations` of an experiment names: a plugin, a plugin with
// levels, or a mixture of several tasks:
//
//   task:
//     use: mix
//     tasks:
//       first: {use: NAME, weight: 3, setting: 3}
//       second: {use: OTHER, levels: [{setting: 1}, {setting: 2}]}
#pragma once

#include <string>

#include "core/task/task.h"

namespace tinyzero {

// Whether a section draws from several sources: a mixture, or a task with levels.
bool is_mixture(const std::string& use, const Node* settings);

// Opens `use` with the settings of a map, which may hold `use` itself. Throws Error.
Task open_task(const PluginCatalog& catalog, const std::string& use, const Node* settings,
               const std::string& section = "task");

// Throws Error if both draw from one plugin, and what one holds out for the test another one would
// train on.
void check_same_held_out(const Task& task, const Task& demonstrations);

}  // namespace tinyzero
