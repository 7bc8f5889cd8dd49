// Settings of tasks and algorithms: as people and machines read them, and as the command line gives
// them.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/config/document.h"
#include "tinyzero/settings.h"

namespace tinyzero {

// Two lines a setting: name, default and doc, then the values that it accepts.
std::string settings_text(const SettingsTable& table);
Json settings_json(const SettingsTable& table);

// The words "key=value" of a command line as a map. Throws Error for a dotted key.
Node settings_from_words(const std::vector<std::string>& words);

}  // namespace tinyzero
