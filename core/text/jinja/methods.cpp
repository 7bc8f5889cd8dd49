// Methods of texts, lists, dicts and loops.

#include <algorithm>

#include "core/text/jinja/access.h"
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

bool has_affix(const std::string& text, const std::string& affix, bool at_end) {
  return at_end ? text.ends_with(affix) : text.starts_with(affix);
}

// startswith and endswith, of one text or of any of a tuple.
Value has_affix(const std::string& text, ArgumentReader arguments, bool at_end) {
  const Value& affix = arguments.required("prefix");
  arguments.finish();
  if (affix.is_text()) return Value::boolean(has_affix(text, affix.text(), at_end));
  const Sequence* several = affix.sequence();
  if (several == nullptr || several->kind != SequenceKind::tuple)
    throw Error(std::string("startswith or endswith of a ") + affix.type());
  bool found = false;
  for (const Value& one : several->items) {
    if (!one.is_text()) throw Error(std::string("startswith or endswith of a ") + one.type());
    found = found || has_affix(text, one.text(), at_end);
  }
  return Value::boolean(found);
}

Value stripped(const std::string& text, ArgumentReader arguments, Ends ends) {
  const std::string* set = arguments.optional_text("chars");
  arguments.finish();
  return Value::text(
      std::string(set == nullptr ? strip(text, ends) : strip(text, ends, std::string_view(*set))));
}

Value split_text(const std::string& text, ArgumentReader arguments, bool from_right,
                 Budget& budget) {
  const std::string* separator = arguments.optional_text("sep");
  const std::int64_t limit = arguments.integer("maxsplit", -1);
  arguments.finish();
  std::optional<std::string_view> by;
  if (separator != nullptr) by = *separator;
  return list_of(from_right ? split_right(text, by, limit) : split(text, by, limit), budget);
}

// partition and rpartition.
Value parted(const std::string& text, ArgumentReader arguments, bool from_right) {
  const std::string& separator = arguments.text("sep");
  arguments.finish();
  if (separator.empty()) throw Error("partition() by an empty separator");
  const std::size_t at = from_right ? text.rfind(separator) : text.find(separator);
  const auto tuple = [](std::string a, std::string b, std::string c) {
    return Value::tuple(
        {Value::text(std::move(a)), Value::text(std::move(b)), Value::text(std::move(c))});
  };
  if (at == std::string::npos) return from_right ? tuple("", "", text) : tuple(text, "", "");
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
  budget.take(text.size() + static_cast<std::size_t>(count(text, old)) * fresh.size());
  return Value::text(replace(text, old, fresh, limit));
}

// isalpha and its kin, of texts in ASCII.
Value consists_of(const std::string& text, const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x80; }))
    unsupported(name + "() of characters beyond ASCII");
  return Value::boolean(!text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    if (name == "isalpha") return letter(c);
    if (name == "isalnum") return letter(c) || digit(c);
    if (name == "isspace") return is_space(static_cast<unsigned char>(c));
    return digit(c);
  }));
}

// find and rfind.
Value found_at(const std::string& text, ArgumentReader arguments, bool from_right) {
  const std::string& part = arguments.text("sub");
  arguments.finish();
  return Value::integer(from_right ? find_last(text, part) : find(text, part));
}

Value without_affix(const std::string& text, ArgumentReader arguments, bool at_end) {
  const std::string& affix = arguments.text("prefix");
  arguments.finish();
  if (!has_affix(text, affix, at_end)) return Value::text(text);
  return Value::text(at_end ? text.substr(0, text.size() - affix.size())
                            : text.substr(affix.size()));
}

Value with_case(const std::string& text, const ArgumentReader& arguments, Case to) {
  arguments.finish();
  return Value::text(with_case(text, to));
}

Value text_method(const std::string& text, const std::string& name, const CallArguments& given,
                  Budget& budget) {
  ArgumentReader arguments(given, name + "()");
  if (!given.named.empty() && name != "split" && name != "rsplit" && name != "splitlines")
    throw Error(name + "() takes no keyword arguments");
  budget.spend(static_cast<std::int64_t>(text.size() / 256) + 1);
  if (name == "strip") return stripped(text, arguments, Ends::both);
  if (name == "lstrip") return stripped(text, arguments, Ends::left);
  if (name == "rstrip") return stripped(text, arguments, Ends::right);
  if (name == "split") return split_text(text, arguments, false, budget);
  if (name == "rsplit") return split_text(text, arguments, true, budget);
  if (name == "startswith") return has_affix(text, arguments, false);
  if (name == "endswith") return has_affix(text, arguments, true);
  if (name == "replace") return replaced(text, arguments, budget);
  if (name == "find") return found_at(text, arguments, false);
  if (name == "rfind") return found_at(text, arguments, true);
  if (name == "partition") return parted(text, arguments, false);
  if (name == "rpartition") return parted(text, arguments, true);
  if (name == "join") return joined(text, arguments, budget);
  if (name == "removeprefix") return without_affix(text, arguments, false);
  if (name == "removesuffix") return without_affix(text, arguments, true);
  if (name == "upper") return with_case(text, arguments, Case::upper);
  if (name == "lower") return with_case(text, arguments, Case::lower);
  if (name == "capitalize") return with_case(text, arguments, Case::capitalized);
  if (name == "title") return with_case(text, arguments, Case::title);
  if (name == "splitlines") {
    const bool keep = arguments.flag("keepends", false);
    arguments.finish();
    return list_of(split_lines(text, keep), budget);
  }
  if (name == "count") {
    const std::string& part = arguments.text("sub");
    arguments.finish();
    return Value::integer(count(text, part));
  }
  if (name == "isalpha" || name == "isalnum" || name == "isdigit" || name == "isdecimal" ||
      name == "isnumeric" || name == "isspace") {
    arguments.finish();
    return consists_of(text, name);
  }
  unsupported("the method \"" + name + "\" of texts");
}

Value dict_method(const Value& object, const std::string& name, const CallArguments& given,
                  Budget& budget) {
  ArgumentReader arguments(given, name + "()");
  const Dict& dict = *object.dict();
  budget.spend(std::ssize(dict.entries) + 1);
  if (name == "get") {
    if (!given.named.empty()) throw Error("get() takes no keyword arguments");
    const Value& key = arguments.required("key");
    const Value* fallback = arguments.optional("default");
    arguments.finish();
    if (contains(object, key, budget)) return *dict.find(key);
    return fallback == nullptr ? Value::none() : *fallback;
  }
  arguments.finish();
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
