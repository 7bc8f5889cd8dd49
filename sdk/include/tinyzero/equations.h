// The equations that a text contains, such as "9-7=2" and "(4+5)*3 = 27": for counting what a
// completion computes, whatever else it says.
//
//   equation := left '=' number
//   left     := an expression of expression.h with at least one operation, where a minus sign may
//               stand at the front and behind '(', or number op number
//   number   := '-'? [0-9]+ ('/' [0-9]+)?
//
// Blanks are spaces and tabs. What stands directly beside a letter, a decimal point or another
// operator is no equation: "x2+3=5", "1.5+1=2.5", "1+2=3+0"; of a chain the last equation counts.
// with_plain_operators() brings other signs into this form. Linear in the length of the text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tinyzero/ascii.h"
#include "tinyzero/expression.h"
#include "tinyzero/rational.h"

namespace tinyzero {

struct Operation {
  Rational left;
  char op = '+';
  Rational right;
};

struct Equation {
  std::string_view left;  // as it is written
  // The left side's operations in the order of the computation. Empty if it divides by zero or has
  // a minus sign that is no operation.
  std::vector<Operation> operations;
  // The left side as one operation, where it can be read so with a fraction or a negative number:
  // "3/2*2" is 3/2 times 2.
  std::optional<Operation> single;
  std::optional<Rational> value;    // of the left side; nullopt: it divides by zero
  std::optional<Rational> written;  // behind '='; nullopt: larger than Rational
  std::size_t end = 0;              // where the text goes on

  bool is_right() const { return value && written && *value == *written; }
};

// The text with + - * / for ×, ÷, −, ·, and LaTeX's \times, \div and \cdot, and without the
// asterisks of bold type.
inline std::string with_plain_operators(std::string_view text) {
  constexpr std::pair<std::string_view, char> kSigns[] = {
      {"\xC3\x97", '*'}, {"\xC3\xB7", '/'}, {"\xE2\x88\x92", '-'}, {"\xC2\xB7", '*'},
      {"\\times", '*'},  {"\\div", '/'},    {"\\cdot", '*'}};
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t taken = 0;
    for (const auto& [sign, plain] : kSigns) {
      if (text[0] != sign[0] || text.substr(0, sign.size()) != sign) continue;
      out += plain;
      taken = sign.size();
      break;
    }
    // "2**3" is a power, "**2+3=5**" is bold.
    const bool is_bold = taken == 0 && text.substr(0, 2) == "**" &&
                         (out.empty() || !is_ascii_digit(out.back()) || text.size() == 2 ||
                          !is_ascii_digit(text[2]));
    if (is_bold) out += ' ';
    if (is_bold) taken = 2;
    if (taken == 0) out += text[0];
    text.remove_prefix(std::max<std::size_t>(taken, 1));
  }
  return out;
}

// Removes the number at the front of `text`. nullopt, and `text` unchanged, if there is none, if it
// divides by zero or if it does not fit Rational.
inline std::optional<Rational> take_number(std::string_view& text) {
  std::size_t at = 0;
  const auto digits = [&](Rational& value) {
    const std::size_t start = at;
    bool fits = true;
    for (; at < text.size() && is_ascii_digit(text[at]); ++at) {
      fits = fits && value.apply('*', 10) == Rational::Status::ok &&
             value.apply('+', text[at] - '0') == Rational::Status::ok;
    }
    return at > start && fits;
  };
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) at = 1;
  Rational value;
  if (!digits(value)) return std::nullopt;
  if (at + 1 < text.size() && text[at] == '/' && is_ascii_digit(text[at + 1])) {
    ++at;
    Rational divisor;
    if (!digits(divisor) || value.apply('/', divisor) != Rational::Status::ok) return std::nullopt;
  }
  if (negative && value.apply('*', -1) != Rational::Status::ok) return std::nullopt;
  text.remove_prefix(at);
  return value;
}

// Reads the equations of a text, one after the other.
class EquationReader {
 public:
  explicit EquationReader(std::string_view text) : text_(text) {}

  // The next equation; nullopt at the end of the text.
  std::optional<Equation> next() {
    for (;;) {
      const std::size_t sign = text_.find('=', at_);
      if (sign == std::string_view::npos) return std::nullopt;
      const std::size_t from = at_;
      at_ = sign + 1;
      Equation equation;
      if (!read_written(sign + 1, equation) || !read_left(from, sign, equation)) continue;
      at_ = equation.end;
      return equation;
    }
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t'; }
  static bool is_operator(char c) { return c == '+' || c == '-' || c == '*' || c == '/'; }
  // Whether an equation cannot stand directly beside this character: it is a part of a word, a
  // decimal number or a power.
  static bool belongs_to_more(char c) {
    return is_ascii_alphanumeric(c) || c == '_' || c == '.' || c == '^' || c == '%';
  }
  static std::string_view trim_spaces(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
  }

  // The number at `at`, as long as no operation follows. A number too large for Rational is
  // skipped.
  bool read_written(std::size_t at, Equation& out) const {
    while (at < text_.size() && is_space(text_[at])) ++at;
    std::string_view rest = text_.substr(at);
    out.written = take_number(rest);
    if (!out.written) {
      std::size_t length = !rest.empty() && rest[0] == '-' ? 1 : 0;
      const std::size_t first = length;
      while (length < rest.size() &&
             (is_ascii_digit(rest[length]) || (rest[length] == '/' && length > first)))
        ++length;
      if (length == first) return false;
      rest.remove_prefix(length);
    }
    out.end = text_.size() - rest.size();
    if (rest.empty()) return true;
    if (rest[0] == '.')
      return rest.size() == 1 || !is_ascii_digit(rest[1]);  // the end of a sentence
    if (belongs_to_more(rest[0])) return false;
    std::size_t next = 0;
    while (next < rest.size() && is_space(rest[next])) ++next;
    if (next == rest.size()) return true;
    if (rest[next] == '=') return false;
    if (!is_operator(rest[next])) return true;
    // "= 2 -3" lists a negative number, "= 2 - 3" and "= 2-3" go on computing, "= 2 - no" does not.
    std::size_t operand = next + 1;
    while (operand < rest.size() && is_space(rest[operand])) ++operand;
    const bool goes_on = operand < rest.size() && (is_ascii_digit(rest[operand]) ||
                                                   rest[operand] == '(' || rest[operand] == '-');
    return !goes_on || (next > 0 && rest[next] == '-' && is_ascii_digit(rest[next + 1]));
  }

  // The longest left side that ends before the sign at `sign` and begins at `from` or later.
  bool read_left(std::size_t from, std::size_t sign, Equation& out) const {
    std::size_t begin = sign;
    char next = '\0';  // the character behind, without blanks
    bool blank = false;
    for (; begin > from; --begin) {
      const char c = text_[begin - 1];
      if (is_space(c)) {
        blank = true;
        continue;
      }
      const bool ends_atom = is_ascii_digit(c) || c == ')';
      if (!ends_atom && c != '(' && !is_operator(c)) break;
      if (ends_atom && blank && (is_ascii_digit(next) || next == '(')) break;  // two numbers
      next = c;
      blank = false;
    }
    std::string_view left = text_.substr(begin, sign - begin);
    if (begin > from && belongs_to_more(text_[begin - 1]) && !left.empty() && !is_space(left[0]))
      return false;
    left = trim_spaces(left);
    // A bullet of a list.
    while (left.size() > 1 && is_operator(left[0]) && is_space(left[1]))
      left = trim_spaces(left.substr(1));
    left = without_open_parentheses(left);
    out.left = left;
    // Both readings count; where both have a value, it is the same one.
    const bool is_single = read_single(left, out);
    return read_expression(left, out) || is_single;
  }

  // Without those at the front that nothing closes: "(so 2+3=5)" and "(2+3=5)".
  static std::string_view without_open_parentheses(std::string_view text) {
    std::ptrdiff_t open = 0;
    for (const char c : text) open += c == '(' ? 1 : c == ')' ? -1 : 0;
    for (; open > 0 && !text.empty() && text[0] == '('; --open) text = trim_spaces(text.substr(1));
    return text;
  }

  // The text with a 0 before each sign, which so becomes a difference: the grammar of expressions
  // has no signs. nullopt if there is none.
  static std::optional<std::string> without_signs(std::string_view text) {
    std::string out;
    bool has_sign = false;
    char last = '\0';  // but for blanks
    for (const char c : text) {
      const bool is_sign = c == '-' && (last == '\0' || last == '(');
      has_sign = has_sign || is_sign;
      if (is_sign) out += '0';
      out += c;
      if (!is_space(c)) last = c;
    }
    if (!has_sign) return std::nullopt;
    return out;
  }

  static bool read_expression(std::string_view left, Equation& out) {
    const std::optional<std::string> differences = without_signs(left);
    std::vector<Operation> operations;
    const Expression read(differences ? std::string_view(*differences) : left,
                          [&](const Rational& a, char op, const Rational& b, Rational&) {
                            operations.push_back({a, op, b});
                          });
    if (read.fault() == ExpressionFault::division_by_zero) return true;
    // "-5" is one operation as a difference, and none as it is written.
    if (read.fault() != ExpressionFault::none || operations.size() < (differences ? 2u : 1u))
      return false;
    if (!differences) out.operations = std::move(operations);
    out.value = read.value();
    return true;
  }

  static bool read_single(std::string_view left, Equation& out) {
    std::string_view rest = left;
    const std::optional<Rational> a = take_number(rest);
    rest = trim_spaces(rest);
    if (!a || rest.empty() || !is_operator(rest[0])) return false;
    const char op = rest[0];
    rest = trim_spaces(rest.substr(1));
    const std::optional<Rational> b = take_number(rest);
    if (!b || !rest.empty()) return false;
    const bool is_plain =
        left[0] != '-' && a->is_integer() && b->is_integer() && b->numerator() >= 0;
    if (is_plain || (op == '/' && !b->is_integer())) return false;  // "1/2/2/3" is no single one
    Rational value = *a;
    const Rational::Status status = value.apply(op, *b);
    if (status == Rational::Status::overflow) return false;
    if (status == Rational::Status::ok) out.value = value;
    out.single = {*a, op, *b};
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace tinyzero
