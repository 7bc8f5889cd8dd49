#include "core/run/manifest.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <xxhash.h>

#include <boost/dll/runtime_symbol_info.hpp>
#include <ctime>
#include <fstream>
#include <thread>

#include "core/kernels/kernels.h"
#include "tinyzero/note.h"

namespace tinyzero {

std::string file_hash(const fs::path& path) {
  const MappedFile file(path);
  const XXH128_hash_t hash = XXH3_128bits(file.data(), file.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

Json machine_json() {
  utsname system{};
  ::uname(&system);
  return {{"system", fmt::format("{} {}", system.sysname, system.release)},
          {"architecture", system.machine},
          {"processor", processor_name()},
          {"cores", std::thread::hardware_concurrency()},
          {"kernels", kernels().name}};
}

void write_manifest(const RunFolder& folder, const ManifestFacts& facts) {
  const fs::path program = boost::dll::program_location().string();
  Json plugins = Json::array();
  for (const fs::path& path : facts.plugins) plugins.push_back({{"path", path.string()}, {"xxh3", file_hash(path)}});
  const Json manifest = {{"version", TINYZERO_VERSION},
                         {"compiler", TINYZERO_COMPILER},
                         {"program", {{"path", program.string()}, {"xxh3", file_hash(program)}}},
                         {"config", facts.config},
                         {"plugins", plugins},
                         {"problem_set", facts.problem_set},
                         {"machine", machine_json()},
                         {"libtorch", facts.torch},
                         {"started", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))}};
  write_file_atomically(folder.manifest(), manifest.dump(2) + "\n");
}

std::string manifest_kernels(const RunFolder& folder) {
  const Json manifest = parse_json(read_file(folder.manifest()), folder.manifest().string());
  try {
    return manifest.at("machine").at("kernels").get<std::string>();
  } catch (const Json::exception&) {
    throw Error(folder.manifest().string() + ": machine.kernels does not say which kernels the run began with",
                "restore the file from a copy of the run");
  }
}

}  // namespace tinyzero
