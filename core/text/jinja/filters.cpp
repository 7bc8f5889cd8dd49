#include "core/text/jinja/filters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "core/text/jinja/loop.h"
#include "core/text/jinja/python_text.h"

namespace tinyzero::jinja {
namespace {

Value default_value(const Value& value, ArgumentReader arguments) {
  const Value* fallback = arguments.optional("default_value");
  const bool also_false = arguments.flag("boolean", false);
  arguments.finish();
  if (!value.is<Undefined>() && !(also_false && !truth(value))) return value;
  return fallback == nullptr ? Value::text("") : *fallback;
}

// The blanks, or the text, that an argument `name` sets as an indent.
std::string indent_of(const Value& given, const char* name) {
  if (given.is_text()) return given.text();
  const std::int64_t blanks = as_integer(given, name);
  if (blanks > 1000) unsupported("an indent of more than 1000 blanks");
  return std::string(std::max<std::int64_t>(blanks, 0), ' ');
}

void set_separators(const Value& separators, JsonStyle& style, Budget& budget) {
  const Items both = all_items(separators, budget);
  if (both.size() != 2 || !both[0].is_text() || !both[1].is_text())
    throw Error("separators of tojson are not two texts");
  style.item_separator = both[0].text();
  style.key_separator = both[1].text();
}

Value json_of(const Value& value, ArgumentReader arguments, Budget& budget) {
  JsonStyle style;
  style.ascii = arguments.flag("ensure_ascii", false);
  const Value* indent = arguments.optional("indent");
  const Value* separators = arguments.optional("separators");
  style.sorted = arguments.flag("sort_keys", false);
  arguments.finish();
  style.indented = indent != nullptr && !indent->is<None>();
  if (style.indented) {
    style.indent = indent_of(*indent, "indent");
    style.item_separator = ",";
  }
  if (separators != nullptr && !separators->is<None>()) set_separators(*separators, style, budget);
  return Value::text(to_json(value, style, budget));
}

Value replaced(const Value& value, ArgumentReader arguments, Budget& budget) {
  const std::string text = to_text(value, budget);
  const std::string old = to_text(arguments.required("old"), budget);
  const std::string fresh = to_text(arguments.required("new"), budget);
  const Value* limit = arguments.optional("count");
  arguments.finish();
  const bool all = limit == nullptr || limit->is<None>();
  budget.spend_scan(text.size());
  budget.take(count(text, old) * fresh.size());
  return Value::text(replace(text, old, fresh, all ? -1 : as_integer(*limit, "count")), budget);
}

Value indented(const Value& value, ArgumentReader arguments, Budget& budget) {
  if (!value.is_text()) throw Error(std::string("indent of a ") + value.type());
  const Value* width = arguments.optional("width");
  const bool first = arguments.flag("first", false);
  const bool blank = arguments.flag("blank", false);
  arguments.finish();
  const std::string indent = width == nullptr ? "    " : indent_of(*width, "width");
  const auto lines = split_lines(value.text() + "\n", false);
  budget.take(lines.size() * indent.size());
  std::string out = first ? indent : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\n";
    if (i > 0 && (blank || !lines[i].empty())) out += indent;
    out += lines[i];
  }
  return Value::text(std::move(out), budget);
}

// What Python would read as a number, without white space and plus sign.
std::string_view bare_number(std::string_view text) {
  text = strip(text, Ends::both);
  for (const char c : text) {
    if (c == '_' || static_cast<unsigned char>(c) >= 0x80)
      unsupported("a number with underscores or characters beyond ASCII");
  }
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return text;
}

std::optional<std::int64_t> parsed_integer(std::string_view text) {
  text = bare_number(text);
  std::int64_t out = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  if (result.ec == std::errc::result_out_of_range) unsupported("an integer of more than 64 bits");
  const bool whole = result.ec == std::errc() && result.ptr == text.data() + text.size();
  return whole ? std::optional(out) : std::nullopt;
}

std::optional<double> parsed_number(std::string_view text) {
  text = bare_number(text);
  double out = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  if (result.ec == std::errc::result_out_of_range) unsupported("a number of this size");
  const bool whole = result.ec == std::errc() && result.ptr == text.data() + text.size();
  return whole ? std::optional(out) : std::nullopt;
}

Value truncated(double value) {
  constexpr double kLimit = 9.2e18;
  if (!(std::abs(value) < kLimit)) unsupported("an integer of more than 64 bits");
  return Value::integer(value);
}

Value integer_of(const Value& value, ArgumentReader arguments) {
  const Value* fallback = arguments.optional("default");
  const std::int64_t base = arguments.integer("base", 10);
  arguments.finish();
  if (base != 10) unsupported("a base of numbers other than 10");
  if (value.is<Undefined>()) throw Error("int of an undefined value");
  if (value.is<double>()) return truncated(value.get<double>());
  if (is_number(value)) return Value::integer(as_integer(value, ""));
  if (value.is_text()) {
    if (const auto found = parsed_integer(value.text())) return Value::integer(*found);
    if (const auto found = parsed_number(value.text())) return truncated(*found);
  }
  return fallback == nullptr ? Value::integer(0) : *fallback;
}

Value float_of(const Value& value, ArgumentReader arguments) {
  const Value* fallback = arguments.optional("default");
  arguments.finish();
  if (value.is<Undefined>()) throw Error("float of an undefined value");
  if (is_number(value)) return Value::number(as_number(value));
  const auto found = value.is_text() ? parsed_number(value.text()) : std::nullopt;
  if (found) return Value::number(*found);
  return fallback == nullptr ? Value::number(0) : *fallback;
}

Value absolute(const Value& value) {
  if (value.is<double>()) return Value::number(std::abs(value.get<double>()));
  const std::int64_t number = as_integer(value, "abs");
  if (number == INT64_MIN) unsupported("an integer of more than 64 bits");
  return Value::integer(std::abs(number));
}

Value trimmed(const Value& value, ArgumentReader arguments, Budget& budget) {
  const std::string* set = arguments.optional_text("chars");
  arguments.finish();
  const std::string text = to_text(value, budget);
  const std::string_view left =
      set == nullptr ? strip(text, Ends::both) : strip(text, Ends::both, *set);
  return Value::text(std::string(left), budget);
}

Value string_of(const Value& value, Budget& budget) {
  return value.is_text() ? value : Value::text(to_text(value, budget), budget);
}

Value with_case(const Value& value, Case to, Budget& budget) {
  return Value::text(with_case(to_text(value, budget), to), budget);
}

Value marked_safe(const Value& value, Budget& budget) {
  return Value(Value::Data(Markup{std::make_shared<const std::string>(to_text(value, budget))}));
}

// Filters without arguments; null for another name.
using PlainFilter = Value (*)(const Value&, Budget&);
PlainFilter plain_filter(const std::string& name) {
  static const std::map<std::string, PlainFilter> kFilters = {
      {"string", string_of},
      {"safe", marked_safe},
      {"abs", [](const Value& v, Budget&) { return absolute(v); }},
      {"upper", [](const Value& v, Budget& b) { return with_case(v, Case::upper, b); }},
      {"lower", [](const Value& v, Budget& b) { return with_case(v, Case::lower, b); }},
      {"capitalize", [](const Value& v, Budget& b) { return with_case(v, Case::capitalized, b); }},
      {"title", [](const Value& v, Budget& b) { return with_case(v, Case::words, b); }}};
  const auto found = kFilters.find(name);
  return found == kFilters.end() ? nullptr : found->second;
}

}  // namespace

const std::set<std::string>& jinja_filters() {
  static const std::set<std::string> kNames = {
      "abs",       "attr",       "batch",       "capitalize", "center",  "count",
      "d",         "default",    "dictsort",    "e",          "escape",  "filesizeformat",
      "first",     "float",      "forceescape", "format",     "groupby", "indent",
      "int",       "join",       "last",        "length",     "list",    "lower",
      "items",     "map",        "min",         "max",        "pprint",  "random",
      "reject",    "rejectattr", "replace",     "reverse",    "round",   "safe",
      "select",    "selectattr", "slice",       "sort",       "string",  "striptags",
      "sum",       "title",      "trim",        "truncate",   "unique",  "upper",
      "urlencode", "urlize",     "wordcount",   "wordwrap",   "xmlattr", "tojson"};
  return kNames;
}

Value apply_filter(const std::string& name, const Value& value, const CallArguments& given,
                   Budget& budget) {
  if (value.is<Markup>()) unsupported("a filter of a text marked as safe");
  if (auto found = apply_list_filter(name, value, given, budget)) return *found;
  ArgumentReader arguments(given, "the filter \"" + name + "\"");
  if (name == "default" || name == "d") return default_value(value, arguments);
  if (name == "tojson") return json_of(value, arguments, budget);
  if (name == "replace") return replaced(value, arguments, budget);
  if (name == "indent") return indented(value, arguments, budget);
  if (name == "int") return integer_of(value, arguments);
  if (name == "float") return float_of(value, arguments);
  if (name == "trim") return trimmed(value, arguments, budget);
  const PlainFilter filter = plain_filter(name);
  if (filter == nullptr) unsupported("the filter \"" + name.substr(0, 40) + "\"");
  arguments.finish();
  return filter(value, budget);
}

}  // namespace tinyzero::jinja
