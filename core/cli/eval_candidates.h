// What `eval` is asked to evaluate: folders and runs, models behind an endpoint, and the task.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/cli/decode.h"
#include "core/cli/endpoint_command.h"
#include "core/cli/model_folder.h"
#include "core/task/task.h"

namespace tinyzero {

struct EvalCommandOptions {
  // Runs, model folders, and settings of the task.
  std::vector<std::string> words;
  std::string task;
  std::string split = "test";
  std::string set;
  std::string prompt_template;
  std::string save;
  std::int64_t problems = 512;
  std::optional<std::int64_t> samples;  // default: 1, or what pass_at needs
  std::vector<std::int64_t> pass_at;
  std::int64_t max_tokens = 0;
  std::optional<std::int64_t> seed;
  double temperature = 1.0;
  bool greedy = false;
  bool no_greedy = false;
  bool json = false;
  DecodeOptions decode;
  EndpointCommandOptions endpoint;
};

struct Candidates {
  std::vector<Subject> folders;
  std::string task;
  Node settings;
};

// Throws Error if there is nothing to evaluate, or no task to evaluate on, or one thing twice.
Candidates find_candidates(const EvalCommandOptions& options);

// All models must answer the same problems. Throws Error naming what differs if a run brings
// another task, or other settings, than the first run.
void check_same_task(const PluginCatalog& catalog, const Candidates& candidates, const Task& task);

// Warns on standard error about files that settings name and that changed since their run began.
void warn_of_changed_files(const Candidates& candidates, const Task& task);

}  // namespace tinyzero
