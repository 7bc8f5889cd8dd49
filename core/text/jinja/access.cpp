#include "core/text/jinja/access.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "core/text/jinja/loop.h"
#include "core/text/jinja/python_text.h"

namespace tinyzero::jinja {
namespace {

using Names = std::set<std::string, std::less<>>;

const Names kTextMethods = {
    "capitalize",   "casefold",    "center",    "count",      "encode",       "endswith",
    "expandtabs",   "find",        "format",    "format_map", "index",        "isalnum",
    "isalpha",      "isascii",     "isdecimal", "isdigit",    "isidentifier", "islower",
    "isnumeric",    "isprintable", "isspace",   "istitle",    "isupper",      "join",
    "ljust",        "lower",       "lstrip",    "maketrans",  "partition",    "removeprefix",
    "removesuffix", "replace",     "rfind",     "rindex",     "rjust",        "rpartition",
    "rsplit",       "rstrip",      "split",     "splitlines", "startswith",   "strip",
    "swapcase",     "title",       "translate", "upper",      "zfill"};
const Names kDictMethods = {"copy", "fromkeys", "get", "items", "keys", "values"};
const Names kListMethods = {"copy", "count", "index"};
const Names kTupleMethods = {"count", "index"};
const Names kLoopMethods = {"cycle", "changed"};
// Attributes of numbers, ranges, views, iterators and macros, which are not supported.
const Names kOthers = {"real",
                       "imag",
                       "numerator",
                       "denominator",
                       "conjugate",
                       "bit_length",
                       "bit_count",
                       "to_bytes",
                       "from_bytes",
                       "as_integer_ratio",
                       "is_integer",
                       "hex",
                       "fromhex",
                       "start",
                       "stop",
                       "step",
                       "count",
                       "index",
                       "isdisjoint",
                       "mapping",
                       "send",
                       "throw",
                       "close",
                       "name",
                       "arguments",
                       "caller",
                       "catch_kwargs",
                       "catch_varargs",
                       "explicit_caller",
                       "gi_running",
                       "gi_suspended",
                       "gi_yieldfrom",
                       "union",
                       "intersection"};
// Methods that change a value, which Jinja's sandbox forbids.
const Names kDictChanges = {"clear", "pop", "popitem", "setdefault", "update"};
const Names kListChanges = {"append", "clear", "pop",    "reverse",
                            "insert", "sort",  "extend", "remove"};

Value method(const Value& object, const std::string& name) {
  Method out{std::make_shared<const Value>(object), name};
  return Value(Value::Data(std::make_shared<const Method>(std::move(out))));
}

[[noreturn]] void fail_undefined(const Value& object) {
  const auto& why = object.get<Undefined>().why;
  throw Error(why ? *why : "an undefined value is used");
}

// A method of `object` if its type has one of this name.
std::optional<Value> method_in(const Names& names, const Value& object, const std::string& name) {
  if (!names.contains(name)) return std::nullopt;
  return method(object, name);
}

// The same for types whose changing methods are forbidden.
std::optional<Value> method_in(const Names& names, const Names& changes, const Value& object,
                               const std::string& name) {
  if (changes.contains(name))
    return Value::undefined("\"" + name + "\" changes a " + object.type() + ", which is unsafe");
  return method_in(names, object, name);
}

std::optional<Value> loop_attribute(const Value& object, const std::string& name) {
  if (auto found = method_in(kLoopMethods, object, name)) return found;
  return object.get<std::shared_ptr<Loop>>()->attribute(name);
}

// The attribute of an object; nothing if its type has none of this name.
std::optional<Value> own_attribute(const Value& object, const std::string& name) {
  if (name.starts_with("__")) unsupported("the attribute \"" + name.substr(0, 40) + "\"");
  if (object.is<std::shared_ptr<Namespace>>()) {
    const Value* found = object.get<std::shared_ptr<Namespace>>()->find(name);
    return found == nullptr ? std::nullopt : std::optional<Value>(*found);
  }
  if (object.is<std::shared_ptr<Loop>>()) return loop_attribute(object, name);
  if (object.is<None>()) return std::nullopt;
  if (object.is_text()) return method_in(kTextMethods, object, name);
  if (object.dict() != nullptr) return method_in(kDictMethods, kDictChanges, object, name);
  if (const Sequence* sequence = object.sequence()) {
    if (sequence->kind == SequenceKind::list)
      return method_in(kListMethods, kListChanges, object, name);
    if (sequence->kind == SequenceKind::tuple) return method_in(kTupleMethods, object, name);
  }
  if (object.is<Markup>() || object.is<Function>() || kOthers.contains(name))
    unsupported("the attribute \"" + name.substr(0, 40) + "\" of a " + object.type());
  return std::nullopt;
}

std::optional<Value> item_of(const Sequence& sequence, std::int64_t index) {
  const auto size = std::ssize(sequence.items);
  if (index < 0) index += size;
  if (index < 0 || index >= size || sequence.kind == SequenceKind::view) return std::nullopt;
  return sequence.items[index];
}

// The characters from `first` to before `last` of a text.
std::string characters_of(const std::string& text, std::int64_t first, std::int64_t last) {
  std::size_t at = 0;
  const auto skip = [&](std::int64_t count) {
    for (; count > 0 && at < text.size(); --count) {
      for (++at; at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;) ++at;
    }
    return at;
  };
  const std::size_t start = skip(first);
  return text.substr(start, skip(last - first) - start);
}

std::optional<Value> character_of(const std::string& text, std::int64_t index, Budget& budget) {
  budget.spend_scan(text.size());
  if (index < 0) index += length(text);
  if (index < 0) return std::nullopt;
  std::string found = characters_of(text, index, index + 1);
  return found.empty() ? std::nullopt : std::optional(Value::text(std::move(found)));
}

// object[key] without looking at attributes.
std::optional<Value> own_item(const Value& object, const Value& key, Budget& budget) {
  if (object.is<Undefined>()) fail_undefined(object);
  if (const Dict* dict = object.dict()) {
    budget.spend(std::ssize(dict->entries));
    if (!is_hashable(key)) return std::nullopt;
    const Value* found = dict->find(key);
    return found == nullptr ? std::nullopt : std::optional<Value>(*found);
  }
  if (!key.is<std::int64_t>() && !key.is<bool>()) return std::nullopt;
  const std::int64_t index = as_integer(key, "an index");
  if (object.is_text()) return character_of(object.text(), index, budget);
  if (object.is<Markup>()) unsupported("a character of a text marked as safe");
  const Sequence* sequence = object.sequence();
  return sequence == nullptr ? std::nullopt : item_of(*sequence, index);
}

Value missing(const Value& object, const std::string& name) {
  return Value::undefined(std::string("a ") + object.type() + " has no \"" + name.substr(0, 80) +
                          "\"");
}

// A slice of a text or list: i = first, first + stride, … before `last`.
struct Range {
  std::int64_t first;
  std::int64_t last;
  std::int64_t stride;
};

Range range_of(const SliceBounds& bounds, std::int64_t size) {
  const auto given = [](const Value* v) { return v != nullptr && !v->is<None>(); };
  const std::int64_t stride =
      given(bounds.step) ? as_integer(*bounds.step, "the step of a slice") : 1;
  if (stride == 0) throw Error("the step of a slice is 0");
  const std::int64_t low = stride > 0 ? 0 : -1;
  const std::int64_t high = stride > 0 ? size : size - 1;
  const auto bound = [&](const Value* v, std::int64_t fallback) {
    if (!given(v)) return fallback;
    const std::int64_t at = as_integer(*v, "the end of a slice");
    return std::clamp(at < 0 ? at + size : at, low, high);
  };
  return {.first = bound(bounds.start, stride > 0 ? low : high),
          .last = bound(bounds.stop, stride > 0 ? high : low),
          .stride = std::clamp<std::int64_t>(stride, -size - 1, size + 1)};
}

}  // namespace

Value attribute(const Value& object, const std::string& name, Budget& budget) {
  if (object.is<Undefined>()) fail_undefined(object);
  if (auto found = own_attribute(object, name)) return *found;
  if (auto found = own_item(object, Value::text(name), budget)) return *found;
  return missing(object, name);
}

Value item(const Value& object, const Value& key, Budget& budget) {
  if (auto found = own_item(object, key, budget)) return *found;
  if (!key.is_text()) return missing(object, to_repr(key, budget));
  const auto found = own_attribute(object, key.text());
  return found ? *found : missing(object, key.text());
}

Value item_at_path(const Value& object, const Value& path, Budget& budget) {
  if (!path.is_text()) return item(object, path, budget);
  Value out = object;
  for (const std::string& name : split(path.text(), ".", -1)) {
    std::int64_t index = 0;
    const char* end = name.data() + name.size();
    const bool digits = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
    const bool is_index = digits && std::from_chars(name.data(), end, index).ec == std::errc();
    out = item(out, is_index ? Value::integer(index) : Value::text(name), budget);
  }
  return out;
}

Value slice(const Value& object, const SliceBounds& bounds, Budget& budget) {
  const Sequence* sequence = object.sequence();
  if (!object.is_text() && (sequence == nullptr || !sequence->is_list_or_tuple())) {
    if (object.is<Undefined>()) fail_undefined(object);
    throw Error(std::string("a ") + object.type() + " cannot be sliced");
  }
  const Range range = range_of(bounds, size_of(object));
  if (object.is_text() && range.stride == 1) {
    budget.spend_scan(object.text().size());
    const bool empty = range.last <= range.first;
    return Value::text(empty ? "" : characters_of(object.text(), range.first, range.last), budget);
  }
  const Items items = all_items(object, budget);
  Items out;
  for (std::int64_t i = range.first; range.stride > 0 ? i < range.last : i > range.last;
       i += range.stride)
    out.push_back(items[i]);
  if (!object.is_text()) return Value::sequence(sequence->kind, std::move(out));
  std::string text;
  for (const Value& c : out) text += c.text();
  return Value::text(std::move(text), budget);
}

}  // namespace tinyzero::jinja
