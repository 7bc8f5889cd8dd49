// Filters of lists and dicts.

#include <algorithm>

#include "core/text/jinja/access.h"
#include "core/text/jinja/filters.h"
#include "core/text/jinja/loop.h"
#include "core/text/jinja/operators.h"
#include "core/text/jinja/python_text.h"
#include "core/text/jinja/tests.h"

namespace tinyzero::jinja {
namespace {

Value without_case(const Value& value) {
  return value.is_text() ? Value::text(with_case(value.text(), Case::lower)) : value;
}

// The value that an item is sorted by or compared by.
class KeyOf {
 public:
  KeyOf(const Value* path, bool case_sensitive) : path_(path), case_sensitive_(case_sensitive) {}

  Value operator()(const Value& value, Budget& budget) const {
    const bool whole = path_ == nullptr || path_->is<None>();
    if (!whole && path_->is_text() && path_->text().find(',') != std::string::npos)
      unsupported("several attributes to sort by");
    const Value key = whole ? value : item_at_path(value, *path_, budget);
    return case_sensitive_ ? key : without_case(key);
  }

 private:
  const Value* path_;
  bool case_sensitive_;
};

// Sorts stably by the keys, in descending order if `reverse`.
Items sorted(Items items, const std::vector<Value>& keys, bool reverse, Budget& budget) {
  std::vector<std::size_t> order(items.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return reverse ? less(keys[b], keys[a], budget) : less(keys[a], keys[b], budget);
  });
  Items out;
  for (const std::size_t i : order) out.push_back(items[i]);
  return out;
}

Value sorted_list(const Value& value, ArgumentReader arguments, Budget& budget) {
  const bool reverse = arguments.flag("reverse", false);
  const bool case_sensitive = arguments.flag("case_sensitive", false);
  const KeyOf key_of(arguments.optional("attribute"), case_sensitive);
  arguments.finish();
  Items items = all_items(value, budget);
  std::vector<Value> keys;
  for (const Value& one : items) keys.push_back(Value::list({key_of(one, budget)}));
  return Value::list(sorted(std::move(items), keys, reverse, budget));
}

Value sorted_dict(const Value& value, ArgumentReader arguments, Budget& budget) {
  const bool case_sensitive = arguments.flag("case_sensitive", false);
  const std::string* by = arguments.optional_text("by");
  const bool reverse = arguments.flag("reverse", false);
  arguments.finish();
  if (value.dict() == nullptr) throw Error(std::string("dictsort of a ") + value.type());
  const bool by_value = by != nullptr && *by == "value";
  if (by != nullptr && !by_value && *by != "key") throw Error("dictsort by something unknown");
  Items items;
  std::vector<Value> keys;
  for (const auto& [key, entry] : value.dict()->entries) {
    items.push_back(Value::tuple({key, entry}));
    const Value& sorts = by_value ? entry : key;
    keys.push_back(case_sensitive ? sorts : without_case(sorts));
  }
  return Value::list(sorted(std::move(items), keys, reverse, budget));
}

Value unique(const Value& value, ArgumentReader arguments, Budget& budget) {
  const bool case_sensitive = arguments.flag("case_sensitive", false);
  const KeyOf key_of(arguments.optional("attribute"), case_sensitive);
  arguments.finish();
  Items out;
  Items keys;
  for (const Value& one : all_items(value, budget)) {
    const Value key = key_of(one, budget);
    if (!is_hashable(key)) throw Error(std::string("unique of a ") + key.type());
    const auto is_known = [&](const Value& known) { return equal(known, key, budget); };
    if (std::any_of(keys.begin(), keys.end(), is_known)) continue;
    keys.push_back(key);
    out.push_back(one);
  }
  return iterator(std::move(out));
}

enum class Extreme { smallest, largest };
Value extreme(const Value& value, ArgumentReader arguments, Extreme which, Budget& budget) {
  const bool case_sensitive = arguments.flag("case_sensitive", false);
  const KeyOf key_of(arguments.optional("attribute"), case_sensitive);
  arguments.finish();
  const Items items = all_items(value, budget);
  if (items.empty()) return Value::undefined("the least or largest of nothing");
  std::size_t best = 0;
  for (std::size_t i = 1; i < items.size(); ++i) {
    const Value key = key_of(items[i], budget);
    const Value known = key_of(items[best], budget);
    const bool better =
        which == Extreme::largest ? less(known, key, budget) : less(key, known, budget);
    if (better) best = i;
  }
  return items[best];
}

Value sum(const Value& value, ArgumentReader arguments, Budget& budget) {
  const Value* path = arguments.optional("attribute");
  const Value* start = arguments.optional("start");
  arguments.finish();
  Value out = start == nullptr ? Value::integer(0) : *start;
  if (out.is_text()) throw Error("sum of texts");
  const bool whole = path == nullptr || path->is<None>();
  for (const Value& one : all_items(value, budget))
    out = binary("+", out, whole ? one : item_at_path(one, *path, budget), budget);
  if (out.is<double>()) unsupported("a sum of floats");  // newer Pythons compensate for rounding
  return out;
}

Value joined(const Value& value, ArgumentReader arguments, Budget& budget) {
  const Value* separator = arguments.optional("d");
  const Value* path = arguments.optional("attribute");
  arguments.finish();
  const std::string between = separator == nullptr ? "" : to_text(*separator, budget);
  const bool whole = path == nullptr || path->is<None>();
  std::string out;
  bool first = true;
  for (const Value& one : all_items(value, budget)) {
    const std::string text = to_text(whole ? one : item_at_path(one, *path, budget), budget);
    budget.take(between.size() + text.size());
    out += (first ? "" : between) + text;
    first = false;
  }
  return Value::text(std::move(out));
}

Value first_item(const Value& value, Budget& budget) {
  if (value.is<std::shared_ptr<Iterator>>()) {
    const auto item = value.get<std::shared_ptr<Iterator>>()->next();
    return item ? *item : Value::undefined("the first of nothing");
  }
  const Items items = all_items(value, budget);
  return items.empty() ? Value::undefined("the first of nothing") : items.front();
}

Value last_item(const Value& value, Budget& budget) {
  if (!has_size(value)) throw Error(std::string("the last of a ") + value.type());
  const Items items = all_items(value, budget);
  return items.empty() ? Value::undefined("the last of nothing") : items.back();
}

Value reversed(const Value& value, Budget& budget) {
  Items items = all_items(value, budget);
  std::reverse(items.begin(), items.end());
  if (!value.is_text()) {
    if (value.is<std::shared_ptr<Iterator>>()) return Value::list(std::move(items));
    return iterator(std::move(items));
  }
  std::string text;
  for (const Value& c : items) text += c.text();
  return Value::text(std::move(text));
}

Value pairs(const Value& value) {
  if (!value.is<Undefined>() && value.dict() == nullptr)
    throw Error(std::string("items of a ") + value.type());
  Items out;
  if (value.dict() != nullptr) {
    for (const auto& [key, entry] : value.dict()->entries)
      out.push_back(Value::tuple({key, entry}));
  }
  return iterator(std::move(out));
}

// The arguments after the first `count`.
CallArguments behind(const CallArguments& arguments, std::size_t count) {
  CallArguments out = arguments;
  out.positional.erase(out.positional.begin(), std::next(out.positional.begin(), count));
  return out;
}

Value mapped_by_filter(const Value& value, const CallArguments& arguments, Budget& budget) {
  if (!arguments.positional[0].is_text()) throw Error("map by something unknown");
  Items out;
  for (const Value& one : all_items(value, budget))
    out.push_back(apply_filter(arguments.positional[0].text(), one, behind(arguments, 1), budget));
  return iterator(std::move(out));
}

Value mapped_by_attribute(const Value& value, ArgumentReader arguments, Budget& budget) {
  const Value& path = arguments.required("attribute");
  const Value* fallback = arguments.optional("default");
  arguments.finish();
  Items out;
  for (const Value& one : all_items(value, budget)) {
    Value found = item_at_path(one, path, budget);
    const bool replace = fallback != nullptr && !fallback->is<None>() && found.is<Undefined>();
    if (replace && path.is_text() && path.text().find('.') != std::string::npos)
      unsupported("map with a default for a path");
    out.push_back(replace ? *fallback : std::move(found));
  }
  return iterator(std::move(out));
}

Value mapped(const Value& value, const CallArguments& arguments, Budget& budget) {
  if (!truth(value)) return iterator({});
  if (!arguments.positional.empty()) return mapped_by_filter(value, arguments, budget);
  return mapped_by_attribute(value, ArgumentReader(arguments, "the filter \"map\""), budget);
}

// select, reject, selectattr and rejectattr.
Value selected(const std::string& name, const Value& value, const CallArguments& arguments,
               Budget& budget) {
  if (!truth(value)) return iterator({});
  const bool by_attribute = name.ends_with("attr");
  const bool wanted = name.starts_with("select");
  const std::size_t test = by_attribute ? 1 : 0;
  if (by_attribute && arguments.positional.empty()) throw Error(name + " lacks an attribute");
  const bool has_test = arguments.positional.size() > test;
  if (has_test && !arguments.positional[test].is_text())
    throw Error(name + " by something unknown");
  Items out;
  for (const Value& one : all_items(value, budget)) {
    const Value tested = by_attribute ? item_at_path(one, arguments.positional[0], budget) : one;
    const bool holds = has_test ? apply_test(arguments.positional[test].text(), tested,
                                             behind(arguments, test + 1), budget)
                                : truth(tested);
    if (holds == wanted) out.push_back(one);
  }
  return iterator(std::move(out));
}

// Filters without arguments; null for another name.
using PlainListFilter = Value (*)(const Value&, Budget&);
PlainListFilter plain_list_filter(const std::string& name) {
  if (name == "first") return first_item;
  if (name == "last") return last_item;
  if (name == "reverse") return reversed;
  if (name == "list") return [](const Value& v, Budget& b) { return Value::list(all_items(v, b)); };
  if (name == "items") return [](const Value& v, Budget&) { return pairs(v); };
  if (name == "length" || name == "count")
    return [](const Value& v, Budget&) { return Value::integer(size_of(v)); };
  return nullptr;
}

}  // namespace

std::optional<Value> apply_list_filter(const std::string& name, const Value& value,
                                       const CallArguments& given, Budget& budget) {
  if (name == "map") return mapped(value, given, budget);
  if (name == "select" || name == "reject" || name == "selectattr" || name == "rejectattr")
    return selected(name, value, given, budget);
  ArgumentReader arguments(given, "the filter \"" + name + "\"");
  if (name == "join") return joined(value, arguments, budget);
  if (name == "sort") return sorted_list(value, arguments, budget);
  if (name == "dictsort") return sorted_dict(value, arguments, budget);
  if (name == "unique") return unique(value, arguments, budget);
  if (name == "min") return extreme(value, arguments, Extreme::smallest, budget);
  if (name == "max") return extreme(value, arguments, Extreme::largest, budget);
  if (name == "sum") return sum(value, arguments, budget);
  const PlainListFilter filter = plain_list_filter(name);
  if (filter == nullptr) return std::nullopt;
  arguments.finish();
  return filter(value, budget);
}

}  // namespace tinyzero::jinja
