// Keys of problems that are held out in groups.
#pragma once

#include <string>
#include <string_view>

namespace tinyzero {

inline constexpr char kGroupEnd = '\x1f';

// The key of a problem in a group. The host divides such problems into splits by their group: what
// a test problem shares with its group, no training problem has.
inline std::string key_in_group(const std::string& group, const std::string& problem) {
  return group + kGroupEnd + problem;
}

// What decides the split of a problem: its group, or its whole key.
inline std::string_view group_of_key(std::string_view key) {
  return key.substr(0, key.find(kGroupEnd));
}

}  // namespace tinyzero
