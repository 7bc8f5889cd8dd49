// What is checked before the first step of RL, so that a run which cannot learn does not begin:
// whether the task's own answers are right and fit, what the start policy does on a few training
// problems, and whether memory and disk suffice.
//
// It draws from a random stream of its own: a run with preflight and one without are the same.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/stop.h"

namespace tinyzero {

class Engine;
class ModelWorkers;
struct OpenedRun;

struct PreflightReport {
  // ---- the task and the settings ----
  // Share of problems whose known answer the verifier accepts; -1: the task has no solver.
  double known_answers = -1;
  // Share of demonstrations, or else of known answers, that rollout.max_tokens cuts; -1: the task
  // has neither.
  double answers_cut = -1;
  std::int64_t longest_prompt = 0;
  std::int64_t max_tokens = 0;
  std::int64_t context = 0;
  std::vector<std::string> prompt;  // the first problem, token by token
  std::vector<std::string> stops;   // the tokens that end a completion
  std::size_t held_out = 0;
  std::size_t held_out_keys = 0;
  std::string held_out_fingerprint;
  // ---- the machine, in bytes ----
  double memory_needed = 0;
  double memory_free = 0;
  double disk_needed = 0;
  double disk_free = 0;
  // ---- the start policy ----
  std::int64_t samples = 0;  // completions that the shares are of; 0: it has not been sampled yet
  double truncated = 0;
  double mixed_groups = 0;
  double accuracy = 0;
  double seconds = 0;  // estimate for RL, at the speed and length of these completions
  std::vector<std::string> warnings;
};

// Checks everything but the policy. Throws Error, before anything is written, if nearly all answers
// would be cut or if a checkpoint does not fit into `folder`, the run's.
PreflightReport check_start(const OpenedRun& run, const std::filesystem::path& folder);

// Adds to the report what the policy does as it is now, and how long RL takes. `workers` hold the
// same weights as the engine. Throws Failure if nearly all its completions are cut and the settings
// are to blame, and Interrupted where `stop` asks for it.
void check_policy(Engine& engine, ModelWorkers& workers, const OpenedRun& run,
                  PreflightReport& report, const StopRequest* stop = nullptr);

}  // namespace tinyzero
