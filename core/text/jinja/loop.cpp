#include "core/text/jinja/loop.h"

#include "core/text/jinja/python_text.h"

namespace tinyzero::jinja {

Value iterator(Items items) {
  return Value(Value::Data(std::make_shared<Iterator>(std::move(items))));
}

bool is_iterable(const Value& value) {
  return value.is<Undefined>() || value.is_text() || value.sequence() != nullptr ||
         value.dict() != nullptr || value.is<std::shared_ptr<Iterator>>();
}

Items all_items(const Value& value, Budget& budget) {
  Items out;
  if (value.is_text()) {
    budget.take(kItemBytes * value.text().size());
    for (std::string& c : characters(value.text())) out.push_back(Value::text(std::move(c)));
  } else if (const Sequence* sequence = value.sequence()) {
    budget.take(kItemBytes * sequence->items.size());
    out = sequence->items;
  } else if (const Dict* dict = value.dict()) {
    for (const auto& [key, unused] : dict->entries) out.push_back(key);
  } else if (value.is<std::shared_ptr<Iterator>>()) {
    while (auto item = value.get<std::shared_ptr<Iterator>>()->next()) out.push_back(*item);
  } else if (!value.is<Undefined>()) {
    throw Error(std::string("a ") + value.type() + " cannot be iterated over");
  }
  budget.spend(std::ssize(out) + 1);
  return out;
}

bool has_size(const Value& value) {
  return value.is<Undefined>() || value.is_text() || value.sequence() != nullptr ||
         value.dict() != nullptr;
}

std::int64_t size_of(const Value& value) {
  if (value.is<Undefined>()) return 0;
  if (value.is_text()) return length(value.text());
  if (const Sequence* sequence = value.sequence()) return std::ssize(sequence->items);
  if (const Dict* dict = value.dict()) return std::ssize(dict->entries);
  throw Error(std::string("a ") + value.type() + " has no length");
}

std::optional<Value> Loop::take() {
  if (counted_at_ < counted_.size()) return counted_[counted_at_++];
  return next_();
}

const std::optional<Value>& Loop::peek() {
  if (!peeked_) peeked_ = take();
  return *peeked_;
}

std::optional<Value> Loop::step() {
  std::optional<Value> item = peek();
  peeked_.reset();
  if (!item) return item;
  ++index_;
  previous_ = std::move(current_);
  current_ = *item;
  return item;
}

std::int64_t Loop::length() {
  if (length_ >= 0) return length_;
  const std::int64_t taken = index_ + 1 + (peeked_ && *peeked_ ? 1 : 0);
  Items ahead;
  while (auto item = take()) ahead.push_back(*item);
  counted_ = std::move(ahead);
  counted_at_ = 0;
  return length_ = taken + std::ssize(counted_);
}

Value Loop::attribute(const std::string& name) {
  if (name == "index") return Value::integer(index_ + 1);
  if (name == "index0") return Value::integer(index_);
  if (name == "revindex") return Value::integer(length() - index_);
  if (name == "revindex0") return Value::integer(length() - index_ - 1);
  if (name == "first") return Value::boolean(index_ == 0);
  if (name == "last") return Value::boolean(!peek());
  if (name == "length") return Value::integer(length());
  if (name == "depth") return Value::integer(1);
  if (name == "depth0") return Value::integer(0);
  if (name == "previtem")
    return index_ == 0 ? Value::undefined("there is no previous item") : previous_;
  if (name == "nextitem") return peek() ? *peek() : Value::undefined("there is no next item");
  return Value::undefined("loop has no attribute \"" + name + "\"");
}

Value Loop::cycle(const CallArguments& arguments) const {
  if (!arguments.named.empty() || arguments.positional.empty())
    throw Error("loop.cycle() takes values by position");
  return arguments.positional[index_ % std::ssize(arguments.positional)];
}

bool Loop::changed(const CallArguments& arguments, Budget& budget) {
  if (!arguments.named.empty()) throw Error("loop.changed() takes values by position");
  const Value now = Value::tuple(arguments.positional);
  if (last_changed_ && equal(*last_changed_, now, budget)) return false;
  last_changed_ = now;
  return true;
}

}  // namespace tinyzero::jinja
