// A YAML value that remembers where it was written: the tree that settings are read from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace tinyzero {

// Where a value was written.
struct Origin : Place {
  // Higher layers override lower ones: 0 for a file, below 0 for the files it extends, 1 for the
  // command line.
  int layer = 0;
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

  static Node make_map(const Origin& origin);
  static Node make_scalar(std::string text, const Origin& origin);

  // The value of a map's key; null if the key is absent.
  const Node* find(std::string_view name) const;
  Node* find(std::string_view name);
  // The same with the key and its origin.
  const Entry* find_entry(std::string_view name) const;
  Entry* find_entry(std::string_view name);
  // A description for messages: "nothing", "a map", "a list", or the scalar as it was written, in
  // quotes only if it was quoted.
  std::string describe() const;
};

struct Entry {
  std::string name;
  Origin origin;  // of the name
  Node value;
};

// Where a node was written; a place without a source for null.
inline Place place_of(const Node* node) {
  return node != nullptr ? static_cast<Place>(node->origin) : Place();
}

// Calls change(origin) on every origin in a tree.
template <class Change>
void change_origins(Node& node, const Change& change) {
  change(node.origin);
  for (Node& item : node.items) change_origins(item, change);
  for (Entry& entry : node.entries) {
    change(entry.origin);
    change_origins(entry.value, change);
  }
}

// Overlays `over` on `base`: maps key by key, everything else as a whole. A section that names
// another plugin in `use` replaces the section in `base`. A section without a value (say, with all
// its settings commented out) leaves a map in `base` unchanged.
void overlay(Node& base, Node over);

// A tree as YAML on one line: "[{digits: [1, 2]}, {digits: 3}]".
std::string flow_text(const Node& node);

// The absolute path that a scalar names. A relative one starts in the folder of the file that
// contains it, or in the current folder on the command line. An empty text stays empty. "~" is an
// ordinary name.
std::string whole_path(const Node& scalar);

// A hint for a scalar that names a path which does not exist.
std::string missing_path_hint(const Node& scalar);

// A text as messages show it: on one line, at most 80 bytes, without control characters.
std::string shown_text(const std::string& text);

}  // namespace tinyzero
