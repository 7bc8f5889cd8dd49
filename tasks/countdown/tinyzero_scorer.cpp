// The rule of TinyZero's scorer. It searches the last line of the text after the prompt's marker
// for the last answer pair, and strips the answer as Python does. Without a pair the score is 0.
// The runs of digits must equal the given numbers as a multiset. The text must consist of digits, +
// - * / ( ) . and white space, and its value as a Python expression must be within 1e-5 of the
// target. Otherwise the score is 0.1. TinyZero calls eval; this file parses Python's grammar for
// those characters.

#include "tinyzero_scorer.h"

#include <algorithm>
#include <limits>

#include "python_value.h"
#include "tinyzero/ascii.h"
#include "tinyzero/number_text.h"
#include "tinyzero/python_scorer.h"

namespace tinyzero::countdown {
namespace {

constexpr int kMaxNesting = 200;  // CPython's limit for parentheses
constexpr int kMaxSigns = 2000;   // chained signs; CPython's limit is above, depending on its build
constexpr std::size_t kMaxText = 65536;

// Python's expression grammar for the characters that TinyZero allows. Anything else they can spell
// (calls, tuples, a line end outside parentheses) is an error in Python or not a number, which gets
// the same score.
class PythonExpression {
 public:
  explicit PythonExpression(std::string_view text) : text_(text) {}

  PythonValue evaluate() {
    const PythonValue value = sum();
    if (peek() != '\0') throw PythonError("invalid syntax");
    return value;
  }

 private:
  char peek() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool is_space(char c) const {
    return c == ' ' || c == '\t' || c == '\f' || (nesting_ > 0 && c == '\r');
  }
  bool doubled(char c) const {
    return at_ + 1 < text_.size() && text_[at_] == c && text_[at_ + 1] == c;
  }

  PythonValue sum() {
    PythonValue value = product();
    for (char op = peek(); op == '+' || op == '-'; op = peek()) {
      ++at_;
      value = PythonValue::apply(op, value, product());
    }
    return value;
  }

  PythonValue product() {
    PythonValue value = factor();
    for (char op = peek(); op == '*' || op == '/'; op = peek()) {
      const bool floor = doubled('/');
      at_ += floor ? 2 : 1;
      value = PythonValue::apply(floor ? 'F' : op, value, factor());
    }
    return value;
  }

  PythonValue factor() {
    const char op = peek();
    if (op != '+' && op != '-') return power();
    ++at_;
    if (++signs_ > kMaxSigns) throw PythonError("too many signs");
    const PythonValue value = factor();
    --signs_;
    return op == '-' ? value.negated() : value;
  }

  PythonValue power() {
    const PythonValue base = atom();
    if (peek() != '*' || !doubled('*')) return base;
    at_ += 2;
    return PythonValue::apply('P', base, factor());
  }

  PythonValue atom() {
    if (peek() != '(') return number();
    if (++nesting_ > kMaxNesting) throw PythonError("too many nested parentheses");
    ++at_;
    const PythonValue value = sum();
    if (peek() != ')') throw PythonError("'(' was never closed");
    ++at_;
    --nesting_;
    if (peek() == '(') throw PythonError("a number is not callable");
    return value;
  }

  PythonValue number() {
    const std::size_t start = at_;
    const auto digits = [&] {
      const std::size_t from = at_;
      while (at_ < text_.size() && is_ascii_digit(text_[at_])) ++at_;
      return at_ - from;
    };
    std::size_t count = digits();
    const bool real = at_ < text_.size() && text_[at_] == '.';
    if (real) {
      ++at_;
      count += digits();
    }
    if (count == 0) throw PythonError("invalid syntax");
    const std::string literal(text_.substr(start, at_ - start));
    const char next = peek();
    if (next == '(' || next == '.' || is_ascii_digit(next)) throw PythonError("invalid syntax");
    if (real) return parse_real(literal).value_or(std::numeric_limits<double>::infinity());
    const std::size_t first = literal.find_first_not_of('0');
    if (first == std::string::npos) return BigInteger(0);
    if (first > 0) throw PythonError("leading zeros in decimal integer literals are not permitted");
    return BigInteger(literal);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  int signs_ = 0;
};

bool uses_numbers(std::string_view text, std::vector<std::int64_t> numbers) {
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_ascii_digit(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_ascii_digit(text[end])) ++end;
    while (i + 1 < end && text[i] == '0') ++i;
    if (end - i > 18) return false;
    found.push_back(parse_integer(text.substr(i, end - i)).value());
    i = end;
  }
  std::sort(found.begin(), found.end());
  std::sort(numbers.begin(), numbers.end());
  return found == numbers;
}

bool is_allowed(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_ascii_digit(c) || std::string_view("+-*/().").find(c) != std::string_view::npos ||
           python::leading_space({&c, 1}) == 1;
  });
}

}  // namespace

TinyZeroScore tinyzero_score(std::string_view completion, const std::vector<std::int64_t>& numbers,
                             std::int64_t target, const std::string& framing) {
  auto searched = python::after_marker(completion, framing, /*knows_qwen=*/true);
  if (!searched) return TinyZeroScore::no_answer;
  const std::size_t line = searched->rfind('\n');
  if (line != std::string_view::npos) searched->remove_prefix(line + 1);
  const auto answer = python::last_answer(*searched);
  if (!answer) return TinyZeroScore::no_answer;
  const std::string_view text = python::strip(*answer);
  if (text.size() > kMaxText || !is_allowed(text) || !uses_numbers(text, numbers))
    return TinyZeroScore::format;
  try {
    return PythonExpression(text).evaluate().is_near(target, 1e-5) ? TinyZeroScore::correct
                                                                   : TinyZeroScore::format;
  } catch (const PythonError&) {
    return TinyZeroScore::format;
  }
}

}  // namespace tinyzero::countdown
