#include "core/train/algorithm_plugin.h"

#include <sstream>

#include "core/base/error.h"

namespace tinyzero {

void check_fingerprint(const PluginFile& file) {
  std::istringstream lines(TINYZERO_FINGERPRINT);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    const std::string field = line.substr(0, equals), host = line.substr(equals + 1), plugin = file.note.field(field);
    if (plugin == host) continue;
    throw Error("cannot load " + file.path.string() + ": its " + field + " is \"" + plugin + "\", this program's is \"" + host + "\"",
                "rebuild it against this version: cmake --build <its build folder> --clean-first");
  }
}

const AlgorithmModule& load_algorithm_module(const PluginFile& file) {
  if (file.note.type != TINYZERO_NOTE_ALGORITHM)
    throw Error("cannot load " + file.path.string() + ": it is not an algorithm", "algorithms end with TINYZERO_ALGORITHM");
  check_fingerprint(file);
  const auto entry = reinterpret_cast<AlgorithmEntry>(load_library_entry(file.path, TINYZERO_ALGORITHM_ENTRY));
  return *entry();
}

ConfiguredAlgorithm open_algorithm(const PluginCatalog& catalog, const std::string& use, const Node* settings) {
  const PluginFile file = catalog.find(TINYZERO_NOTE_ALGORITHM, use);
  ConfiguredAlgorithm out;
  out.path = file.path;
  out.algorithm = load_algorithm_module(file).make();
  SettingsTable table;
  out.algorithm->describe(table);
  out.resolved = read_settings(settings, table, "algorithm", {"use"});
  try {
    out.algorithm->check();
  } catch (const std::invalid_argument& e) {
    throw Error((settings != nullptr ? settings->origin.text() + ": " : "") + "algorithm \"" + use + "\": " + e.what(),
                "`tinyzero algorithm show " + use + "` explains its settings");
  }
  return out;
}

}  // namespace tinyzero
