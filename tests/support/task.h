// The tasks of this build, opened with settings in YAML.
#pragma once

#include <string>
#include <vector>

#include "core/config/yaml.h"
#include "core/task/open_task.h"
#include "core/task/task.h"

namespace tinyzero {

inline Task open_task(const std::string& id, const std::string& settings = "{}") {
  const Node map = parse_yaml(settings, "settings");
  return open_task(PluginCatalog({TINYZERO_PLUGINS}), id, &map);
}

inline Task open_countdown(const std::string& settings = "{}") {
  return open_task("countdown", settings);
}

inline Verdict judge(const Task& task, const std::string& state, const std::string& completion) {
  return task.verify({{state, completion}}).front();
}

// The first `count` problems of a seed.
inline std::vector<Item> draw_first(const Task& task, std::uint64_t seed, std::size_t count) {
  return task.draw(seed, 0, count);
}

}  // namespace tinyzero
