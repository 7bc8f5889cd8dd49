// The countdown task of this build, opened with settings in YAML.
#pragma once

#include <string>

#include "core/task/task.h"

namespace tinyzero {

inline Task open_countdown(const std::string& settings = "{}") {
  const Node map = parse_yaml(settings, "settings");
  return Task::open(PluginCatalog({TINYZERO_PLUGINS}), "countdown", &map);
}

}  // namespace tinyzero
