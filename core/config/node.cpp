#include "core/config/node.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "core/base/file.h"
#include "core/base/json.h"

namespace tinyzero {
namespace {

constexpr std::size_t kShownBytes = 80;

// Whether both are sections that name a plugin, and not the same one: settings of one plugin mean
// nothing to another.
bool names_another_plugin(const Node& base, const Node& over) {
  const Node* before = base.find("use");
  const Node* now = over.find("use");
  return before != nullptr && now != nullptr && before->scalar != now->scalar;
}

bool is_continuation_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Plain YAML text must not contain what would end a value in flow style. Numbers never do.
bool needs_quotes(const Node& scalar) {
  return scalar.quoted || scalar.scalar.find_first_of(",[]{}:#\"'\n") != std::string::npos;
}

std::string flow_list(const Node& list) {
  std::string out;
  for (const Node& item : list.items) out += (out.empty() ? "" : ", ") + flow_text(item);
  return "[" + out + "]";
}

std::string flow_map(const Node& map) {
  std::string out;
  for (const Entry& entry : map.entries)
    out += (out.empty() ? "" : ", ") + entry.name + ": " + flow_text(entry.value);
  return "{" + out + "}";
}

}  // namespace

Node Node::make_map(const Origin& origin) {
  Node node;
  node.kind = Kind::map;
  node.origin = origin;
  return node;
}

Node Node::make_scalar(std::string text, const Origin& origin) {
  Node node;
  node.kind = Kind::scalar;
  node.scalar = std::move(text);
  node.origin = origin;
  return node;
}

const Entry* Node::find_entry(std::string_view name) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  return found != entries.end() ? &*found : nullptr;
}

Entry* Node::find_entry(std::string_view name) {
  return const_cast<Entry*>(std::as_const(*this).find_entry(name));
}

const Node* Node::find(std::string_view name) const {
  const Entry* entry = find_entry(name);
  return entry != nullptr ? &entry->value : nullptr;
}

Node* Node::find(std::string_view name) {
  return const_cast<Node*>(std::as_const(*this).find(name));
}

std::string Node::describe() const {
  switch (kind) {
    case Kind::null: return "nothing";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
    default: return quoted ? "\"" + shown_text(scalar) + "\"" : shown_text(scalar);
  }
}

void overlay(Node& base, Node over) {
  if (base.kind == Node::Kind::map && over.kind == Node::Kind::null) return;
  if (base.kind != Node::Kind::map || over.kind != Node::Kind::map ||
      names_another_plugin(base, over)) {
    base = std::move(over);
    return;
  }
  base.origin = over.origin;
  for (Entry& entry : over.entries) {
    Entry* existing = base.find_entry(entry.name);
    if (existing == nullptr) {
      base.entries.push_back(std::move(entry));
      continue;
    }
    existing->origin = entry.origin;
    overlay(existing->value, std::move(entry.value));
  }
}

std::string flow_text(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::scalar: return needs_quotes(node) ? json_line(node.scalar) : node.scalar;
    case Node::Kind::list: return flow_list(node);
    default: return flow_map(node);
  }
}

std::string whole_path(const Node& scalar) {
  if (scalar.scalar.empty()) return "";
  const bool in_file = scalar.origin.line > 0;
  const fs::path folder = in_file ? fs::path(scalar.origin.source).parent_path() : fs::path();
  const fs::path whole = fs::absolute(folder / scalar.scalar);
  const fs::path plain = whole.lexically_normal();
  // ".." behind a symbolic link leads to the parent of the link's target: then `plain` is wrong.
  std::error_code unknown;
  const bool same = fs::weakly_canonical(whole, unknown) == fs::weakly_canonical(plain, unknown);
  return (same ? plain : whole).string();
}

std::string missing_path_hint(const Node& scalar) {
  const std::string& name = scalar.scalar;
  if (name == "~" || name.starts_with("~/")) {
    const char* home = std::getenv("HOME");
    return "~ is not expanded here: write " +
           (home != nullptr ? home + name.substr(1) : std::string("the whole path"));
  }
  if (scalar.origin.line == 0)
    return "the path is relative to the current folder, " + fs::current_path().string();
  std::error_code unknown;
  const fs::path folder = fs::absolute(fs::path(scalar.origin.source)).parent_path();
  if (fs::path(name).is_relative() && fs::exists(name, unknown))
    return "the path is relative to the file that contains it; from there it is " +
           fs::relative(name, folder, unknown).string();
  return "the path is relative to the file that contains it";
}

std::string shown_text(const std::string& text) {
  std::size_t size = std::min(text.size(), kShownBytes);
  while (size < text.size() && is_continuation_byte(text[size])) --size;  // whole characters
  std::string out = text.substr(0, size);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return out + (size < text.size() ? "…" : "");
}

}  // namespace tinyzero
