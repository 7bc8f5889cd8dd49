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
// Attributes of numbers, ranges, views, iterators and macros; nobody has needed them yet.
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

Value method(const Value& object, const std::string& name) {
  Method out{std::make_shared<const Value>(object), name};
  return Value(Value::Data(std::make_shared<const Method>(std::move(out))));
}

[[noreturn]] void fail_undefined(const Value& object) {
  const auto& why = object.get<Undefined>().why;
  throw Error(why ? *why : "an undefined value is used");
}

// The attribute of an object of this type; nothing if it has none.
std::optional<Value> own_attribute(const Value& object, const std::string& name) {
  const auto has = [&](const Names& names) { return names.contains(name); };
  if (name.starts_with("__")) unsupported("the attribute \"" + name.substr(0, 40) + "\"");
  if (object.is<std::shared_ptr<Namespace>>()) {
    const Value* found = object.get<std::shared_ptr<Namespace>>()->find(name);
    return found == nullptr ? std::nullopt : std::optional<Value>(*found);
  }
  if (object.is<std::shared_ptr<Loop>>()) {
    if (has(kLoopMethods)) return method(object, name);
    return object.get<std::shared_ptr<Loop>>()->attribute(name);
  }
  if (object.is<None>()) return std::nullopt;
  if (object.is_text())
    return has(kTextMethods) ? std::optional(method(object, name)) : std::nullopt;
  if (object.dict() != nullptr) {
    static const Names kChanging = {"clear", "pop", "popitem", "setdefault", "update"};
    if (has(kChanging)) return Value::undefined("\"" + name + "\" changes a dict, which is unsafe");
    return has(kDictMethods) ? std::optional(method(object, name)) : std::nullopt;
  }
  const Sequence* sequence = object.sequence();
  if (sequence != nullptr && sequence->kind == SequenceKind::list) {
    static const Names kChanging = {"append", "clear", "pop",    "reverse",
                                    "insert", "sort",  "extend", "remove"};
    if (has(kChanging)) return Value::undefined("\"" + name + "\" changes a list, which is unsafe");
    return has(kListMethods) ? std::optional(method(object, name)) : std::nullopt;
  }
  if (sequence != nullptr && sequence->kind == SequenceKind::tuple)
    return has(kTupleMethods) ? std::optional(method(object, name)) : std::nullopt;
  if (object.is<Markup>() || object.is<Function>() || has(kOthers))
    unsupported("the attribute \"" + name.substr(0, 40) + "\" of a " + object.type());
  return std::nullopt;
}

std::optional<Value> item_of(const Sequence& sequence, std::int64_t index) {
  const auto size = std::ssize(sequence.items);
  if (index < 0) index += size;
  if (index < 0 || index >= size || sequence.kind == SequenceKind::view) return std::nullopt;
  return sequence.items[index];
}

// Characters `first` up to `last` of a text.
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
  budget.spend(static_cast<std::int64_t>(text.size() / 256) + 1);
  if (index < 0) index += length(text);
  if (index < 0) return std::nullopt;
  std::string found = characters_of(text, index, index + 1);
  return found.empty() ? std::nullopt : std::optional(Value::text(std::move(found)));
}

// What object[key] finds without looking at attributes.
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
  for (const std::string& part : split(path.text(), ".", -1)) {
    std::int64_t index = 0;
    const char* end = part.data() + part.size();
    const bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    const bool is_index = digits && std::from_chars(part.data(), end, index).ec == std::errc();
    out = item(out, is_index ? Value::integer(index) : Value::text(part), budget);
  }
  return out;
}

Value slice(const Value& object, const Value* start, const Value* stop, const Value* step,
            Budget& budget) {
  const Sequence* sequence = object.sequence();
  const bool sliced = sequence != nullptr && (sequence->kind == SequenceKind::list ||
                                              sequence->kind == SequenceKind::tuple);
  if (!object.is_text() && !sliced) {
    if (object.is<Undefined>()) fail_undefined(object);
    throw Error(std::string("a ") + object.type() + " cannot be sliced");
  }
  const auto given = [](const Value* v) { return v != nullptr && !v->is<None>(); };
  const std::int64_t stride = given(step) ? as_integer(*step, "the step of a slice") : 1;
  if (stride == 0) throw Error("the step of a slice is 0");
  const std::int64_t size = size_of(object);
  const std::int64_t low = stride > 0 ? 0 : -1;
  const std::int64_t high = stride > 0 ? size : size - 1;
  const auto bound = [&](const Value* v, std::int64_t fallback) {
    if (!given(v)) return fallback;
    const std::int64_t at = as_integer(*v, "the end of a slice");
    return std::clamp(at < 0 ? at + size : at, low, high);
  };
  const std::int64_t first = bound(start, stride > 0 ? low : high);
  const std::int64_t last = bound(stop, stride > 0 ? high : low);
  if (object.is_text() && stride == 1) {
    budget.spend(static_cast<std::int64_t>(object.text().size() / 256) + 1);
    std::string text = last > first ? characters_of(object.text(), first, last) : "";
    budget.take(text.size());
    return Value::text(std::move(text));
  }
  const Items items = all_items(object, budget);
  Items out;
  const std::int64_t stride_size = std::clamp<std::int64_t>(stride, -size - 1, size + 1);
  for (std::int64_t i = first; stride > 0 ? i < last : i > last; i += stride_size)
    out.push_back(items[i]);
  if (!object.is_text()) return Value::sequence(sequence->kind, std::move(out));
  std::string text;
  for (const Value& c : out) text += c.text();
  budget.take(text.size());
  return Value::text(std::move(text));
}

}  // namespace tinyzero::jinja
