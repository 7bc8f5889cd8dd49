// manifest.json: what a run was started with, and what has changed since.
#pragma once

#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/config/reader.h"

namespace tinyzero {

class RunFolder;

struct ManifestFacts {
  std::string config;           // the experiment file's path as the user gave it
  std::vector<fs::path> tasks;  // libraries of the tasks
  fs::path algorithm;           // library of the algorithm
  std::string torch;            // LibTorch's description of itself
  std::string problem_set;      // fingerprint of the held-out problems
  std::vector<ResolvedSetting> settings;
  Json model_files = nullptr;  // model_hashes of the start model's folder; null if there is none
};

// The file names and hashes of a model in a Hugging Face folder: weights, configuration, tokenizer.
Json model_hashes(const fs::path& folder);

// The files that settings name: setting, path and hash of each. Throws Error if one is missing.
Json setting_files(const std::vector<ResolvedSetting>& settings);

// Writes the facts with program, hashes, machine and time.
void write_manifest(const RunFolder& folder, const ManifestFacts& facts);

// Something that affects a run's results and has changed since the run began, or since changes were
// last accepted.
struct Change {
  std::string what;  // "library of the task", "train.learning_rate"
  std::string before;
  std::string now;
};

// The differences between two lists of setting_files: changed, new and missing files.
std::vector<Change> file_changes(const Json& before, const Json& now);

// The files that settings name and whose content has changed since the run began. Nothing if the
// run has no manifest.
std::vector<Change> changed_files(const fs::path& run,
                                  const std::vector<ResolvedSetting>& settings);

// The differences from the manifest: libraries of task and algorithm, files of the start model if
// they still exist, files that settings name, held-out problems, settings. Throws Error if the
// manifest is damaged.
std::vector<Change> manifest_changes(const RunFolder& folder, const ManifestFacts& facts);

// Records in the manifest that the run continues with these changes, and when.
void accept_changes(const RunFolder& folder, const ManifestFacts& facts,
                    const std::vector<Change>& changes);

// The processor's name according to the system.
std::string processor_name();

// System, processor, cores and kernels of this machine.
Json machine_json();

// The kernels and the program's hash with which the run began. Throws Error if the manifest is
// damaged.
std::string manifest_kernels(const RunFolder& folder);
std::string manifest_program(const RunFolder& folder);

// The file_hash of this program.
std::string program_hash();

}  // namespace tinyzero
