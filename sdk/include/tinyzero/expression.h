// Exact value of an arithmetic expression, in bounded time and space.
//
//   expr := term (('+'|'-') term)*
//   term := atom (('*'|'/') atom)*
//   atom := INT | '(' expr ')'
//   INT  := 0 | [1-9][0-9]*             blanks (space, tab, CR, LF) are allowed between tokens
//
// ASCII only, without signs, powers, decimal points, functions and implicit products: the grammar
// can express nothing but the four operations. At most 4,096 characters and 128 levels of
// parentheses, so a hostile answer costs no more than a long one.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "tinyzero/answer.h"
#include "tinyzero/rational.h"
#include "tinyzero/short_list.h"

namespace tinyzero {

inline constexpr std::size_t kMaxExpression = 4096;  // characters
inline constexpr int kMaxDepth = 128;                // nested parentheses

enum class ExpressionFault {
  none,
  not_an_expression,
  too_long,          // more than kMaxExpression characters
  too_deep,          // more than kMaxDepth parentheses
  number_too_large,  // an integer of more than 18 digits
  division_by_zero,
  overflow  // a value that does not fit Rational
};

// Reads one expression. Values are computed only while no fault has occurred; the grammar is always
// checked to the end, so that "not an expression" wins over "division by zero".
class Expression {
 public:
  // Called for each operation, in the order of the computation. It may replace the result; the
  // computation then continues with that value.
  using OnStep =
      std::function<void(const Rational& left, char op, const Rational& right, Rational& result)>;

  explicit Expression(std::string_view text, OnStep on_step = {})
      : text_(text), on_step_(std::move(on_step)) {
    if (text_.size() > kMaxExpression) {
      fault_ = ExpressionFault::too_long;
      return;
    }
    value_ = sum(0);
    skip_blanks();
    if (!stopped() && at_ != text_.size()) stop(ExpressionFault::not_an_expression);
  }

  ExpressionFault fault() const { return fault_; }
  // Meaningful only without a fault.
  const Rational& value() const { return value_; }
  // The integers, in the order of the text; complete unless the fault is too_long, too_deep or
  // not_an_expression. An integer of more than 18 digits is -1.
  const Integers& integers() const { return integers_; }

 private:
  bool stopped() const {
    return fault_ == ExpressionFault::not_an_expression || fault_ == ExpressionFault::too_deep;
  }

  void stop(ExpressionFault fault) { fault_ = fault; }
  void note(ExpressionFault fault) {
    if (fault_ == ExpressionFault::none) fault_ = fault;
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  // The next character that is not blank, 0 at the end.
  char peek() {
    skip_blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  Rational sum(int depth) {
    Rational value = product(depth);
    for (char op = peek(); !stopped() && (op == '+' || op == '-'); op = peek()) {
      ++at_;
      combine(value, op, product(depth));
    }
    return value;
  }

  Rational product(int depth) {
    Rational value = atom(depth);
    for (char op = peek(); !stopped() && (op == '*' || op == '/'); op = peek()) {
      ++at_;
      combine(value, op, atom(depth));
    }
    return value;
  }

  Rational atom(int depth) {
    const char c = peek();
    if (stopped()) return {};
    if (c >= '0' && c <= '9') return integer();
    if (c != '(') {
      stop(ExpressionFault::not_an_expression);
      return {};
    }
    if (depth == kMaxDepth) {
      stop(ExpressionFault::too_deep);
      return {};
    }
    ++at_;
    const Rational value = sum(depth + 1);
    if (!stopped() && peek() != ')') stop(ExpressionFault::not_an_expression);
    ++at_;
    return value;
  }

  Rational integer() {
    const std::size_t start = at_;
    std::int64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (at_ - start < 18) value = value * 10 + (text_[at_] - '0');
    }
    const std::size_t digits = at_ - start;
    if (text_[start] == '0' && digits > 1) stop(ExpressionFault::not_an_expression);
    if (digits > 18) {
      note(ExpressionFault::number_too_large);
      value = -1;
    }
    integers_.push_back(value);
    return value;
  }

  void combine(Rational& value, char op, const Rational& right) {
    if (fault_ != ExpressionFault::none) return;
    const Rational left = value;
    const Rational::Status status = value.apply(op, right);
    if (status == Rational::Status::ok && on_step_) on_step_(left, op, right, value);
    if (status == Rational::Status::division_by_zero) note(ExpressionFault::division_by_zero);
    if (status == Rational::Status::overflow) note(ExpressionFault::overflow);
  }

  std::string_view text_;
  OnStep on_step_;
  std::size_t at_ = 0;
  ExpressionFault fault_ = ExpressionFault::none;
  Rational value_;
  Integers integers_;
};

}  // namespace tinyzero
