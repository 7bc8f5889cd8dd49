#include "core/text/jinja/methods.h"

#include <algorithm>
#include <map>

#include "core/text/jinja/loop.h"
#include "core/text/jinja/operators.h"
#include "core/text/jinja/python_text.h"

namespace tinyzero::jinja {
namespace {

Value list_of(const std::vector<std::string>& texts, Budget& budget) {
  Items items;
  for (const std::string& text : texts) {
    budget.take(text.size() + kItemBytes);
    items.push_back(Value::text(text));
  }
  return Value::list(std::move(items));
}

// The end of a text that a method works from.
enum class Side { left, right };

bool has_affix(const std::string& text, const std::string& affix, Side side) {
  return side == Side::right ? text.ends_with(affix) : text.starts_with(affix);
}

// startswith and endswith, for one text or any text of a tuple.
Value has_affix(const std::string& text, ArgumentReader arguments, Side side) {
  const Value& affix = arguments.required("prefix");
  arguments.finish();
  if (affix.is_text()) return Value::boolean(has_affix(text, affix.text(), side));
  const Sequence* several = affix.sequence();
  if (several == nullptr || several->kind != SequenceKind::tuple)
    throw Error(std::string("startswith or endswith of a ") + affix.type());
  bool found = false;
  for (const Value& one : several->items) {
    if (!one.is_text()) throw Error(std::string("startswith or endswith of a ") + one.type());
    found = found || has_affix(text, one.text(), side);
  }
  return Value::boolean(found);
}

Value stripped(const std::string& text, ArgumentReader arguments, Ends ends) {
  const std::string* set = arguments.optional_text("chars");
  arguments.finish();
  return Value::text(std::string(set == nullptr ? strip(text, ends) : strip(text, ends, *set)));
}

Value split_text(const std::string& text, ArgumentReader arguments, Side side, Budget& budget) {
  const std::string* separator = arguments.optional_text("sep");
  const std::int64_t limit = arguments.integer("maxsplit", -1);
  arguments.finish();
  std::optional<std::string_view> by;
  if (separator != nullptr) by = *separator;
  return list_of(side == Side::right ? split_right(text, by, limit) : split(text, by, limit),
                 budget);
}

// partition and rpartition.
Value parted(const std::string& text, ArgumentReader arguments, Side side) {
  const std::string& separator = arguments.text("sep");
  arguments.finish();
  if (separator.empty()) throw Error("partition() by an empty separator");
  const std::size_t at = side == Side::right ? text.rfind(separator) : text.find(separator);
  const auto tuple = [](std::string a, std::string b, std::string c) {
    return Value::tuple(
        {Value::text(std::move(a)), Value::text(std::move(b)), Value::text(std::move(c))});
  };
  if (at == std::string::npos)
    return side == Side::right ? tuple("", "", text) : tuple(text, "", "");
  return tuple(text.substr(0, at), separator, text.substr(at + separator.size()));
}

Value joined(const std::string& text, ArgumentReader arguments, Budget& budget) {
  const Items items = all_items(arguments.required("iterable"), budget);
  arguments.finish();
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_text()) throw Error(std::string("join() of a ") + items[i].type());
    out += (i > 0 ? text : "") + items[i].text();
  }
  budget.take(out.size());
  return Value::text(std::move(out));
}

Value replaced(const std::string& text, ArgumentReader arguments, Budget& budget) {
  const std::string& old = arguments.text("old");
  const std::string& fresh = arguments.text("new");
  const std::int64_t limit = arguments.integer("count", -1);
  arguments.finish();
  budget.take(text.size() + count(text, old) * fresh.size());
  return Value::text(replace(text, old, fresh, limit));
}

// isalpha and similar methods, for texts in ASCII.
Value consists_of(const std::string& text, const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x80; }))
    unsupported(name + "() of characters beyond ASCII");
  return Value::boolean(!text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    if (name == "isalpha") return letter(c);
    if (name == "isalnum") return letter(c) || digit(c);
    if (name == "isspace") return is_space(c);
    return digit(c);
  }));
}

// find and rfind.
Value found_at(const std::string& text, ArgumentReader arguments, Side side) {
  const std::string& part = arguments.text("sub");
  arguments.finish();
  return Value::integer(side == Side::right ? find_last(text, part) : find(text, part));
}

Value without_affix(const std::string& text, ArgumentReader arguments, Side side) {
  const std::string& affix = arguments.text("prefix");
  arguments.finish();
  if (!has_affix(text, affix, side)) return Value::text(text);
  return Value::text(side == Side::right ? text.substr(0, text.size() - affix.size())
                                         : text.substr(affix.size()));
}

Value with_case(const std::string& text, const ArgumentReader& arguments, Case to) {
  arguments.finish();
  return Value::text(with_case(text, to));
}

Value lines_of(const std::string& text, ArgumentReader arguments, Budget& budget) {
  const bool keep_ends = arguments.flag("keepends", false);
  arguments.finish();
  return list_of(split_lines(text, keep_ends), budget);
}

Value counted(const std::string& text, ArgumentReader arguments) {
  const std::string& part = arguments.text("sub");
  arguments.finish();
  return Value::integer(count(text, part));
}

struct TextCall {
  const std::string& text;
  ArgumentReader arguments;
  Budget& budget;
};
using TextMethod = Value (*)(const TextCall&);

const std::map<std::string, TextMethod>& text_methods() {
  using Call = TextCall;
  static const std::map<std::string, TextMethod> kMethods = {
      {"strip", [](const Call& c) { return stripped(c.text, c.arguments, Ends::both); }},
      {"lstrip", [](const Call& c) { return stripped(c.text, c.arguments, Ends::left); }},
      {"rstrip", [](const Call& c) { return stripped(c.text, c.arguments, Ends::right); }},
      {"split",
       [](const Call& c) { return split_text(c.text, c.arguments, Side::left, c.budget); }},
      {"rsplit",
       [](const Call& c) { return split_text(c.text, c.arguments, Side::right, c.budget); }},
      {"splitlines", [](const Call& c) { return lines_of(c.text, c.arguments, c.budget); }},
      {"startswith", [](const Call& c) { return has_affix(c.text, c.arguments, Side::left); }},
      {"endswith", [](const Call& c) { return has_affix(c.text, c.arguments, Side::right); }},
      {"replace", [](const Call& c) { return replaced(c.text, c.arguments, c.budget); }},
      {"find", [](const Call& c) { return found_at(c.text, c.arguments, Side::left); }},
      {"rfind", [](const Call& c) { return found_at(c.text, c.arguments, Side::right); }},
      {"count", [](const Call& c) { return counted(c.text, c.arguments); }},
      {"partition", [](const Call& c) { return parted(c.text, c.arguments, Side::left); }},
      {"rpartition", [](const Call& c) { return parted(c.text, c.arguments, Side::right); }},
      {"join", [](const Call& c) { return joined(c.text, c.arguments, c.budget); }},
      {"removeprefix",
       [](const Call& c) { return without_affix(c.text, c.arguments, Side::left); }},
      {"removesuffix",
       [](const Call& c) { return without_affix(c.text, c.arguments, Side::right); }},
      {"upper", [](const Call& c) { return with_case(c.text, c.arguments, Case::upper); }},
      {"lower", [](const Call& c) { return with_case(c.text, c.arguments, Case::lower); }},
      {"capitalize",
       [](const Call& c) { return with_case(c.text, c.arguments, Case::capitalized); }},
      {"title", [](const Call& c) { return with_case(c.text, c.arguments, Case::title); }}};
  return kMethods;
}

Value text_method(const std::string& text, const std::string& name, const CallArguments& given,
                  Budget& budget) {
  const ArgumentReader arguments(given, name + "()");
  if (!given.named.empty() && name != "split" && name != "rsplit" && name != "splitlines")
    throw Error(name + "() takes no keyword arguments");
  budget.spend_scan(text.size());
  const auto found = text_methods().find(name);
  if (found != text_methods().end())
    return found->second({.text = text, .arguments = arguments, .budget = budget});
  if (name == "isalpha" || name == "isalnum" || name == "isdigit" || name == "isdecimal" ||
      name == "isnumeric" || name == "isspace") {
    arguments.finish();
    return consists_of(text, name);
  }
  unsupported("the method \"" + name + "\" of texts");
}

Value dict_get(const Value& object, const CallArguments& given, Budget& budget) {
  if (!given.named.empty()) throw Error("get() takes no keyword arguments");
  ArgumentReader arguments(given, "get()");
  const Value& key = arguments.required("key");
  const Value* fallback = arguments.optional("default");
  arguments.finish();
  if (contains(object, key, budget)) return *object.dict()->find(key);
  return fallback == nullptr ? Value::none() : *fallback;
}

Value dict_method(const Value& object, const std::string& name, const CallArguments& given,
                  Budget& budget) {
  const Dict& dict = *object.dict();
  budget.spend(std::ssize(dict.entries) + 1);
  if (name == "get") return dict_get(object, given, budget);
  ArgumentReader(given, name + "()").finish();
  if (name == "copy") return object;
  Items items;
  for (const auto& [key, value] : dict.entries) {
    if (name == "keys") items.push_back(key);
    else if (name == "values") items.push_back(value);
    else if (name == "items") items.push_back(Value::tuple({key, value}));
    else unsupported("the method \"" + name + "\" of dicts");
  }
  return Value::sequence(SequenceKind::view, std::move(items));
}

Value list_method(const Value& object, const std::string& name, const CallArguments& given,
                  Budget& budget) {
  if (!given.named.empty()) throw Error(name + "() takes no keyword arguments");
  ArgumentReader arguments(given, name + "()");
  if (name == "copy") {
    arguments.finish();
    return object;
  }
  const Value& wanted = arguments.required("value");
  arguments.finish();
  const Items& items = object.sequence()->items;
  std::int64_t found = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!equal(items[i], wanted, budget)) continue;
    if (name == "index") return Value::integer(i);
    ++found;
  }
  if (name == "index") throw Error("index() of a value that is not in the list");
  return Value::integer(found);
}

}  // namespace

Value call_method(const Method& method, const CallArguments& arguments, Budget& budget) {
  const Value& object = *method.object;
  if (object.is_text()) {
    Value result = text_method(object.text(), method.name, arguments, budget);
    if (result.is_text()) budget.take(result.text().size());
    return result;
  }
  if (object.dict() != nullptr) return dict_method(object, method.name, arguments, budget);
  if (object.sequence() != nullptr) return list_method(object, method.name, arguments, budget);
  Loop& loop = *object.get<std::shared_ptr<Loop>>();
  if (method.name == "cycle") return loop.cycle(arguments);
  return Value::boolean(loop.changed(arguments, budget));
}

}  // namespace tinyzero::jinja
