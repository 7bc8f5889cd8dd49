// Settings that can never act in a run.
//
// The tables of settings know pairs within a section (`only_when`, `unless`; core/config/reader.h).
// What only the whole run shows is checked here: its steps, its task, its algorithm. A written
// setting that another one contradicts is an error, unless the other was written over it, in a
// later file or on the command line. A setting that merely finds no occasion to act is a note.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config/reader.h"

namespace tinyzero {

class Algorithm;
class Task;
struct Experiment;

// Where idle settings are looked for.
struct SettingsInUse {
  const Experiment& experiment;
  std::vector<ResolvedSetting> settings;  // all, those of the plugins included
  const Task& task;
  const Algorithm& algorithm;
  std::int64_t held_out;  // problems of the evaluation
};

// Returns the notes, a sentence or two each. Throws Error, or Errors for several mistakes.
std::vector<std::string> check_idle_settings(const SettingsInUse& use);

}  // namespace tinyzero
