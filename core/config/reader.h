// From a YAML map to a struct, by way of its settings table: names, types, ranges, choices, and settings without effect.
#pragma once

#include <string>
#include <vector>

#include "core/config/document.h"
#include "tinyzero/settings.h"

namespace tinyzero {

// One setting after everything has been applied, for `config show` and the run's config.yaml.
struct ResolvedSetting {
  std::string path;    // "rollout.prompts"
  std::string value;   // as YAML text
  std::string origin;  // "default", "configs/a.yaml:3:5" or "command line"
};

// Reads `map` (null node: nothing is set) into the fields of `table`. `section` is the dotted path for messages ("" at the top);
// names in `reserved` are left to the caller. Throws Error for an unknown name, a wrong type, a value out of range, or a setting that
// has no effect beside the others, unless a later file or the command line took it. Returns every setting that has an effect. `base`, a map
// or null, holds values for what `map` does not set; they may be without effect.
std::vector<ResolvedSetting> read_settings(const Node* map, const SettingsTable& table, const std::string& section,
                                           const std::vector<std::string>& reserved = {}, const Node* base = nullptr);

// The value of one setting from a node or from a word of the command line; throws Error. `path` is for the message.
SettingValue parse_setting(const Node& node, const Setting& setting, const std::string& path);

// What may stand there: "an integer of 1 to 99", "one of strict, tinyzero".
std::string expected_text(const Setting& setting);

}  // namespace tinyzero
