// How a command begins and ends as one of several ranks, and what they must have alike to train.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/cli/ranks_options.h"
#include "core/ranks/ranks.h"
#include "core/run/manifest.h"
#include "core/train/observer.h"

namespace tinyzero {

struct OpenedRun;

// Takes over what the first rank chose by its own memory, then throws unless all ranks would do the
// same: program, kernels, LibTorch, plugins, settings, files, held-out problems.
void agree_on_run(Ranks& ranks, OpenedRun& run, const ManifestFacts& facts);

// What all ranks must have alike, whatever they train.
struct ProgramFact {
  std::string what;
  std::string text;
  std::string remedy;  // what to do where it differs
};
std::vector<ProgramFact> program_facts();

// An observer for ranks that do not speak.
std::unique_ptr<Observer> silent_observer();

// Meets the other ranks, if a launcher started several, and returns what `work` does. Of several
// ranks that fail, one rethrows its error; the others only end.
int with_ranks(const RanksOptions& options, const std::function<int(Ranks&)>& work);

}  // namespace tinyzero
