// Values as text: str, repr and json.dumps.

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/text/jinja/python_text.h"
#include "core/text/jinja/value.h"

namespace tinyzero::jinja {
namespace {

[[noreturn]] void not_json(const Value& value) {
  throw Error(std::string("a value of type ") + value.type() + " as JSON");
}

std::string joined(const Sequence& sequence, Budget& budget) {
  std::string out;
  for (const Value& item : sequence.items) {
    if (!out.empty()) out += ", ";
    out += to_repr(item, budget);
  }
  return out;
}

std::string repr_of(const Sequence& sequence, Budget& budget) {
  if (sequence.kind == SequenceKind::list) return "[" + joined(sequence, budget) + "]";
  if (sequence.kind != SequenceKind::tuple) unsupported("printing a range or a view of a dict");
  return "(" + joined(sequence, budget) + (sequence.items.size() == 1 ? ",)" : ")");
}

std::string repr_of(const Dict& dict, Budget& budget) {
  std::string out;
  for (const auto& [key, value] : dict.entries) {
    if (!out.empty()) out += ", ";
    out += to_repr(key, budget) + ": " + to_repr(value, budget);
  }
  return "{" + out + "}";
}

std::string json_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return number_text(value);
}

// Writes JSON as Python's json.dumps does.
class JsonWriter {
 public:
  JsonWriter(const JsonStyle& style, Budget& budget) : style_(style), budget_(budget) {}

  std::string text(const Value& value, int level) {
    std::string out = text_of(value, level);
    budget_.take(out.size());
    return out;
  }

 private:
  std::string text_of(const Value& value, int level) {
    budget_.spend(1);
    if (value.is<None>()) return "null";
    if (value.is<bool>()) return value.get<bool>() ? "true" : "false";
    if (value.is<std::int64_t>()) return std::to_string(value.get<std::int64_t>());
    if (value.is<double>()) return json_number(value.get<double>());
    if (value.is_text()) return json_quoted(value.text(), style_.ascii);
    if (const Dict* dict = value.dict()) return object(*dict, level);
    const Sequence* sequence = value.sequence();
    if (sequence == nullptr || !sequence->is_list_or_tuple()) not_json(value);
    std::vector<std::string> items;
    for (const Value& item : sequence->items) items.push_back(text(item, level + 1));
    return enclosed('[', items, ']', level);
  }

  std::string object(const Dict& dict, int level) {
    Entries entries = dict.entries;
    if (style_.sorted) {
      std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
        return less(a.first, b.first, budget_);
      });
    }
    std::vector<std::string> items;
    for (const auto& [key, value] : entries)
      items.push_back(key_text(key) + style_.key_separator + text(value, level + 1));
    return enclosed('{', items, '}', level);
  }

  std::string key_text(const Value& key) {
    if (key.is_text()) return json_quoted(key.text(), style_.ascii);
    if (!is_number(key) && !key.is<None>()) not_json(key);
    return "\"" + text_of(key, 0) + "\"";
  }

  std::string enclosed(char open, const std::vector<std::string>& items, char close, int level) {
    std::string out(1, open);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      if (style_.indented) out += line_start(level + 1);
      out += items[i];
    }
    if (style_.indented && !items.empty()) out += line_start(level);
    return out + close;
  }

  std::string line_start(int level) const {
    std::string out = "\n";
    for (int i = 0; i < level; ++i) out += style_.indent;
    return out;
  }

  const JsonStyle& style_;
  Budget& budget_;
};

}  // namespace

std::string number_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const double magnitude = std::abs(value);
  const bool plain = value == 0 || (magnitude >= 1e-4 && magnitude < 1e16);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const char* end = std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr;
  std::string out(buffer, end - buffer);
  if (plain && out.find('.') == std::string::npos) out += ".0";
  return out;
}

std::string to_text(const Value& value, Budget& budget) {
  if (value.is_text()) return value.text();
  if (value.is<Markup>()) return *value.get<Markup>().text;
  if (value.is<Undefined>()) return "";
  return to_repr(value, budget);
}

std::string to_repr(const Value& value, Budget& budget) {
  budget.spend(1);
  std::string out;
  if (value.is_text()) out = quoted_text(value.text());
  else if (value.is<Undefined>()) out = "Undefined";
  else if (value.is<None>()) out = "None";
  else if (value.is<bool>()) out = value.get<bool>() ? "True" : "False";
  else if (value.is<std::int64_t>()) out = std::to_string(value.get<std::int64_t>());
  else if (value.is<double>()) out = number_text(value.get<double>());
  else if (value.sequence() != nullptr) out = repr_of(*value.sequence(), budget);
  else if (value.dict() != nullptr) out = repr_of(*value.dict(), budget);
  else unsupported(std::string("printing a ") + value.type());
  budget.take(out.size());
  return out;
}

std::string to_json(const Value& value, const JsonStyle& style, Budget& budget) {
  return JsonWriter(style, budget).text(value, 0);
}

}  // namespace tinyzero::jinja
