// What a run's episodes were about: their task, and the states of their problems.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "core/config/experiment.h"
#include "core/task/task.h"

namespace tinyzero {

// Whether the steps of a run imitated demonstrations of a task of their own.
bool imitates_demonstrations(const Experiment& experiment);

// The task whose problems the run's steps worked on.
const PluginChoice& stepped_task(const Experiment& experiment);

// The states of problems that a run's episodes name. Older programs did not store them: then the
// problems are drawn again.
class EpisodeStates {
 public:
  EpisodeStates(const Experiment& experiment, const Task& task)
      : experiment_(experiment), task_(task) {}

  // Throws Error naming `where` if the problem cannot be drawn again.
  std::string of(const Json& episode, std::int64_t step, const std::string& where);

 private:
  const Item* drawn(std::int64_t step, std::int64_t problem);

  const Experiment& experiment_;
  const Task& task_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<Item>> rounds_;
};

}  // namespace tinyzero
