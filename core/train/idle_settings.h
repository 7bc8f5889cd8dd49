// Settings that can never act in a run.
//
// The tables of settings know of pairs within a section (`only_when`, `unless`); here is what only
// the whole run shows: its steps, its task, its algorithm. What a person wrote and another setting
// contradicts is an error, unless that other one was written over it, in a later file or on the
// command line. What merely has no occasion to act is a note.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config/experiment.h"
#include "core/task/task.h"
#include "tinyzero/algorithm.h"

namespace tinyzero {

// What they are found in.
struct SettingsInUse {
  const Experiment& experiment;
  std::vector<ResolvedSetting> settings;  // all, those of the plugins included
  const Task& task;
  const Algorithm& algorithm;
  std::int64_t held_out;  // problems of the evaluation
};

// The notes, a sentence or two each. Throws Error, or Errors.
std::vector<std::string> check_idle_settings(const SettingsInUse& use);

}  // namespace tinyzero
