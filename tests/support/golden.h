// Golden data: tests/golden, or the folder named by TINYZERO_GOLDEN, which has the same form.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/run/episode_file.h"

namespace tinyzero {

inline fs::path golden_folder() {
  const char* folder = std::getenv("TINYZERO_GOLDEN");
  return folder != nullptr && *folder != '\0' ? fs::path(folder)
                                              : fs::path(TINYZERO_SOURCE) / "tests" / "golden";
}

// The lines of a file, of a compressed one what it holds.
inline std::string lines_of(const fs::path& path) {
  if (path.extension() != ".zst") return read_file(path);
  std::string text;
  EpisodeReader reader(path);
  for (std::string line; reader.next(line);) text += line + "\n";
  return text;
}

// The objects of a file of JSON lines.
inline std::vector<Json> json_lines(const fs::path& path) {
  std::vector<Json> out;
  const std::string text = lines_of(path);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at)
      out.push_back(parse_json(std::string_view(text).substr(at, end - at), path.string()));
    at = end + 1;
  }
  return out;
}

// Folders of golden/hf that hold a model.
inline std::vector<fs::path> golden_models() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(golden_folder() / "hf")) {
    if (fs::exists(entry.path() / "config.json")) out.push_back(entry.path());
  }
  return out;
}

}  // namespace tinyzero
