// Typed settings over a plain struct.
//
// A struct of options lists its fields once, in `describe`:
//
//   struct CountdownSettings {
//     std::int64_t largest = 99;
//     void describe(SettingsTable& t) { t.add("largest", largest, "largest number of a
//     problem").between(1, 999); }
//   };
//
// From that one list come parsing, ranges, "did you mean", help, `config show`, the JSON schema and
// the docs. A field's value when `describe` runs is its default. Header-only and free of LibTorch:
// tasks, algorithms and the core all use it.
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tinyzero/number_text.h"

namespace tinyzero {

// Values of one setting; the type of the setting says which list is used (booleans are 0 and 1 in
// `integers`).
struct SettingValue {
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::string> texts;
};

enum class SettingType { integer = 1, real = 2, boolean = 3, text = 4 };

// The field that a setting writes.
using SettingField =
    std::variant<std::int64_t*, double*, bool*, std::string*, std::vector<std::int64_t>*,
                 std::vector<double>*, std::vector<std::string>*>;

// A text as YAML: in quotes unless it is a plain word that YAML takes for nothing else.
inline std::string yaml_text(const std::string& text) {
  bool plain = !text.empty() && text != "true" && text != "false" && text != "null";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (i == 0 && c == '/');
    plain = plain &&
            (letter || (i > 0 && ((c >= '0' && c <= '9') || c == '.' || c == '/' || c == '-')));
  }
  if (plain) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else out += c;
  }
  return out + "\"";
}

class Setting {
 public:
  Setting(std::string name, SettingField field, std::string doc)
      : name(std::move(name)), doc(std::move(doc)), field(field) {
    fallback = text();
  }

  std::string name;
  std::string doc;
  SettingField field;
  std::string fallback;  // the default, as YAML text
  std::size_t max_count =
      1;  // more than 1: a list of 1 to max_count values, where one value stands for a list of one
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices;     // of a text; empty: any
  bool is_path = false;                 // of a text: it names a file
  std::string needs_name, needs_value;  // has an effect only while that setting has that value
  std::string idle_name, idle_value;    // has no effect while that setting has that value

  // Limits, chained after SettingsTable::add.
  Setting& between(double lowest, double highest) {
    low = lowest;
    high = highest;
    return *this;
  }
  Setting& one_of(std::vector<std::string> values) {
    choices = std::move(values);
    return *this;
  }
  // For texts: each is the path of a file, or empty for none. The host takes it from the folder of
  // the file that says it (on the command line from the current folder), hands it on absolute,
  // refuses one that is not there, and notices when the file has changed since a run began.
  Setting& path() {
    is_path = true;
    return *this;
  }
  Setting& up_to(std::size_t count) {
    max_count = count;
    return *this;
  }
  Setting& only_when(std::string other, std::string value) {
    needs_name = std::move(other);
    needs_value = std::move(value);
    return *this;
  }
  // For algorithms: a task's table has no room for it.
  Setting& unless(std::string other, std::string value) {
    idle_name = std::move(other);
    idle_value = std::move(value);
    return *this;
  }

  SettingType type() const {
    static constexpr SettingType kTypes[] = {
        SettingType::integer, SettingType::real, SettingType::boolean, SettingType::text,
        SettingType::integer, SettingType::real, SettingType::text};
    return kTypes[field.index()];
  }
  bool is_list() const { return field.index() >= 4; }

  // Writes a checked value into the field.
  void assign(const SettingValue& value) const {
    std::visit([&](auto* target) { assign_to(*target, value); }, field);
  }

  SettingValue value() const {
    SettingValue out;
    std::visit([&](const auto* source) { read_from(*source, out); }, field);
    return out;
  }

  // The field's value as YAML text.
  std::string text() const {
    const SettingValue now = value();
    std::vector<std::string> words;
    for (const std::string& word : now.texts) words.push_back(yaml_text(word));
    for (const double real : now.reals) words.push_back(real_text(real));
    for (const std::int64_t integer : now.integers) {
      words.push_back(type() == SettingType::boolean ? (integer != 0 ? "true" : "false")
                                                     : std::to_string(integer));
    }
    if (!is_list()) return words.front();
    std::string list = "[";
    for (std::size_t i = 0; i < words.size(); ++i) list += (i > 0 ? ", " : "") + words[i];
    return list + "]";
  }

 private:
  static void assign_to(std::int64_t& field, const SettingValue& v) { field = v.integers.at(0); }
  static void assign_to(double& field, const SettingValue& v) { field = v.reals.at(0); }
  static void assign_to(bool& field, const SettingValue& v) { field = v.integers.at(0) != 0; }
  static void assign_to(std::string& field, const SettingValue& v) { field = v.texts.at(0); }
  static void assign_to(std::vector<std::int64_t>& field, const SettingValue& v) {
    field = v.integers;
  }
  static void assign_to(std::vector<double>& field, const SettingValue& v) { field = v.reals; }
  static void assign_to(std::vector<std::string>& field, const SettingValue& v) { field = v.texts; }

  static void read_from(std::int64_t field, SettingValue& v) { v.integers = {field}; }
  static void read_from(double field, SettingValue& v) { v.reals = {field}; }
  static void read_from(bool field, SettingValue& v) { v.integers = {field ? 1 : 0}; }
  static void read_from(const std::string& field, SettingValue& v) { v.texts = {field}; }
  static void read_from(const std::vector<std::int64_t>& field, SettingValue& v) {
    v.integers = field;
  }
  static void read_from(const std::vector<double>& field, SettingValue& v) { v.reals = field; }
  static void read_from(const std::vector<std::string>& field, SettingValue& v) { v.texts = field; }
};

class SettingsTable {
 public:
  // Adds a row for `field`, a member of the struct that describes itself. `doc` is one sentence
  // with the unit and the value that switches the setting off. Lists start with room for 64 values.
  template <class Field>
  Setting& add(std::string name, Field& field, std::string doc) {
    rows_.emplace_back(std::move(name), SettingField(&field), std::move(doc));
    if (rows_.back().is_list()) rows_.back().max_count = 64;
    return rows_.back();
  }

  const std::vector<Setting>& rows() const { return rows_; }

  const Setting* find(const std::string& name) const {
    for (const Setting& row : rows_) {
      if (row.name == name) return &row;
    }
    return nullptr;
  }

 private:
  std::vector<Setting> rows_;
};

}  // namespace tinyzero
