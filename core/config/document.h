// A YAML file as a tree that remembers where each value stands.
//
// Built from yaml-cpp's events, not its nodes: so duplicate keys, aliases, tags, merge keys and
// other documents are refused where they stand instead of being merged silently. Text that is not
// UTF-8, control characters and tabs in front of a line are refused too; size, depth and number of
// values are limited. `extends:` and command-line overrides are applied here, before anything is
// interpreted.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace tinyzero {

// Where a value was written.
struct Origin : Place {
  int layer = 0;  // what is laid over what: 0 for a file, below it for what it extends, 1 for the
                  // command line
};

struct Entry;

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  std::string scalar;
  bool quoted = false;  // a quoted scalar is a text even if it looks like a number
  std::vector<Node> items;
  std::vector<Entry> entries;  // in the order of the file
  Origin origin;

  const Node* find(std::string_view name) const;  // of a map; null if absent
  Node* find(std::string_view name);
  // For messages: "nothing", "a map", "a list", a scalar as it was written, and so in quotes only
  // if it was.
  std::string describe() const;
};

// Where a node was written; a place without a source for null.
inline Place place_of(const Node* node) {
  return node != nullptr ? static_cast<Place>(node->origin) : Place();
}

struct Entry {
  std::string name;
  Origin origin;  // of the name
  Node value;
};

// Parses one document. `source` is the file's name in messages, `first_column` where the text
// begins in its first line. Throws Error with line and column.
Node parse_yaml(std::string_view text, const std::string& source, int first_column = 1);

// `task: NAME` is short for `task: {use: NAME}`, and so for algorithms and the tasks of a mixture:
// from here on it is the long form.
void expand_short_forms(Node& root);

// The absolute path that a scalar names: from the folder of the file that says it, on the command
// line from the current one. An empty text names none and stays empty. "~" is a name like any
// other.
std::string whole_path(const Node& scalar);

// What to do where a scalar names a path that is not there.
std::string missing_path_hint(const Node& scalar);

// Reads a file and everything it extends (paths relative to the file), in long forms. A section
// that names another `use` than the file it extends takes nothing from that section. The result is
// a map without the key `extends`.
Node load_yaml(const std::filesystem::path& path);

// Lays `over` onto `base`: maps key by key, everything else as a whole. A section without a value,
// whose settings are all commented out, say, changes nothing of a map that it is laid on.
void overlay(Node& base, Node over);

// A tree as YAML on one line: "[{digits: [1, 2]}, {digits: 3}]".
std::string flow_text(const Node& node);

// Applies "a.b.c=value" (the value is YAML) to a map; new keys are added. Throws Error, also for an
// empty value, which would set nothing or take away what the file sets.
void apply_override(Node& root, const std::string& assignment);

// A text as messages show it: on one line, at most 80 bytes, nothing that moves a terminal's
// cursor.
std::string shown_text(const std::string& text);

}  // namespace tinyzero
