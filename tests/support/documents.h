// The blocks of code of a document.
#pragma once

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "core/base/file.h"

namespace tinyzero {

struct Block {
  std::string language, file, text;
};

inline std::vector<Block> blocks_of(const fs::path& document) {
  std::vector<Block> blocks;
  std::istringstream lines(read_file(document));
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (!inside) continue;
      const std::string info = line.substr(3);
      const std::size_t space = info.find(' ');
      blocks.push_back(
          {info.substr(0, space), space == std::string::npos ? "" : info.substr(space + 1), ""});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  CHECK_FALSE(inside);
  return blocks;
}

// The block of a document that is to be saved as `file`.
inline std::string file_of_document(const std::string& document, const std::string& file) {
  for (const Block& block : blocks_of(fs::path(TINYZERO_SOURCE) / document)) {
    if (block.file == file) return block.text;
  }
  FAIL(document << " has no file " << file);
  return "";
}

}  // namespace tinyzero
