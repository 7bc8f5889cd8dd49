#include "core/config/overrides.h"

#include <sstream>
#include <utility>

#include "core/config/document.h"
#include "core/config/yaml.h"

namespace tinyzero {
namespace {

const Origin kCommandLine{{"command line", 0, 0}, 1};

// Whether a value sets nothing: `train:` with all its settings commented out, ~, null, {}.
bool is_empty_value(const Node& value) {
  return value.kind == Node::Kind::null || (value.kind == Node::Kind::map && value.entries.empty());
}

std::string in_quotes(const std::string& assignment) {
  return "\"" + shown_text(assignment) + "\"";
}

// What to write in place of a word that is not an override.
std::string override_hint(const std::string& word) {
  if (word.ends_with(".yaml") || word.ends_with(".yml"))
    return "give one experiment file; a file can build on another with extends:";
  const std::size_t colon = word.find(':');
  if (word.find('=') == std::string::npos && colon != std::string::npos && colon > 0 &&
      colon + 1 < word.size())
    return "write it with =: " + shown_text(word.substr(0, colon) + "=" + word.substr(colon + 1));
  return "write key=value with dotted keys, for example train.steps=100";
}

// The key of "key=value". Throws Error if this is not an override.
std::string key_of(const std::string& assignment) {
  const std::string what = in_quotes(assignment) + " is not an override";
  const std::size_t equals = assignment.find('=');
  const std::string key = assignment.substr(0, equals);
  if (equals == std::string::npos || key.empty() || key.ends_with('.'))
    throw Error(what, override_hint(assignment));
  if (key.starts_with('+') || key.starts_with('~'))
    throw Error(what, "write the key alone, without " + key.substr(0, key.find_first_not_of("+~")));
  if (key == "extends")
    throw Error(what + ": extends belongs in a file",
                "write a file that extends both, or give its settings");
  return key;
}

// The value of an assignment, as if it had been written on the command line throughout.
Node value_of(const std::string& assignment, std::size_t key_size) {
  Node value = parse_yaml(assignment.substr(key_size + 1), "command line, " + in_quotes(assignment),
                          static_cast<int>(key_size) + 2);
  change_origins(value, [](Origin& origin) { origin = kCommandLine; });
  return value;
}

// The entry at a dotted path, made with all maps on the way if it is missing.
struct Target {
  Entry* entry = nullptr;
  bool is_new = false;
  std::size_t depth = 0;  // names in the path
};

Target find_target(Node& root, const std::string& path, const std::string& assignment) {
  const std::string what = "override " + in_quotes(assignment);
  Target target;
  Node* node = &root;
  std::istringstream names(path);
  for (std::string name; std::getline(names, name, '.');) {
    if (node->kind == Node::Kind::null) node->kind = Node::Kind::map;
    if (node->kind != Node::Kind::map)
      throw Error(what + ": " + node->origin.text() + " is not a map but " + node->describe());
    if (!is_plain_name(name))
      throw Error(what + " has no plain name in its key", "write key=value with dotted keys");
    if (++target.depth > kMaxYamlDepth)
      throw Error(what + " is more than " + std::to_string(kMaxYamlDepth) + " levels deep");
    target.entry = node->find_entry(name);
    target.is_new = target.entry == nullptr;
    if (target.is_new) {
      Node missing;
      missing.origin = kCommandLine;
      target.entry = &node->entries.emplace_back(Entry{name, kCommandLine, missing});
    }
    node = &target.entry->value;
  }
  return target;
}

// Refuses an override without a value; `replaced` is the value it would replace, or null.
[[noreturn]] void refuse_empty(const std::string& assignment, const std::string& path,
                               const Node* replaced) {
  const bool is_section = replaced != nullptr && !replaced->entries.empty();
  std::string what = in_quotes(assignment) + " has no value";
  std::string key = path;
  if (is_section) {
    std::string names;
    for (const Entry& entry : replaced->entries) names += (names.empty() ? "" : ", ") + entry.name;
    what += ", and would delete " + names;
    key += "." + replaced->entries.front().name;
  }
  throw Error(kCommandLine, what,
              "to go back to a default, write it: " + key +
                  "=DEFAULT (`tinyzero config schema --markdown` lists them); " +
                  "an empty text is '\"\"'");
}

}  // namespace

void apply_override(Node& root, const std::string& assignment) {
  const std::string path = key_of(assignment);
  Node value = value_of(assignment, path.size());
  const Target target = find_target(root, path, assignment);
  // An empty map may add an arm of a comparison, or a task of a mixture.
  const bool adds_section = target.is_new && target.depth > 1 && value.kind == Node::Kind::map;
  if (is_empty_value(value) && !adds_section)
    refuse_empty(assignment, path, target.is_new ? nullptr : &target.entry->value);
  target.entry->origin = kCommandLine;
  target.entry->value = std::move(value);
}

Node load_with_overrides(const std::filesystem::path& path,
                         const std::vector<std::string>& overrides, Mistakes& mistakes) {
  Node root = load_yaml(path);
  for (const std::string& assignment : overrides) {
    mistakes.collect([&] {
      Node changed = root;
      apply_override(changed, assignment);
      expand_short_forms(changed);
      root = std::move(changed);
    });
  }
  return root;
}

}  // namespace tinyzero
