// The values of a template, which are Python's.
//
// Texts, lists, tuples and dicts are immutable; only a namespace can change. Nesting is bounded
// where a container is made, so that no walk over a value can exhaust the stack.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/error.h"

namespace tinyzero::jinja {

class Value;
class Macro;
class Iterator;
class Loop;

using Items = std::vector<Value>;
using Entries = std::vector<std::pair<Value, Value>>;

inline constexpr std::size_t kItemBytes = 64;  // approximate size of an item of a list

// Steps and bytes left for a rendering, because templates are untrusted.
struct Budget {
  std::int64_t steps = 5'000'000;
  std::int64_t bytes = std::int64_t{1} << 29;  // for all texts and lists it makes

  // Spends steps for looking at so many bytes of text.
  void spend_scan(std::size_t bytes) { spend(bytes / 256 + 1); }
  void spend(std::int64_t count) {
    if ((steps -= count) < 0) throw Error("the chat template takes more than five million steps");
  }
  void take(std::size_t count) {
    bytes -= count;
    if (bytes < 0) throw Error("the chat template makes more than 512 MiB of text");
  }
};

// A view is the result of keys(), values() or items().
enum class SequenceKind { list, tuple, range, view };

struct Sequence {
  SequenceKind kind;
  Items items;
  int depth;    // levels of nesting, itself included
  bool macros;  // whether it contains a macro, however deep

  bool is_list_or_tuple() const {
    return kind == SequenceKind::list || kind == SequenceKind::tuple;
  }
};

struct Dict {
  Entries entries;
  int depth;    // levels of nesting, itself included
  bool macros;  // whether it contains a macro, however deep

  const Value* find(const Value& key) const;  // null if it is absent
};

struct Namespace {
  std::vector<std::pair<std::string, Value>> attributes;

  Value* find(std::string_view name);
};

// Undefined values print as nothing, and fail in most operations with the message `why`.
struct Undefined {
  std::shared_ptr<const std::string> why;
};

struct None {};

// The result of the filter `safe`, which can only be printed and joined by ~.
struct Markup {
  std::shared_ptr<const std::string> text;
};

// Global functions.
enum class Function { range, dict, name_space, raise_exception, strftime_now, unsupported };

struct Method {
  std::shared_ptr<const Value> object;
  std::string name;
};

class Value {
 public:
  using Text = std::shared_ptr<const std::string>;
  using Data =
      std::variant<Undefined, None, bool, std::int64_t, double, Text, Markup,
                   std::shared_ptr<const Sequence>, std::shared_ptr<const Dict>,
                   std::shared_ptr<Namespace>, std::shared_ptr<Iterator>, std::shared_ptr<Loop>,
                   std::shared_ptr<const Macro>, std::shared_ptr<const Method>, Function>;

  Value() : data_(Undefined{}) {}
  Value(Data data) : data_(std::move(data)) {}
  static Value none() { return Value(Data(None{})); }
  static Value undefined(std::string why);
  static Value boolean(bool value) { return Value(Data(value)); }
  static Value integer(std::int64_t value) { return Value(Data(value)); }
  static Value number(double value) { return Value(Data(value)); }
  static Value text(std::string value);
  // A new text, whose bytes are taken from the budget.
  static Value text(std::string value, Budget& budget);
  // Throw Error if nesting becomes too deep, and for items that no container may hold.
  static Value sequence(SequenceKind kind, Items items);
  static Value list(Items items) { return sequence(SequenceKind::list, std::move(items)); }
  static Value tuple(Items items) { return sequence(SequenceKind::tuple, std::move(items)); }
  // A later entry with an equal key replaces the value of the first. Throws Error for a key that
  // is not hashable.
  static Value dict(const Entries& entries, Budget& budget);

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(data_);
  }
  template <class T>
  const T& get() const {
    return std::get<T>(data_);
  }
  bool is_text() const { return is<Text>(); }
  const std::string& text() const { return *get<Text>(); }
  const Sequence* sequence() const;  // null for other types
  const Dict* dict() const;          // null for other types

  // Python's name for the type, for messages.
  const char* type() const;
  const Data& data() const { return data_; }

 private:
  Data data_;
};

// Throws Error: this program cannot do `what`, although Jinja might.
[[noreturn]] void unsupported(const std::string& what);

// Whether a value can be the key of a dict.
bool is_hashable(const Value& value);
// Whether a value is a macro, or contains one.
bool has_macros(const Value& value);

bool truth(const Value& value);
bool equal(const Value& a, const Value& b, Budget& budget);
// a < b. Throws Error for values without an order.
bool less(const Value& a, const Value& b, Budget& budget);
// a is b: exact for None and booleans. Throws Error for other values.
bool same(const Value& a, const Value& b);

// Whether a value is a boolean or a number, and that number.
bool is_number(const Value& value);
double as_number(const Value& value);
// The value of an integer or a boolean. Throws Error naming `what` for another type.
std::int64_t as_integer(const Value& value, const char* what);

// str(value), and repr(value).
std::string to_text(const Value& value, Budget& budget);
std::string to_repr(const Value& value, Budget& budget);

struct JsonStyle {
  bool ascii = false;
  bool indented = false;
  std::string indent = {};
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sorted = false;
};
// json.dumps(value).
std::string to_json(const Value& value, const JsonStyle& style, Budget& budget);

// repr of a float: the shortest digits that read back as the same number.
std::string number_text(double value);

}  // namespace tinyzero::jinja
