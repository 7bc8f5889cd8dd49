// One YAML document as a tree of nodes.
//
// The tree is built from yaml-cpp's events, not from its nodes: so duplicate keys, aliases, tags,
// merge keys and further documents are refused where they are written, instead of being merged
// silently. Text that is not UTF-8, control characters and tabs used as indentation are refused,
// too. An experiment has some hundred values; limits of size, depth and number of values bound the
// time and memory that any file can take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/config/node.h"

namespace tinyzero {

inline constexpr std::size_t kMaxYamlDepth = 32;  // levels of lists and maps

// Parses one document. `source` is the file's name in messages, `first_column` the column at which
// the text begins in its first line. Throws Error with line and column.
Node parse_yaml(std::string_view text, const std::string& source, int first_column = 1);

// Throws Error if a document of this many bytes, which begins at `start`, is too large.
void check_yaml_size(std::uintmax_t bytes, const Place& start);

// Whether a text can be a key: not empty, of bounded length, without control characters.
bool is_plain_name(const std::string& name);

// A hint for "steps:20", which YAML takes for one word: "put a space after the colon: steps: 20".
// Empty if `word` is not of this form.
std::string colon_hint(const std::string& word);

// The same for the first such line of `text`, from the one before `line` on.
std::string colon_hint_near(std::string_view text, int line);

}  // namespace tinyzero
