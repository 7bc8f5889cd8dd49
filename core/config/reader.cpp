#include "core/config/reader.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/config/synonyms.h"

namespace tinyzero {
namespace {

std::string dotted(const std::string& section, const std::string& name) {
  return section.empty() ? name : section + "." + name;
}

// The value as a person would have to write it for this setting; empty: nobody knows.
std::string meant_value(const std::string& text, const Setting& setting);

// "learning_rate: 1e-4" where the value was in quotes, "steps: 1000" where it was 1e3, and what the
// setting means else.
std::string value_hint(const Node& node, const Setting& setting, const std::string& path) {
  const std::string name = path.substr(path.rfind('.') + 1),
                    meant =
                        node.kind == Node::Kind::scalar ? meant_value(node.scalar, setting) : "";
  if (node.quoted && meant == node.scalar)
    return "the quotes make it a text; write it without them: " + name + ": " + meant;
  if (!meant.empty()) return "write " + name + ": " + meant;
  if (node.kind == Node::Kind::null)
    return "the default is " + setting.fallback + "; remove the line to have it";
  return path + ": " + setting.doc;
}

[[noreturn]] void refuse(const Node& node, const Setting& setting, const std::string& path) {
  throw Error(node.origin, path + " is " + node.describe() + ", expected " + expected_text(setting),
              value_hint(node, setting, path));
}

// Of an integer or a number: text, value, whether it is one and within the limits.
bool fits(const std::string& text, const Setting& setting) {
  if (setting.type() == SettingType::integer) {
    const auto value = parse_integer(text);
    return value && static_cast<double>(*value) >= setting.low &&
           static_cast<double>(*value) <= setting.high;
  }
  const auto value = parse_real(text);
  return value && *value >= setting.low && *value <= setting.high;
}

std::string meant_value(const std::string& text, const Setting& setting) {
  std::string word = text;
  word.erase(std::remove_if(word.begin(), word.end(),
                            [](char c) { return c == '_' || c == ',' || c == ' '; }),
             word.end());
  if (setting.type() == SettingType::boolean) {
    for (const char* yes : {"true", "True", "TRUE", "yes", "Yes", "on", "On", "1"}) {
      if (word == yes) return "true";
    }
    for (const char* no : {"false", "False", "FALSE", "no", "No", "off", "Off", "0"}) {
      if (word == no) return "false";
    }
  }
  if (setting.type() != SettingType::integer && setting.type() != SettingType::real) return "";
  if (fits(text, setting)) return text;
  if (fits(word, setting)) return word;
  if (setting.type() != SettingType::integer) return "";
  const auto value = parse_real(word);  // "1e3" and "8.0" are integers
  return value && fits(real_text(*value), setting) ? real_text(*value) : "";
}

void append_text(const Node& node, const Setting& setting, const std::string& path,
                 SettingValue& out) {
  const auto& choices = setting.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), node.scalar) == choices.end())
    throw Error(node.origin,
                path + " is " + node.describe() + ", expected " + expected_text(setting),
                choice_hint(node.scalar, choices));
  out.texts.push_back(setting.is_path ? whole_path(node) : node.scalar);
}

void append_scalar(const Node& node, const Setting& setting, const std::string& path,
                   SettingValue& out) {
  if (node.kind != Node::Kind::scalar) refuse(node, setting, path);
  if (setting.type() == SettingType::text) return append_text(node, setting, path, out);
  if (node.quoted) refuse(node, setting, path);
  if (setting.type() == SettingType::boolean) {
    if (node.scalar != "true" && node.scalar != "false") refuse(node, setting, path);
    out.integers.push_back(node.scalar == "true" ? 1 : 0);
    return;
  }
  if (!fits(node.scalar, setting)) refuse(node, setting, path);
  if (setting.type() == SettingType::integer) out.integers.push_back(*parse_integer(node.scalar));
  else out.reals.push_back(*parse_real(node.scalar));
}

// Whether the setting `name` has the value `value`.
bool holds(const SettingsTable& table, const std::string& name, const std::string& value) {
  const Setting* other = table.find(name);
  return other != nullptr &&
         other->text() == (other->type() == SettingType::text ? yaml_text(value) : value);
}

bool needs_other(const SettingsTable& table, const Setting& setting) {
  return !setting.needs_name.empty() && !holds(table, setting.needs_name, setting.needs_value);
}

bool has_effect(const SettingsTable& table, const Setting& setting) {
  return !needs_other(table, setting) &&
         (setting.idle_name.empty() || !holds(table, setting.idle_name, setting.idle_value));
}

// A setting without effect is refused, unless the one that takes its effect was written over it, in
// a later file or on the command line: so one word can switch a part of an experiment off.
void check_effect(const SettingsTable& table, const Node& map, const std::string& section,
                  Mistakes& mistakes) {
  for (const Entry& entry : map.entries) {
    const Setting* setting = table.find(entry.name);
    if (setting == nullptr || has_effect(table, *setting)) continue;
    const bool needs = needs_other(table, *setting);
    const std::string& other = needs ? setting->needs_name : setting->idle_name;
    if (const Node* node = map.find(other);
        node != nullptr && node->origin.layer > entry.value.origin.layer)
      continue;
    const std::string what = dotted(section, entry.name) +
                             " has no effect: " + dotted(section, other) + " is " +
                             table.find(other)->text();
    if (needs) {
      mistakes.add(Error(entry.origin, what + ", and it matters only with " + setting->needs_value,
                         "remove it, or set " + other + ": " + setting->needs_value));
    } else {
      mistakes.add(Error(entry.origin, what, "remove it, or set " + other));
    }
  }
}

// What `task: {train: …}` or "train:steps" may have been meant to be.
std::string section_hint(const Node& node) {
  if (node.kind != Node::Kind::scalar) return "";
  const std::size_t colon = node.scalar.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == node.scalar.size() ||
      node.scalar.find('/') < colon)
    return "";
  return "a colon wants a blank after it: " +
         shown_text(node.scalar.substr(0, colon) + ": " + node.scalar.substr(colon + 1));
}

// Dotted paths of all values below an entry: what a section of another trainer holds.
void add_leaves(const std::string& path, const Node& node, std::vector<std::string>& out) {
  if (node.kind != Node::Kind::map) return out.push_back(path);
  for (const Entry& entry : node.entries) add_leaves(path + "." + entry.name, entry.value, out);
}

// Of an unknown key, and of what stands below it.
std::string unknown_hint(const Entry& entry, UnknownKey key) {
  constexpr std::size_t kShown = 4;
  std::vector<std::string> leaves;
  add_leaves(key.path, entry.value, leaves);
  std::string hint;
  for (std::size_t i = 0, shown = 0; i < leaves.size() && shown < kShown; ++i) {
    if (leaves[i] == key.path) break;
    const std::string words = synonym_words(leaves[i]);
    if (words.empty()) continue;
    hint += (hint.empty() ? "" : "; ") + shown_text(leaves[i]) + ": " + words;
    ++shown;
  }
  return hint.empty() ? key_hint(key) : hint;
}

}  // namespace

std::string expected_text(const Setting& setting) {
  static const char* const kOne[] = {"", "an integer", "a number", "true or false", "a text"};
  std::string text = setting.is_path ? "a path" : kOne[static_cast<int>(setting.type())];
  if (!setting.choices.empty()) {
    text = "one of ";
    for (std::size_t i = 0; i < setting.choices.size(); ++i)
      text += (i > 0 ? ", " : "") + setting.choices[i];
  }
  const bool low = std::isfinite(setting.low), high = std::isfinite(setting.high);
  if (low && high) text += " from " + real_text(setting.low) + " to " + real_text(setting.high);
  else if (low) text += " of " + real_text(setting.low) + " or more";
  else if (high) text += " of " + real_text(setting.high) + " or less";
  if (setting.is_list())
    text += ", or a list of up to " + std::to_string(setting.max_count) + " of them";
  return text;
}

std::vector<IdleEntry> idle_entries(const Node* map, const SettingsTable& table,
                                    const std::string& section) {
  std::vector<IdleEntry> out;
  if (map == nullptr) return out;
  for (const Entry& entry : map->entries) {
    const Setting* setting = table.find(entry.name);
    if (setting == nullptr || has_effect(table, *setting)) continue;
    const std::string& other =
        needs_other(table, *setting) ? setting->needs_name : setting->idle_name;
    if (const Node* node = map->find(other);
        node != nullptr && node->origin.layer > entry.value.origin.layer)
      out.push_back(
          {&entry, node->origin, dotted(section, other) + " is " + table.find(other)->text()});
  }
  return out;
}

SettingValue parse_setting(const Node& node, const Setting& setting, const std::string& path) {
  SettingValue value;
  if (node.kind != Node::Kind::list) {
    append_scalar(node, setting, path, value);
    return value;
  }
  if (!setting.is_list() || node.items.empty() || node.items.size() > setting.max_count)
    refuse(node, setting, path);
  for (const Node& item : node.items) append_scalar(item, setting, path, value);
  return value;
}

std::vector<ResolvedSetting> read_settings(const Node* map, const SettingsTable& table,
                                           const std::string& section,
                                           const std::vector<std::string>& reserved,
                                           const Node* base,
                                           const std::vector<std::string>& plugin_keys) {
  static const Node kNothing;
  if (map == nullptr) map = &kNothing;
  if (base == nullptr) base = &kNothing;
  if (map->kind != Node::Kind::map && map->kind != Node::Kind::null) {
    throw Error(map->origin,
                (section.empty() ? "the experiment" : section) + " is " + map->describe() +
                    ", expected a map of settings",
                section_hint(*map));
  }
  std::vector<std::string> known = reserved;
  for (const Setting& setting : table.rows()) known.push_back(setting.name);
  Mistakes mistakes;
  for (const Node* values : {base, map}) {
    for (const Entry& entry : values->entries) {
      if (std::find(reserved.begin(), reserved.end(), entry.name) != reserved.end()) continue;
      const Setting* setting = table.find(entry.name);
      const std::string path = dotted(section, entry.name);
      if (setting == nullptr)
        mistakes.add(Error(entry.origin, "unknown setting \"" + shown_text(path) + "\"",
                           unknown_hint(entry, {path, section, known, plugin_keys})));
      else mistakes.collect([&] { setting->assign(parse_setting(entry.value, *setting, path)); });
    }
  }
  if (mistakes.empty()) check_effect(table, *map, section, mistakes);
  mistakes.refuse();

  std::vector<ResolvedSetting> resolved;
  for (const Setting& setting : table.rows()) {
    if (!has_effect(table, setting)) continue;
    const Node* node = map->find(setting.name);
    if (node == nullptr) node = base->find(setting.name);
    ResolvedSetting row{dotted(section, setting.name), setting.text()};
    if (node != nullptr) row.origin = node->origin;
    if (setting.is_path) {
      for (const std::string& path : setting.value().texts) {
        if (!path.empty()) row.files.push_back(path);
      }
    }
    resolved.push_back(std::move(row));
  }
  return resolved;
}

Node with_whole_paths(Node map, const SettingsTable& table) {
  const auto complete = [](Node& node) {
    if (node.kind != Node::Kind::scalar) return;
    node.scalar = whole_path(node);
    node.quoted = true;
  };
  for (Entry& entry : map.entries) {
    const Setting* setting = table.find(entry.name);
    if (setting == nullptr || !setting->is_path) continue;
    complete(entry.value);
    for (Node& item : entry.value.items) complete(item);
  }
  return map;
}

void resolve_default_paths(const SettingsTable& table, const std::filesystem::path& library) {
  const std::filesystem::path folder = std::filesystem::absolute(library).parent_path();
  for (const Setting& setting : table.rows()) {
    if (!setting.is_path) continue;
    SettingValue value = setting.value();
    for (std::string& text : value.texts) {
      if (!text.empty()) text = (folder / text).lexically_normal().string();
    }
    setting.assign(value);
  }
}

void check_files(const Node* map, const SettingsTable& table, const std::string& section) {
  static const Node kNothing;
  Mistakes mistakes;
  const auto refuse_other = [&](const std::filesystem::path& path, const Node* node,
                                const std::string& name) {
    std::error_code unknown;
    const auto status = std::filesystem::status(path, unknown);
    if (path.empty() || std::filesystem::is_regular_file(status)) return;
    const bool there = std::filesystem::exists(status);
    const std::string what =
        dotted(section, name) + (there ? " names " + path.string() + ", which is not a regular file"
                                       : " names a file that is not there: " + path.string());
    if (node == nullptr)
      mistakes.add(Error(what, "that is the default of the plugin: set " + dotted(section, name)));
    else
      mistakes.add(Error(node->origin, what,
                         there ? "it wants the path of a file" : missing_path_hint(*node)));
  };
  for (const Setting& setting : table.rows()) {
    if (!setting.is_path || !has_effect(table, setting)) continue;
    const Node* node = (map != nullptr ? map : &kNothing)->find(setting.name);
    const std::vector<std::string> paths = setting.value().texts;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const bool list = node != nullptr && node->kind == Node::Kind::list;
      refuse_other(paths[i], list ? &node->items[i] : node, setting.name);
    }
  }
  mistakes.refuse();
}

}  // namespace tinyzero
