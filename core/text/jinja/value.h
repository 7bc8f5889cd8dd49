// Values that a template computes with: those of Python, since Jinja's are.
//
// Texts, lists, tuples and dicts never change once made; a namespace is the only thing that does.
// Nesting is bounded where a container is made, so that no walk over a value can exhaust the stack.
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

inline constexpr std::size_t kItemBytes = 64;  // about what an item of a list takes

// Steps and bytes that a rendering may still use. A template comes from strangers.
struct Budget {
  std::int64_t steps = 5'000'000;
  std::int64_t bytes = std::int64_t{1} << 29;  // of all texts and lists that it makes

  void spend(std::int64_t count) {
    if ((steps -= count) < 0) throw Error("the chat template takes more than five million steps");
  }
  void take(std::size_t count) {
    bytes -= count;
    if (bytes < 0) throw Error("the chat template makes more than 512 MiB of text");
  }
};

enum class SequenceKind { list, tuple, range, view };  // view: keys(), values(), items()

struct Sequence {
  SequenceKind kind;
  Items items;
  int depth;    // of nesting, from 1
  bool macros;  // whether a macro is in it, however deep
};

struct Dict {
  Entries entries;
  int depth;    // of nesting, from 1
  bool macros;  // whether a macro is in it, however deep

  const Value* find(const Value& key) const;  // null if it is not there
};

struct Namespace {
  std::vector<std::pair<std::string, Value>> attributes;

  Value* find(std::string_view name);
};

// Undefined values print as nothing and fail in most operations, with what is said here.
struct Undefined {
  std::shared_ptr<const std::string> why;
};

struct None {};

// A text that the filter `safe` made: it can be printed, and joined by ~.
struct Markup {
  std::shared_ptr<const std::string> text;
};

// Globals that can be called.
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
  // Throw Error for nesting that is too deep, and for items that no container may hold.
  static Value sequence(SequenceKind kind, Items items);
  static Value list(Items items) { return sequence(SequenceKind::list, std::move(items)); }
  static Value tuple(Items items) { return sequence(SequenceKind::tuple, std::move(items)); }
  // A later entry of an equal key replaces the value of the first. Throws Error for a key that is
  // not hashable.
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
  const Sequence* sequence() const;  // null for another kind
  const Dict* dict() const;          // null for another kind

  // Python's name of the type, for messages.
  const char* type() const;
  const Data& data() const { return data_; }

 private:
  Data data_;
};

// Ends with an Error: this cannot be done, although Jinja might.
[[noreturn]] void unsupported(const std::string& what);

// Whether it can be the key of a dict.
bool is_hashable(const Value& value);
// Whether it is a macro, or holds one.
bool has_macros(const Value& value);

bool truth(const Value& value);
bool equal(const Value& a, const Value& b, Budget& budget);
// a < b; throws Error for values that have no order.
bool less(const Value& a, const Value& b, Budget& budget);
// Whether two names stand for one object: exact for None and booleans, refused for others.
bool same(const Value& a, const Value& b);

// Whether it is a boolean or a number, and its value.
bool is_number(const Value& value);
double as_number(const Value& value);
// An integer or a boolean; throws Error naming `what` for another type.
std::int64_t as_integer(const Value& value, const char* what);

// str(value), and repr(value) as it stands in a list.
std::string to_text(const Value& value, Budget& budget);
std::string to_repr(const Value& value, Budget& budget);

struct JsonStyle {
  bool ascii = false;
  bool indented = false;
  std::string indent;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sorted = false;
};
// json.dumps(value).
std::string to_json(const Value& value, const JsonStyle& style, Budget& budget);

// repr of a float: the shortest digits that read back as the same number.
std::string number_text(double value);

}  // namespace tinyzero::jinja
