// Values that are taken one by one: iterators, and the variable `loop`.
#pragma once

#include <functional>
#include <optional>

#include "core/text/jinja/arguments.h"
#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

// What filters such as `select` return: each value can be taken once.
class Iterator {
 public:
  explicit Iterator(Items items) : items_(std::move(items)) {}
  std::optional<Value> next() {
    return at_ < items_.size() ? std::optional<Value>(items_[at_++]) : std::nullopt;
  }

 private:
  Items items_;
  std::size_t at_ = 0;  // values taken
};
Value iterator(Items items);

// All values of something that can be iterated over. Throws Error for another value.
Items all_items(const Value& value, Budget& budget);
bool is_iterable(const Value& value);
bool has_size(const Value& value);
// len(value); throws Error for a value that has none.
std::int64_t size_of(const Value& value);

// The run of a `for`, with what `loop` tells about it. Items are taken as late as possible: the
// test of a loop may depend on what its body did.
class Loop {
 public:
  using Next = std::function<std::optional<Value>()>;
  // `length`: of the sequence; -1: it shows once all items are taken.
  Loop(Next next, std::int64_t length) : next_(std::move(next)), length_(length) {}

  // The next item; nothing at the end.
  std::optional<Value> step();
  // Undefined for a name that `loop` has not. Methods are left to the caller.
  Value attribute(const std::string& name);
  Value cycle(const CallArguments& arguments) const;
  bool changed(const CallArguments& arguments, Budget& budget);

 private:
  std::optional<Value> take();
  const std::optional<Value>& peek();
  std::int64_t length();

  Next next_;
  std::int64_t length_;
  std::int64_t index_ = -1;  // from 0
  Value previous_, current_;
  std::optional<std::optional<Value>> peeked_;
  Items counted_;  // items that were taken to count them
  std::size_t counted_at_ = 0;
  std::optional<Value> last_changed_;
};

}  // namespace tinyzero::jinja
