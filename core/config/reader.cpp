#include "core/config/reader.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/suggest.h"

namespace tinyzero {
namespace {

std::string dotted(const std::string& section, const std::string& name) { return section.empty() ? name : section + "." + name; }

[[noreturn]] void refuse(const Node& node, const Setting& setting, const std::string& path) {
  throw Error(node.origin.text() + ": " + path + " is " + node.describe() + ", expected " + expected_text(setting),
              path + ": " + setting.doc);
}

void append_scalar(const Node& node, const Setting& setting, const std::string& path, SettingValue& out) {
  if (node.kind != Node::Kind::scalar) refuse(node, setting, path);
  const bool number = setting.type() == SettingType::integer || setting.type() == SettingType::real;
  if (number && node.quoted) refuse(node, setting, path);
  if (setting.type() == SettingType::text) {
    const auto& choices = setting.choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), node.scalar) == choices.end()) {
      throw Error(node.origin.text() + ": " + path + " is " + node.describe() + ", expected " + expected_text(setting),
                  suggestion(node.scalar, choices));
    }
    out.texts.push_back(node.scalar);
  } else if (setting.type() == SettingType::boolean) {
    if (node.quoted || (node.scalar != "true" && node.scalar != "false")) refuse(node, setting, path);
    out.integers.push_back(node.scalar == "true" ? 1 : 0);
  } else if (setting.type() == SettingType::integer) {
    const auto value = parse_integer(node.scalar);
    if (!value || static_cast<double>(*value) < setting.low || static_cast<double>(*value) > setting.high) refuse(node, setting, path);
    out.integers.push_back(*value);
  } else {
    const auto value = parse_real(node.scalar);
    if (!value || *value < setting.low || *value > setting.high) refuse(node, setting, path);
    out.reals.push_back(*value);
  }
}

// Whether the setting `name` has the value `value`.
bool holds(const SettingsTable& table, const std::string& name, const std::string& value) {
  const Setting* other = table.find(name);
  return other != nullptr && other->text() == (other->type() == SettingType::text ? yaml_text(value) : value);
}

bool needs_other(const SettingsTable& table, const Setting& setting) {
  return !setting.needs_name.empty() && !holds(table, setting.needs_name, setting.needs_value);
}

bool has_effect(const SettingsTable& table, const Setting& setting) {
  return !needs_other(table, setting) && (setting.idle_name.empty() || !holds(table, setting.idle_name, setting.idle_value));
}

// A setting without effect is refused, unless the one that takes its effect was written over it, in a later file or on the command line: so one
// word can switch a part of an experiment off.
void check_effect(const SettingsTable& table, const Node& map, const std::string& section) {
  for (const Entry& entry : map.entries) {
    const Setting* setting = table.find(entry.name);
    if (setting == nullptr || has_effect(table, *setting)) continue;
    const bool needs = needs_other(table, *setting);
    const std::string& other = needs ? setting->needs_name : setting->idle_name;
    if (const Node* node = map.find(other); node != nullptr && node->origin.layer > entry.value.origin.layer) continue;
    const std::string what = entry.origin.text() + ": " + dotted(section, entry.name) + " has no effect: " + dotted(section, other) +
                             " is " + table.find(other)->text();
    if (needs) {
      throw Error(what + ", and it matters only with " + setting->needs_value, "remove it, or set " + other + ": " + setting->needs_value);
    }
    throw Error(what, "remove it, or set " + other);
  }
}

}  // namespace

std::string expected_text(const Setting& setting) {
  static const char* const kOne[] = {"", "an integer", "a number", "true or false", "a text"};
  std::string text = kOne[static_cast<int>(setting.type())];
  if (!setting.choices.empty()) {
    text = "one of ";
    for (std::size_t i = 0; i < setting.choices.size(); ++i) text += (i > 0 ? ", " : "") + setting.choices[i];
  }
  const bool low = std::isfinite(setting.low), high = std::isfinite(setting.high);
  if (low && high) text += " from " + real_text(setting.low) + " to " + real_text(setting.high);
  else if (low) text += " of " + real_text(setting.low) + " or more";
  else if (high) text += " of " + real_text(setting.high) + " or less";
  if (setting.is_list()) text += ", or a list of up to " + std::to_string(setting.max_count) + " of them";
  return text;
}

SettingValue parse_setting(const Node& node, const Setting& setting, const std::string& path) {
  SettingValue value;
  if (node.kind != Node::Kind::list) {
    append_scalar(node, setting, path, value);
    return value;
  }
  if (!setting.is_list() || node.items.empty() || node.items.size() > setting.max_count) refuse(node, setting, path);
  for (const Node& item : node.items) append_scalar(item, setting, path, value);
  return value;
}

std::vector<ResolvedSetting> read_settings(const Node* map, const SettingsTable& table, const std::string& section,
                                           const std::vector<std::string>& reserved, const Node* base) {
  static const Node kNothing;
  if (map == nullptr) map = &kNothing;
  if (base == nullptr) base = &kNothing;
  if (map->kind != Node::Kind::map && map->kind != Node::Kind::null) {
    throw Error(map->origin.text() + ": " + (section.empty() ? "the experiment" : section) + " is " + map->describe() +
                ", expected a map of settings");
  }
  std::vector<std::string> known = reserved;
  for (const Setting& setting : table.rows()) known.push_back(setting.name);
  for (const Node* values : {base, map}) {
    for (const Entry& entry : values->entries) {
      if (std::find(reserved.begin(), reserved.end(), entry.name) != reserved.end()) continue;
      const Setting* setting = table.find(entry.name);
      if (setting == nullptr)
        throw Error(entry.origin.text() + ": unknown setting \"" + dotted(section, entry.name) + "\"", suggestion(entry.name, known));
      setting->assign(parse_setting(entry.value, *setting, dotted(section, entry.name)));
    }
  }
  check_effect(table, *map, section);

  std::vector<ResolvedSetting> resolved;
  for (const Setting& setting : table.rows()) {
    if (!has_effect(table, setting)) continue;
    const Node* node = map->find(setting.name);
    if (node == nullptr) node = base->find(setting.name);
    resolved.push_back({dotted(section, setting.name), setting.text(), node != nullptr ? node->origin.text() : "default"});
  }
  return resolved;
}

}  // namespace tinyzero
