// manifest.json: what a run was made with.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/run/run_folder.h"

namespace tinyzero {

struct ManifestFacts {
  std::string config;  // the experiment file as it was named
  std::vector<fs::path> plugins;
  std::string torch;        // LibTorch's own description
  std::string problem_set;  // fingerprint of the held-out problems
};

// Adds program, hashes, machine and time to the facts and writes the file.
void write_manifest(const RunFolder& folder, const ManifestFacts& facts);

// What the system calls this machine's processor.
std::string processor_name();

// System, processor, cores and kernels of this machine.
Json machine_json();

// The kernels that the run began with, by name. Throws Error if the manifest is broken.
std::string manifest_kernels(const RunFolder& folder);

// XXH3 of a file's bytes, 32 hexadecimal digits.
std::string file_hash(const fs::path& path);

}  // namespace tinyzero
