// manifest.json: what a run was made with, and what was changed since.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/config/reader.h"
#include "core/run/run_folder.h"

namespace tinyzero {

struct ManifestFacts {
  std::string config;           // the experiment file as it was named
  std::vector<fs::path> tasks;  // their libraries
  fs::path algorithm;
  std::string torch;        // LibTorch's own description
  std::string problem_set;  // fingerprint of the held-out problems
  std::vector<ResolvedSetting> settings;
  Json model_files =
      nullptr;  // model_hashes of the folder that the run starts from; null: none is there
};

// The files of a Hugging Face folder that a model is read from (weights, configuration, tokenizer)
// by name, with the hash of each.
Json model_hashes(const fs::path& folder);

// The files that settings name: a setting, a path and the hash of its bytes each. Throws Error for
// one that is not there.
Json setting_files(const std::vector<ResolvedSetting>& settings);

// Adds program, hashes, machine and time to the facts and writes the file.
void write_manifest(const RunFolder& folder, const ManifestFacts& facts);

// Something that a run's results depend on, as it was when the run began (or when a change was
// accepted), and as it is now.
struct Change {
  std::string what;  // "library of the task", "train.learning_rate"
  std::string before, now;
};

// Files of setting_files that are others than before, or new, or gone.
std::vector<Change> file_changes(const Json& before, const Json& now);

// Files that settings name and that the run began with, where they hold other bytes now. Nothing
// where a run has no manifest.
std::vector<Change> changed_files(const fs::path& run,
                                  const std::vector<ResolvedSetting>& settings);

// What differs from the manifest: the libraries of task and algorithm, the files of the start model
// where they are still there, the files that settings name, the held-out problems, the settings.
// Throws Error if it is broken.
std::vector<Change> manifest_changes(const RunFolder& folder, const ManifestFacts& facts);

// Writes into the manifest that the run goes on with these changes, and when.
void accept_changes(const RunFolder& folder, const ManifestFacts& facts,
                    const std::vector<Change>& changes);

// What the system calls this machine's processor.
std::string processor_name();

// System, processor, cores and kernels of this machine.
Json machine_json();

// The kernels and the program's hash that the run began with. Throws Error if the manifest is
// broken.
std::string manifest_kernels(const RunFolder& folder);
std::string manifest_program(const RunFolder& folder);

// The file_hash of this program.
std::string program_hash();

}  // namespace tinyzero
