// Iteration: iterators, and the variable `loop`.
#pragma once

#include <functional>
#include <optional>

#include "core/text/jinja/arguments.h"
#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

// The result of filters such as `select`: each value can be taken once.
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

// All items of an iterable value. Throws Error for another value.
Items all_items(const Value& value, Budget& budget);
bool is_iterable(const Value& value);
bool has_size(const Value& value);
// len(value). Throws Error for a value without a length.
std::int64_t size_of(const Value& value);

// A running `for`, and what `loop` tells about it. Items are taken as late as possible: the test of
// a loop may depend on what its body did.
class Loop {
 public:
  using Next = std::function<std::optional<Value>()>;
  // `length` of the sequence is -1 if it is known only once all items are taken.
  Loop(Next next, std::int64_t length) : next_(std::move(next)), length_(length) {}

  // The next item; nothing at the end.
  std::optional<Value> step();
  // Undefined for an unknown name. The caller handles methods.
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
  Value previous_;
  Value current_;
  std::optional<std::optional<Value>> peeked_;  // the next item, if it was asked for
  Items counted_;                               // items taken in advance to count them
  std::size_t counted_at_ = 0;
  std::optional<Value> last_changed_;
};

}  // namespace tinyzero::jinja
