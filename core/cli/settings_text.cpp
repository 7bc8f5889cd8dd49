#include "core/cli/settings_text.h"

#include <fmt/format.h>

#include <cmath>

#include "core/base/error.h"
#include "core/config/overrides.h"
#include "core/config/reader.h"

namespace tinyzero {

std::string settings_text(const SettingsTable& table) {
  std::string out;
  for (const Setting& row : table.rows()) {
    out += fmt::format("  {:<16} {:<12} {}\n", row.name, row.fallback, row.doc);
    out += fmt::format("  {:<16} {:<12} {}", "", "", expected_text(row));
    if (!row.needs_name.empty())
      out += fmt::format("; only with {}: {}", row.needs_name, row.needs_value);
    if (!row.idle_name.empty())
      out += fmt::format("; not with {}: {}", row.idle_name, row.idle_value);
    out += "\n";
  }
  return out;
}

Json settings_json(const SettingsTable& table) {
  static const char* const kTypes[] = {"", "integer", "real", "boolean", "text"};
  Json out = Json::array();
  for (const Setting& row : table.rows()) {
    const char* const type = row.is_path ? "path" : kTypes[static_cast<int>(row.type())];
    Json entry = {{"name", row.name}, {"type", type}, {"default", row.fallback}, {"doc", row.doc}};
    if (row.is_list()) entry["max_count"] = row.max_count;
    if (std::isfinite(row.low)) entry["low"] = row.low;
    if (std::isfinite(row.high)) entry["high"] = row.high;
    if (!row.choices.empty()) entry["choices"] = row.choices;
    if (!row.needs_name.empty()) entry["only_with"] = {{row.needs_name, row.needs_value}};
    if (!row.idle_name.empty()) entry["not_with"] = {{row.idle_name, row.idle_value}};
    out.push_back(std::move(entry));
  }
  return out;
}

Node settings_from_words(const std::vector<std::string>& words) {
  Node map;
  map.kind = Node::Kind::map;
  map.origin = {"command line", 0, 0};
  for (const std::string& word : words) {
    if (word.substr(0, word.find('=')).find('.') != std::string::npos)
      throw Error("\"" + word + "\": settings of a task have no dots here",
                  "write key=value, for example numbers=3");
    apply_override(map, word);
  }
  return map;
}

}  // namespace tinyzero
