#include "core/config/reader.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/config/synonyms.h"
#include "core/config/yaml.h"

namespace tinyzero {
namespace {

std::string dotted(const std::string& section, const std::string& name) {
  return section.empty() ? name : section + "." + name;
}

// The value that a person meant, as this setting takes it; empty if it cannot be guessed.
std::string meant_value(const std::string& text, const Setting& setting);

// "learning_rate: 1e-4" if the value was in quotes, "steps: 1000" if it was 1e3; else what the
// setting means.
std::string value_hint(const Node& node, const Setting& setting, const std::string& path) {
  const std::string name = path.substr(path.rfind('.') + 1);
  const std::string meant =
      node.kind == Node::Kind::scalar ? meant_value(node.scalar, setting) : "";
  if (node.quoted && meant == node.scalar)
    return "the quotes make it a text; write it without them: " + name + ": " + meant;
  if (!meant.empty()) return "write " + name + ": " + meant;
  if (node.kind == Node::Kind::null) return "remove the line for the default, " + setting.fallback;
  return path + ": " + setting.doc;
}

[[noreturn]] void refuse(const Node& node, const Setting& setting, const std::string& path) {
  throw Error(node.origin, path + " is " + node.describe() + ", expected " + expected_text(setting),
              value_hint(node, setting, path));
}

// Whether a text is an integer or a number, as the setting needs, and within its limits.
bool fits(const std::string& text, const Setting& setting) {
  if (setting.type() == SettingType::integer) {
    const auto value = parse_integer(text);
    return value && static_cast<double>(*value) >= setting.low &&
           static_cast<double>(*value) <= setting.high;
  }
  const auto value = parse_real(text);
  return value && *value >= setting.low && *value <= setting.high;
}

std::string meant_boolean(const std::string& word) {
  for (const char* yes : {"true", "True", "TRUE", "yes", "Yes", "on", "On", "1"}) {
    if (word == yes) return "true";
  }
  for (const char* no : {"false", "False", "FALSE", "no", "No", "off", "Off", "0"}) {
    if (word == no) return "false";
  }
  return "";
}

std::string meant_value(const std::string& text, const Setting& setting) {
  std::string word = text;
  std::erase_if(word, [](char c) { return c == '_' || c == ',' || c == ' '; });
  if (setting.type() == SettingType::boolean) return meant_boolean(word);
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

// A setting of a map that another setting of the same section leaves without effect.
struct Idle {
  const Setting* setting;
  const Entry* entry;
  bool needs;          // it needs a value of the other setting that the other does not have
  std::string other;   // the other setting's name
  const Node* writer;  // the other setting in the map, if it was written in a later layer; or null
};

std::vector<Idle> find_idle(const Node& map, const SettingsTable& table) {
  std::vector<Idle> out;
  for (const Entry& entry : map.entries) {
    const Setting* setting = table.find(entry.name);
    if (setting == nullptr || has_effect(table, *setting)) continue;
    const bool needs = needs_other(table, *setting);
    const std::string& other = needs ? setting->needs_name : setting->idle_name;
    const Node* writer = map.find(other);
    if (writer != nullptr && writer->origin.layer <= entry.value.origin.layer) writer = nullptr;
    out.push_back(
        {.setting = setting, .entry = &entry, .needs = needs, .other = other, .writer = writer});
  }
  return out;
}

// "train.steps is 0".
std::string value_text(const SettingsTable& table, const std::string& section,
                       const std::string& name) {
  return dotted(section, name) + " is " + table.find(name)->text();
}

// Refuses settings without effect, unless the setting that takes their effect was written later, in
// an extending file or on the command line: so one word can switch off a part of an experiment.
void check_effect(const SettingsTable& table, const Node& map, const std::string& section,
                  Mistakes& mistakes) {
  for (const Idle& idle : find_idle(map, table)) {
    if (idle.writer != nullptr) continue;
    std::string what = dotted(section, idle.entry->name) +
                       " has no effect: " + value_text(table, section, idle.other);
    std::string hint = "remove it, or set " + idle.other;
    if (idle.needs) {
      what += ", and it matters only with " + idle.setting->needs_value;
      hint += ": " + idle.setting->needs_value;
    }
    mistakes.add(Error(idle.entry->origin, what, hint));
  }
}

// Adds the dotted paths of all values below an entry, which may be a section of another trainer.
void add_leaves(const std::string& path, const Node& node, std::vector<std::string>& out) {
  if (node.kind != Node::Kind::map) return out.push_back(path);
  for (const Entry& entry : node.entries) add_leaves(path + "." + entry.name, entry.value, out);
}

// What to write in place of an unknown key, or of the keys below it.
std::string unknown_hint(const Entry& entry, const UnknownKey& key) {
  constexpr int kShown = 4;
  std::vector<std::string> leaves;
  add_leaves(key.path, entry.value, leaves);
  std::string hint;
  int shown = 0;
  for (const std::string& leaf : leaves) {
    if (leaf == key.path || shown == kShown) break;
    const std::string meaning = synonym_hint(leaf);
    if (meaning.empty()) continue;
    hint += (hint.empty() ? "" : "; ") + shown_text(leaf) + ": " + meaning;
    ++shown;
  }
  return hint.empty() ? key_hint(key) : hint;
}

const Node& map_or_nothing(const Node* map) {
  static const Node kNothing;
  return map != nullptr ? *map : kNothing;
}

void check_map(const Node& map, const std::string& section) {
  if (map.kind == Node::Kind::map || map.kind == Node::Kind::null) return;
  throw Error(map.origin,
              (section.empty() ? "the experiment" : section) + " is " + map.describe() +
                  ", expected a map of settings",
              map.kind == Node::Kind::scalar ? colon_hint(map.scalar) : "");
}

// Writes the values of a map into the fields of a table.
void assign_values(const Node& map, const SettingsTable& table, const std::string& section,
                   const ReadOptions& options, Mistakes& mistakes) {
  const std::vector<std::string>& reserved = options.reserved;
  std::vector<std::string> known = reserved;
  for (const Setting& setting : table.rows()) known.push_back(setting.name);
  for (const Entry& entry : map.entries) {
    if (std::find(reserved.begin(), reserved.end(), entry.name) != reserved.end()) continue;
    const Setting* setting = table.find(entry.name);
    const std::string path = dotted(section, entry.name);
    if (setting == nullptr) {
      const UnknownKey key{
          .path = path, .section = section, .known = known, .plugin_keys = options.plugin_keys};
      mistakes.add(Error(entry.origin, "unknown setting \"" + shown_text(path) + "\"",
                         unknown_hint(entry, key)));
    } else {
      mistakes.collect([&] { setting->assign(parse_setting(entry.value, *setting, path)); });
    }
  }
}

ResolvedSetting resolve(const Setting& setting, const std::string& section, const Node* written) {
  ResolvedSetting row{.path = dotted(section, setting.name), .value = setting.text()};
  if (written != nullptr) row.origin = written->origin;
  if (!setting.is_path) return row;
  for (const std::string& path : setting.value().texts) {
    if (!path.empty()) row.files.push_back(path);
  }
  return row;
}

// A path that a setting holds, and the node that wrote it; null for a default.
void check_file(const std::filesystem::path& path, const Node* node, const std::string& name) {
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  if (path.empty() || std::filesystem::is_regular_file(status)) return;
  const bool exists = std::filesystem::exists(status);
  const std::string what =
      name + (exists ? " names " + path.string() + ", which is not a regular file"
                     : " names a file that is not there: " + path.string());
  if (node == nullptr) throw Error(what, "that is the default of the plugin: set " + name);
  throw Error(node->origin, what, exists ? "give the path of a file" : missing_path_hint(*node));
}

}  // namespace

std::string expected_text(const Setting& setting) {
  static const char* const kOne[] = {"", "an integer", "a number", "true or false", "a text"};
  std::string text = setting.is_path ? "a path" : kOne[static_cast<int>(setting.type())];
  if (!setting.choices.empty()) {
    text = "one of ";
    for (const std::string& choice : setting.choices)
      text += (&choice != &setting.choices.front() ? ", " : "") + choice;
  }
  const bool low = std::isfinite(setting.low);
  const bool high = std::isfinite(setting.high);
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
  for (const Idle& idle : find_idle(map_or_nothing(map), table)) {
    if (idle.writer == nullptr) continue;
    out.push_back({.entry = idle.entry,
                   .by = idle.writer->origin,
                   .why = value_text(table, section, idle.other)});
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
                                           const std::string& section, const ReadOptions& options) {
  const Node& values = map_or_nothing(map);
  const Node& base = map_or_nothing(options.base);
  check_map(values, section);
  Mistakes mistakes;
  assign_values(base, table, section, options, mistakes);
  assign_values(values, table, section, options, mistakes);
  if (mistakes.empty()) check_effect(table, values, section, mistakes);
  mistakes.refuse();

  std::vector<ResolvedSetting> resolved;
  for (const Setting& setting : table.rows()) {
    if (!has_effect(table, setting)) continue;
    const Node* written = values.find(setting.name);
    resolved.push_back(
        resolve(setting, section, written != nullptr ? written : base.find(setting.name)));
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
  Mistakes mistakes;
  for (const Setting& setting : table.rows()) {
    if (!setting.is_path || !has_effect(table, setting)) continue;
    const Node* node = map_or_nothing(map).find(setting.name);
    const bool is_list = node != nullptr && node->kind == Node::Kind::list;
    const std::vector<std::string> paths = setting.value().texts;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const Node* written = is_list ? &node->items[i] : node;
      mistakes.collect([&] { check_file(paths[i], written, dotted(section, setting.name)); });
    }
  }
  mistakes.refuse();
}

}  // namespace tinyzero
