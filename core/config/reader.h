// From a YAML map to a struct by way of its settings table: names, types, ranges, choices, and
// settings without effect.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/config/node.h"
#include "tinyzero/settings.h"

namespace tinyzero {

// Layers below those of files: of a default, and of a setting that a variant of an algorithm
// changes.
inline constexpr int kDefaultLayer = -1000;
inline constexpr int kVariantLayer = -999;

inline Origin default_origin() { return {{"default", 0, 0}, kDefaultLayer}; }

// One setting after everything has been applied, for `config show` and the run's config.yaml.
struct ResolvedSetting {
  std::string path;                     // "rollout.prompts"
  std::string value;                    // as YAML text
  Origin origin = default_origin();     // as text: "default", "configs/a.yaml:3:5", "command line"
  std::vector<std::string> files = {};  // absolute paths of the files that the value names

  // Whether a person wrote it.
  bool is_written() const { return origin.layer > kVariantLayer; }
};

struct ReadOptions {
  std::vector<std::string> reserved = {};  // names that the caller reads itself
  // A map, or null, with values for settings that the map does not set. Settings in it may be
  // without effect.
  const Node* base = nullptr;
  std::vector<std::string> plugin_keys = {};  // for hints, see UnknownKey in synonyms.h
};

// Reads `map` (null sets nothing) into the fields of `table`. `section` is the dotted path for
// messages, "" at the top. Throws Error, or Errors, for an unknown name, a wrong type, a value out
// of range, and a setting that another one leaves without effect, unless the other was written in a
// later layer. Returns every setting that has an effect.
std::vector<ResolvedSetting> read_settings(const Node* map, const SettingsTable& table,
                                           const std::string& section,
                                           const ReadOptions& options = {});

// A setting of a map that read_settings left out, because another one, written in a later layer,
// leaves it without effect.
struct IdleEntry {
  const Entry* entry;
  Origin by;        // where the other one was written
  std::string why;  // "task.level is 2"
};
std::vector<IdleEntry> idle_entries(const Node* map, const SettingsTable& table,
                                    const std::string& section);

// The value of one setting from a node or from a word of the command line. Throws Error, with
// `path` as the setting's name.
SettingValue parse_setting(const Node& node, const Setting& setting, const std::string& path);

// The values that a setting takes: "an integer of 1 to 99", "one of strict, tinyzero".
std::string expected_text(const Setting& setting);

// A map of settings in which every path is absolute, so that it means the same in any folder.
Node with_whole_paths(Node map, const SettingsTable& table);

// Makes relative paths that are a plugin's defaults absolute: they start in its library's folder.
void resolve_default_paths(const SettingsTable& table, const std::filesystem::path& library);

// After read_settings: throws Error, with the place of the setting, for a path that does not name a
// regular file.
void check_files(const Node* map, const SettingsTable& table, const std::string& section);

}  // namespace tinyzero
