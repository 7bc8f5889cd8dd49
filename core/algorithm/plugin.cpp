#include "core/algorithm/plugin.h"

#include <algorithm>
#include <sstream>

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/suggest.h"
#include "core/config/yaml.h"

namespace tinyzero {

namespace {

// How to build a library again so that this program takes it. Its build folder is known while it
// lies where the build put it.
std::string rebuild_hint(const PluginFile& file, const std::string& field) {
  if (file.built_in)
    return "it came with another build of the program: build or install tinyzero again";
  const std::filesystem::path build =
      std::filesystem::absolute(file.path).lexically_normal().parent_path().parent_path();
  const std::string folder = std::filesystem::exists(build / "CMakeCache.txt")
                                 ? shell_word(build.string())
                                 : "<its build folder>";
  const std::string command = "cmake --fresh " + cmake_find_argument() + " " + folder +
                              " && cmake --build " + folder + " --clean-first";
  if (field == "api" || field == "torch") return "build it again against this version: " + command;
  return "build it again with that compiler and its flags, -DCMAKE_CXX_COMPILER=… and "
         "-DCMAKE_CXX_FLAGS=… added to: " +
         command;
}

}  // namespace

void check_fingerprint(const PluginFile& file) {
  std::istringstream lines(TINYZERO_FINGERPRINT);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    const std::string field = line.substr(0, equals), host = line.substr(equals + 1),
                      plugin = file.note.field(field);
    if (plugin == host) continue;
    throw Error("cannot load " + file.path.string() + ": its " + field + " is \"" + plugin +
                    "\", this program's is \"" + host + "\"",
                rebuild_hint(file, field));
  }
}

const AlgorithmModule& load_algorithm_module(const PluginFile& file) {
  if (file.note.type != TINYZERO_NOTE_ALGORITHM)
    throw Error("cannot load " + file.path.string() + ": it is not an algorithm",
                "algorithms end with TINYZERO_ALGORITHM");
  check_fingerprint(file);
  const auto entry =
      reinterpret_cast<AlgorithmEntry>(load_library_entry(file.path, TINYZERO_ALGORITHM_ENTRY));
  const AlgorithmModule* module = entry();
  if (module == nullptr || module->id == nullptr || module->title == nullptr ||
      module->doc == nullptr || module->make == nullptr)
    throw Error("cannot load " + file.path.string() + ": its table is not whole",
                "end the source file with TINYZERO_ALGORITHM");
  return *module;
}

namespace {

// The settings that `variant` stands for, as a map; an empty one if none is chosen.
Node variant_of(const Node& settings, const Algorithm& algorithm, const std::string& use) {
  Node out;
  out.kind = Node::Kind::map;
  const Node* chosen = settings.find("variant");
  if (chosen == nullptr) return out;
  const std::vector<Variant> variants = algorithm.variants();
  const auto found = std::find_if(variants.begin(), variants.end(),
                                  [&](const Variant& v) { return v.name == chosen->scalar; });
  if (found == variants.end()) {
    std::vector<std::string> names;
    for (const Variant& variant : variants) names.push_back(variant.name);
    throw Error(chosen->origin,
                "algorithm \"" + use + "\" has no variant \"" + shown_text(chosen->scalar) + "\"",
                names.empty() ? "it has none: remove the line" : suggestion(chosen->scalar, names));
  }
  const Origin origin{{"variant " + found->name, 0, 0}, kVariantLayer};
  for (const auto& [name, text] : found->settings) {
    Node value = parse_yaml(text, origin.source);
    value.origin = origin;
    for (Node& item : value.items) item.origin = origin;
    out.entries.push_back({name, origin, std::move(value)});
  }
  return out;
}

}  // namespace

ConfiguredAlgorithm open_algorithm(const PluginCatalog& catalog, const std::string& use,
                                   const Node* settings) {
  const PluginFile file = catalog.find(TINYZERO_NOTE_ALGORITHM, use);
  ConfiguredAlgorithm out;
  out.path = file.path;
  out.algorithm = load_algorithm_module(file).make();
  SettingsTable table;
  out.algorithm->describe(table);
  const Node variant = settings != nullptr ? variant_of(*settings, *out.algorithm, use) : Node();
  resolve_default_paths(table, file.path);
  out.resolved = read_settings(settings, table, "algorithm",
                               {.reserved = {"use", "variant"}, .base = &variant});
  check_files(settings, table, "algorithm");
  try {
    out.algorithm->check();
  } catch (const std::invalid_argument& e) {
    throw Error(place_of(settings), "algorithm \"" + use + "\": " + e.what(),
                "`tinyzero algorithm show " + use + "` explains its settings");
  }
  return out;
}

}  // namespace tinyzero
