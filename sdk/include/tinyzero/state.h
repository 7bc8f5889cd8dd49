// Reads a problem's state: one flat JSON object of integers, texts and lists of integers. A person
// may have typed it: fields may be in any order, and blanks and unknown fields are allowed. At most
// 64 KiB, and 8 levels of nesting in unknown fields.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tinyzero/ascii.h"
#include "tinyzero/short_list.h"

namespace tinyzero {

// A state that verify cannot use. The message says what was expected.
class BadState : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

class StateReader {
 public:
  // Reads the whole object; throws BadState if it is not one.
  explicit StateReader(std::string_view json) : rest_(json) {
    if (json.size() > 65536) throw BadState("state is longer than 64 KiB");
    expect('{');
    if (!accept('}')) {
      do {
        const std::string_view name = string();
        expect(':');
        const std::size_t before = rest_.size();
        const char* start = rest_.data();
        skip_value(8);
        add({name, {start, before - rest_.size()}});
      } while (accept(','));
      expect('}');
    }
    if (peek() != '\0') throw BadState("text after the state's closing brace");
  }

  bool has(std::string_view name) const { return field(name) != nullptr; }

  std::int64_t integer(std::string_view name) const {
    StateReader value(find(name), Value{});
    const std::int64_t number = value.number(name);
    value.finish(name);
    return number;
  }

  Integers integers(std::string_view name) const {
    StateReader value(find(name), Value{});
    Integers out;
    value.expect('[');
    if (!value.accept(']')) {
      do out.push_back(value.number(name));
      while (value.accept(','));
      value.expect(']');
    }
    value.finish(name);
    return out;
  }

  // A text without escapes; empty texts are allowed.
  std::string_view text(std::string_view name) const {
    StateReader value(find(name), Value{});
    const std::string_view out = value.string();
    value.finish(name);
    return out;
  }

 private:
  struct Field {
    std::string_view name, value;
  };
  struct Value {};
  StateReader(std::string_view json, Value) : rest_(json) {}

  void add(Field field) {
    if (count_ < first_.size()) first_[count_++] = field;
    else more_.push_back(field);
  }
  const Field* field(std::string_view name) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (first_[i].name == name) return &first_[i];
    }
    for (const Field& field : more_) {
      if (field.name == name) return &field;
    }
    return nullptr;
  }
  std::string_view find(std::string_view name) const {
    const Field* found = field(name);
    if (found == nullptr) throw BadState("state has no field \"" + std::string(name) + "\"");
    return found->value;
  }

  void finish(std::string_view name) {
    if (peek() != '\0')
      throw BadState("field \"" + std::string(name) + "\" of the state has another type");
  }

  // The next character that is not a blank; NUL at the end.
  char peek() {
    while (!rest_.empty() &&
           (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\r' || rest_[0] == '\n'))
      rest_.remove_prefix(1);
    return rest_.empty() ? '\0' : rest_[0];
  }
  bool accept(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c))
      throw BadState(std::string("state is not the expected JSON: '") + c + "' is missing");
  }

  // A quoted text, without its quotes; an escaped quote does not end it.
  std::string_view string() {
    expect('"');
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        const std::string_view out = rest_.substr(0, i);
        rest_.remove_prefix(i + 1);
        return out;
      }
    }
    throw BadState("state has an unclosed text");
  }

  // An integer of at most 18 digits.
  std::int64_t number(std::string_view name) {
    const bool negative = accept('-');
    std::size_t digits = 0;
    std::int64_t value = 0;
    while (digits < rest_.size() && is_ascii_digit(rest_[digits])) {
      if (digits < 18) value = value * 10 + (rest_[digits] - '0');
      ++digits;
    }
    if (digits == 0 || digits > 18) {
      throw BadState("field \"" + std::string(name) +
                     "\" of the state is not an integer of 1 to 18 digits");
    }
    rest_.remove_prefix(digits);
    return negative ? -value : value;
  }

  void skip_value(int depth) {
    const char c = peek();
    if (depth == 0) throw BadState("state is nested too deeply");
    if (c == '"') {
      string();
    } else if (c == '[' || c == '{') {
      skip_group(depth, c == '[' ? ']' : '}');
    } else {
      std::size_t length = 0;
      while (length < rest_.size() && is_word(rest_[length])) ++length;
      if (length == 0) throw BadState("state has a field without a value");
      rest_.remove_prefix(length);
    }
  }
  void skip_group(int depth, char close) {
    rest_.remove_prefix(1);
    if (accept(close)) return;
    do {
      if (close == '}') {
        string();
        expect(':');
      }
      skip_value(depth - 1);
    } while (accept(','));
    expect(close);
  }
  static bool is_word(char c) {
    return is_ascii_alphanumeric(c) || c == '-' || c == '+' || c == '.';
  }

  std::string_view rest_;
  // Most states have at most four fields; those need no allocation.
  std::array<Field, 4> first_{};
  std::size_t count_ = 0;  // fields in first_
  std::vector<Field> more_;
};

}  // namespace tinyzero
