// What is looked at before the first step of RL, so that a run which cannot learn does not begin:
// whether the task's own answers are right and fit, what the start policy does on a few training
// problems, and whether memory and disk suffice.
//
// Its randomness has a name of its own: a run with preflight and one without are the same.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/learn/model_workers.h"
#include "core/rollout/engine.h"
#include "core/train/opened_run.h"

namespace tinyzero {

struct PreflightReport {
  // Of the task and the settings.
  double known_answers =
      -1;  // share of solved problems that the verifier accepts; -1: the task has no solver
  double answers_cut = -1;  // share of demonstrations (where there are none: known answers) that
                            // rollout.max_tokens cuts; -1: neither
  std::int64_t longest_prompt = 0, max_tokens = 0, context = 0;
  std::vector<std::string> prompt;  // the first problem, token by token
  std::vector<std::string> stops;   // the tokens that end a completion
  std::size_t held_out = 0, held_out_keys = 0;
  std::string held_out_fingerprint;
  // Of the machine, in bytes.
  double memory_needed = 0, memory_free = 0, disk_needed = 0, disk_free = 0;
  // Of the start policy, over `samples` completions; 0: it has not been asked yet.
  std::int64_t samples = 0;
  double truncated = 0, mixed_groups = 0, accuracy = 0;
  double seconds = 0;  // of the run from here, about, at the speed and length of these completions
  std::vector<std::string> warnings;
};

// All but the policy. Throws Error, before anything is written, if nearly all answers would be cut
// or if a checkpoint does not fit into `run`.
PreflightReport check_start(const OpenedRun& parts, const std::filesystem::path& run);

// Adds what the policy does as it is now, and how long RL takes. `workers` hold the same weights as
// the engine. Throws Failure if its completions are nearly all cut and the settings are to blame,
// and Interrupted where `stop` asks for it.
void check_policy(Engine& engine, ModelWorkers& workers, const OpenedRun& parts,
                  PreflightReport& report, const StopWish* stop = nullptr);

}  // namespace tinyzero
