// From a YAML map to a struct, by way of its settings table: names, types, ranges, choices, and
// settings without effect.
#pragma once

#include <string>
#include <vector>

#include "core/config/document.h"
#include "tinyzero/settings.h"

namespace tinyzero {

// Layers below those of files: of a default, and of what a variant of an algorithm brings along.
inline constexpr int kDefaultLayer = -1000, kVariantLayer = -999;

inline Origin default_origin() { return {{"default", 0, 0}, kDefaultLayer}; }

// One setting after everything has been applied, for `config show` and the run's config.yaml.
struct ResolvedSetting {
  std::string path;                     // "rollout.prompts"
  std::string value;                    // as YAML text
  Origin origin = default_origin();     // its text: "default", "configs/a.yaml:3:5", "command line"
  std::vector<std::string> files = {};  // absolute paths of the files that the value names

  // Whether a person wrote it.
  bool is_written() const { return origin.layer > kVariantLayer; }
};

// Reads `map` (null node: nothing is set) into the fields of `table`. `section` is the dotted path
// for messages ("" at the top); names in `reserved` are left to the caller. Throws Error for an
// unknown name, a wrong type, a value out of range, or a setting that has no effect beside the
// others, unless a later file or the command line took it; Errors for several. Returns every
// setting that has an effect. `base`, a map or null, holds values for what `map` does not set; they
// may be without effect. `plugin_keys`: see synonyms.h.
std::vector<ResolvedSetting> read_settings(const Node* map, const SettingsTable& table,
                                           const std::string& section,
                                           const std::vector<std::string>& reserved = {},
                                           const Node* base = nullptr,
                                           const std::vector<std::string>& plugin_keys = {});

// Settings of `map` that read_settings left out because another, of a later layer, leaves them
// nothing to do: their place in the map, and why
// ("task.level is 2").
struct IdleEntry {
  const Entry* entry;
  Origin by;
  std::string why;
};
std::vector<IdleEntry> idle_entries(const Node* map, const SettingsTable& table,
                                    const std::string& section);

// The value of one setting from a node or from a word of the command line; throws Error. `path` is
// for the message.
SettingValue parse_setting(const Node& node, const Setting& setting, const std::string& path);

// What may stand there: "an integer of 1 to 99", "one of strict, tinyzero".
std::string expected_text(const Setting& setting);

// A map of settings in which every path is absolute: it says the same wherever it is read.
Node with_whole_paths(Node map, const SettingsTable& table);

// Paths that are defaults of a plugin, and not absolute, are taken from the folder of its library.
void resolve_default_paths(const SettingsTable& table, const std::filesystem::path& library);

// After read_settings: throws Error, with the place of the setting, for a path that names no
// regular file.
void check_files(const Node* map, const SettingsTable& table, const std::string& section);

}  // namespace tinyzero
