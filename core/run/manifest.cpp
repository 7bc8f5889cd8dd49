#include "core/run/manifest.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <boost/dll/runtime_symbol_info.hpp>
#include <ctime>
#include <fstream>
#include <map>

#include "core/base/cpus.h"
#include "core/base/error.h"
#include "core/base/file_hash.h"
#include "core/kernels/kernels.h"
#include "core/run/run_folder.h"
#include "tinyzero/note.h"

namespace tinyzero {

Json model_hashes(const fs::path& folder) {
  constexpr std::string_view kNames[] = {"config.json", "generation_config.json", "tokenizer.json",
                                         "tokenizer_config.json"};
  std::map<std::string, fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool weights =
        name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json");
    if (entry.is_regular_file() &&
        (weights || std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames)))
      files[name] = entry.path();
  }
  Json out = Json::object();
  for (const auto& [name, path] : files) out[name] = file_hash(path);
  return out;
}

Json setting_files(const std::vector<ResolvedSetting>& settings) {
  Json out = Json::array();
  for (const ResolvedSetting& setting : settings) {
    for (const std::string& file : setting.files)
      out.push_back({{"setting", setting.path}, {"path", file}, {"xxh3", file_hash(file)}});
  }
  return out;
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
  const CpuAllowance cpus = cpu_allowance();
  return {{"system", fmt::format("{} {}", system.sysname, system.release)},
          {"architecture", system.machine},
          {"processor", processor_name()},
          {"cores", cpus.machine},
          {"usable_cores", cpus.usable()},
          {"kernels", kernels().name}};
}

std::string program_hash() { return file_hash(boost::dll::program_location().string()); }

namespace {

const std::string kAbsent = "absent";  // in place of a hash

std::string time_text() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

Json read_manifest(const RunFolder& folder) {
  return parse_json(read_file(folder.manifest()), folder.manifest().string());
}

// The libraries in the form of the manifest.
Json plugins_json(const ManifestFacts& facts) {
  const auto entry = [](const char* kind, const fs::path& path) {
    return Json{{"kind", kind}, {"path", path.string()}, {"xxh3", file_hash(path)}};
  };
  Json plugins = Json::array();
  for (const fs::path& task : facts.tasks) plugins.push_back(entry("task", task));
  plugins.push_back(entry("algorithm", facts.algorithm));
  return plugins;
}

Json settings_json(const ManifestFacts& facts) {
  Json out = Json::object();
  for (const ResolvedSetting& setting : facts.settings) out[setting.path] = setting.value;
  return out;
}

// The hash of a file of setting_files in another list of them.
std::string hash_in(const Json& files, const Json& wanted) {
  for (const Json& file : files) {
    if (file.at("setting") == wanted.at("setting") && file.at("path") == wanted.at("path"))
      return file.at("xxh3").get<std::string>();
  }
  return kAbsent;
}

// Collects the differences between a manifest and the present.
struct Comparer {
  std::vector<Change> changes;

  void compare(const std::string& what, const Json& before, const Json& now) {
    const auto text = [](const Json& value) {
      return value.is_string() ? value.get<std::string>() : kAbsent;
    };
    if (before != now) changes.push_back({.what = what, .before = text(before), .now = text(now)});
  }

  void compare_plugins(const Json& before, const Json& now) {
    for (std::size_t i = 0; i < now.size(); ++i) {
      const std::string kind = now[i].at("kind");
      const std::string path = now[i].at("path");
      compare("library of the " + kind + ", " + path, before.at(i).at("xxh3"), now[i].at("xxh3"));
    }
  }

  // Compares two objects field by field. Anything else counts as an empty object.
  void compare_fields(const std::string& prefix, const Json& before, const Json& now) {
    const Json old = before.is_object() ? before : Json::object();
    for (const auto& [name, value] : old.items())
      compare(prefix + name, value, now.value(name, Json()));
    for (const auto& [name, value] : now.items()) {
      if (!old.contains(name)) compare(prefix + name, Json(), value);
    }
  }

  void add(const std::vector<Change>& more) {
    changes.insert(changes.end(), more.begin(), more.end());
  }
};

// A text in the manifest. Throws Error if it is missing.
std::string manifest_text(const RunFolder& folder, const char* section, const char* name) {
  try {
    return read_manifest(folder).at(section).at(name).get<std::string>();
  } catch (const Json::exception&) {
    throw Error(fmt::format("{} does not say {}.{}, which the run began with",
                            folder.manifest().string(), section, name),
                "restore the file from a copy of the run");
  }
}

}  // namespace

void write_manifest(const RunFolder& folder, const ManifestFacts& facts) {
  const Json manifest = {
      {"version", TINYZERO_VERSION},
      {"compiler", TINYZERO_COMPILER},
      {"program", {{"path", boost::dll::program_location().string()}, {"xxh3", program_hash()}}},
      {"config", facts.config},
      {"plugins", plugins_json(facts)},
      {"model_files", facts.model_files},
      {"files", setting_files(facts.settings)},
      {"problem_set", facts.problem_set},
      {"settings", settings_json(facts)},
      {"machine", machine_json()},
      {"libtorch", facts.torch},
      {"started", time_text()}};
  write_file_atomically(folder.manifest(), manifest.dump(2) + "\n");
}

std::vector<Change> file_changes(const Json& before, const Json& now) {
  std::vector<Change> changes;
  const auto compare = [&](const Json& file, const std::string& was, const std::string& is) {
    const std::string what =
        file.at("setting").get<std::string>() + ", " + file.at("path").get<std::string>();
    if (was != is) changes.push_back({.what = what, .before = was, .now = is});
  };
  for (const Json& file : before) compare(file, file.at("xxh3"), hash_in(now, file));
  for (const Json& file : now) {
    if (hash_in(before, file) == kAbsent) compare(file, kAbsent, file.at("xxh3"));
  }
  return changes;
}

std::vector<Change> changed_files(const fs::path& run,
                                  const std::vector<ResolvedSetting>& settings) {
  const fs::path path = run / "manifest.json";
  if (!fs::exists(path)) return {};
  const Json manifest = parse_json(read_file(path), path.string());
  std::vector<Change> out;
  for (Change& change :
       file_changes(manifest.value("files", Json::array()), setting_files(settings))) {
    if (change.before != kAbsent && change.now != kAbsent) out.push_back(std::move(change));
  }
  return out;
}

std::vector<Change> manifest_changes(const RunFolder& folder, const ManifestFacts& facts) {
  const Json manifest = read_manifest(folder);
  Comparer comparer;
  try {
    comparer.compare_plugins(manifest.at("plugins"), plugins_json(facts));
    // Older programs did not write all of these fields.
    if (manifest.contains("model_files") && !facts.model_files.is_null())
      comparer.compare_fields("model.path/", manifest["model_files"], facts.model_files);
    if (manifest.contains("files"))
      comparer.add(file_changes(manifest["files"], setting_files(facts.settings)));
    comparer.compare("held-out problems", manifest.at("problem_set"), facts.problem_set);
    if (manifest.contains("settings"))
      comparer.compare_fields("", manifest["settings"], settings_json(facts));
  } catch (const Json::exception&) {
    throw Error(folder.manifest().string() + " does not contain everything that the run began with",
                "restore the file from a copy of the run");
  }
  return comparer.changes;
}

void accept_changes(const RunFolder& folder, const ManifestFacts& facts,
                    const std::vector<Change>& changes) {
  Json manifest = read_manifest(folder);
  manifest["plugins"] = plugins_json(facts);
  if (!facts.model_files.is_null()) manifest["model_files"] = facts.model_files;
  manifest["files"] = setting_files(facts.settings);
  manifest["problem_set"] = facts.problem_set;
  manifest["settings"] = settings_json(facts);
  for (const Change& change : changes)
    manifest["changes"].push_back({{"what", change.what},
                                   {"before", change.before},
                                   {"now", change.now},
                                   {"accepted", time_text()}});
  write_file_atomically(folder.manifest(), manifest.dump(2) + "\n");
}

std::string manifest_kernels(const RunFolder& folder) {
  return manifest_text(folder, "machine", "kernels");
}

std::string manifest_program(const RunFolder& folder) {
  return manifest_text(folder, "program", "xxh3");
}

}  // namespace tinyzero
