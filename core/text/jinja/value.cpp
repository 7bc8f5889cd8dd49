#include "core/text/jinja/value.h"

#include <algorithm>
#include <cmath>

namespace tinyzero::jinja {
namespace {

constexpr int kDeepestValue = 64;  // levels of lists and dicts

// Undefined, None, a boolean, a number or a text.
bool is_scalar(const Value& value) {
  return is_number(value) || value.is_text() || value.is<Undefined>() || value.is<None>();
}

// The depth of a container that holds `value`.
int depth_with(const Value& value) {
  int depth = 1;
  if (const Sequence* sequence = value.sequence()) depth += sequence->depth;
  else if (const Dict* dict = value.dict()) depth += dict->depth;
  else if (!is_scalar(value) && !value.is<std::shared_ptr<const Macro>>())
    unsupported(std::string("a ") + value.type() + " in a list or dict");
  if (depth > kDeepestValue) unsupported("a value that is nested more than 64 deep");
  return depth;
}

bool equal_dicts(const Dict& a, const Dict& b, Budget& budget) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    budget.spend(std::ssize(b.entries) + 1);
    const Value* other = b.find(key);
    if (other == nullptr || !equal(value, *other, budget)) return false;
  }
  return true;
}

bool equal_sequences(const Sequence& a, const Sequence& b, Budget& budget) {
  if (a.kind != b.kind || a.items.size() != b.items.size()) return false;
  if (a.kind == SequenceKind::view) unsupported("a comparison of views of dicts");
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!equal(a.items[i], b.items[i], budget)) return false;
  }
  return true;
}

[[noreturn]] void no_order(const Value& a, const Value& b) {
  throw Error(std::string("'<' between ") + a.type() + " and " + b.type());
}

// Like Python, compares integers with other numbers without rounding.
bool less_numbers(const Value& a, const Value& b) {
  const bool exact = !a.is<double>() && !b.is<double>();
  if (exact) return as_integer(a, "") < as_integer(b, "");
  const double x = as_number(a);
  const double y = as_number(b);
  if (std::max(std::abs(x), std::abs(y)) > 9e15 && !(a.is<double>() && b.is<double>()))
    unsupported("a comparison of a large integer and a float");
  return x < y;
}

bool equal_numbers(const Value& a, const Value& b) {
  if (!a.is<double>() && !b.is<double>()) return as_integer(a, "") == as_integer(b, "");
  if (a.is<double>() && b.is<double>()) return a.get<double>() == b.get<double>();
  return !less_numbers(a, b) && !less_numbers(b, a) && as_number(a) == as_number(b);
}

}  // namespace

const Value* Dict::find(const Value& key) const {
  Budget unlimited;
  for (const auto& entry : entries) {
    if (equal(entry.first, key, unlimited)) return &entry.second;
  }
  return nullptr;
}

Value* Namespace::find(std::string_view name) {
  for (auto& [key, value] : attributes) {
    if (key == name) return &value;
  }
  return nullptr;
}

Value Value::undefined(std::string why) {
  return Value(Data(Undefined{std::make_shared<const std::string>(std::move(why))}));
}

Value Value::text(std::string value) {
  return Value(Data(std::make_shared<const std::string>(std::move(value))));
}

Value Value::text(std::string value, Budget& budget) {
  budget.take(value.size());
  return text(std::move(value));
}

Value Value::sequence(SequenceKind kind, Items items) {
  int depth = 1;
  for (const Value& item : items) depth = std::max(depth, depth_with(item));
  const bool macros = std::any_of(items.begin(), items.end(), has_macros);
  Sequence sequence{.kind = kind, .items = std::move(items), .depth = depth, .macros = macros};
  return Value(Data(std::make_shared<const Sequence>(std::move(sequence))));
}

Value Value::dict(const Entries& entries, Budget& budget) {
  Dict dict{.entries = {}, .depth = 1, .macros = false};
  for (const auto& [key, value] : entries) {
    if (!is_hashable(key)) throw Error(std::string("a ") + key.type() + " as the key of a dict");
    budget.spend(std::ssize(dict.entries) + 1);
    dict.depth = std::max({dict.depth, depth_with(key), depth_with(value)});
    dict.macros = dict.macros || has_macros(key) || has_macros(value);
    const auto known =
        std::find_if(dict.entries.begin(), dict.entries.end(),
                     [&](const auto& entry) { return equal(entry.first, key, budget); });
    if (known != dict.entries.end()) known->second = value;
    else dict.entries.emplace_back(key, value);
  }
  return Value(Data(std::make_shared<const Dict>(std::move(dict))));
}

const Sequence* Value::sequence() const {
  const auto* found = std::get_if<std::shared_ptr<const Sequence>>(&data_);
  return found == nullptr ? nullptr : found->get();
}

const Dict* Value::dict() const {
  const auto* found = std::get_if<std::shared_ptr<const Dict>>(&data_);
  return found == nullptr ? nullptr : found->get();
}

const char* Value::type() const {
  static constexpr const char* kNames[] = {"undefined", "None",   "bool",  "int",    "float",
                                           "str",       "Markup", "list",  "dict",   "namespace",
                                           "iterator",  "loop",   "macro", "method", "function"};
  static constexpr const char* kSequences[] = {"list", "tuple", "range", "view of a dict"};
  if (const Sequence* found = sequence()) return kSequences[static_cast<int>(found->kind)];
  return kNames[data_.index()];
}

void unsupported(const std::string& what) { throw Error(what + " is not supported"); }

bool is_hashable(const Value& value) {
  if (value.dict() != nullptr) return false;
  const Sequence* sequence = value.sequence();
  if (sequence == nullptr) return true;
  return sequence->kind == SequenceKind::tuple &&
         std::all_of(sequence->items.begin(), sequence->items.end(), is_hashable);
}

bool has_macros(const Value& value) {
  if (const Sequence* sequence = value.sequence()) return sequence->macros;
  if (const Dict* dict = value.dict()) return dict->macros;
  return value.is<std::shared_ptr<const Macro>>();
}

bool truth(const Value& value) {
  if (value.is<Undefined>() || value.is<None>()) return false;
  if (value.is<bool>()) return value.get<bool>();
  if (value.is<std::int64_t>()) return value.get<std::int64_t>() != 0;
  if (value.is<double>()) return value.get<double>() != 0;
  if (value.is_text()) return !value.text().empty();
  if (value.is<Markup>()) return !value.get<Markup>().text->empty();
  if (const Sequence* sequence = value.sequence()) return !sequence->items.empty();
  if (const Dict* dict = value.dict()) return !dict->entries.empty();
  return true;
}

bool is_number(const Value& value) {
  return value.is<bool>() || value.is<std::int64_t>() || value.is<double>();
}

double as_number(const Value& value) {
  if (value.is<double>()) return value.get<double>();
  return static_cast<double>(as_integer(value, "a number"));
}

std::int64_t as_integer(const Value& value, const char* what) {
  if (value.is<bool>()) return value.get<bool>() ? 1 : 0;
  if (value.is<std::int64_t>()) return value.get<std::int64_t>();
  throw Error(std::string(what) + " is a " + value.type() + ", not an integer");
}

bool equal(const Value& a, const Value& b, Budget& budget) {
  budget.spend(1);
  if (is_number(a) && is_number(b)) return equal_numbers(a, b);
  if (a.data().index() != b.data().index()) {
    if (a.is<Markup>() || b.is<Markup>()) unsupported("a comparison with a text marked as safe");
    return false;
  }
  if (a.is<Undefined>() || a.is<None>()) return true;
  if (a.is_text()) return a.text() == b.text();
  if (a.sequence() != nullptr) return equal_sequences(*a.sequence(), *b.sequence(), budget);
  if (a.dict() != nullptr) return equal_dicts(*a.dict(), *b.dict(), budget);
  if (a.is<Function>()) return a.get<Function>() == b.get<Function>();
  unsupported(std::string("a comparison of values of type ") + a.type());
}

bool less(const Value& a, const Value& b, Budget& budget) {
  budget.spend(1);
  if (is_number(a) && is_number(b)) return less_numbers(a, b);
  if (a.is_text() && b.is_text()) return a.text() < b.text();  // UTF-8 sorts as its characters do
  const Sequence* x = a.sequence();
  const Sequence* y = b.sequence();
  if (x == nullptr || y == nullptr || x->kind != y->kind) no_order(a, b);
  if (!x->is_list_or_tuple()) no_order(a, b);
  for (std::size_t i = 0; i < x->items.size() && i < y->items.size(); ++i) {
    if (!equal(x->items[i], y->items[i], budget)) return less(x->items[i], y->items[i], budget);
  }
  return x->items.size() < y->items.size();
}

bool same(const Value& a, const Value& b) {
  const auto is_single = [](const Value& v) { return v.is<None>() || v.is<bool>(); };
  if (!is_single(a) && !is_single(b))
    unsupported("\"sameas\" of other values than true, false, none");
  if (a.data().index() != b.data().index()) return false;
  return a.is<None>() || a.get<bool>() == b.get<bool>();
}

}  // namespace tinyzero::jinja
