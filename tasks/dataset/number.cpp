// The grade `number`: one exact number, in the ways that people write numbers.
//
// Few words may stand before the number ("the answer is"), and behind it its unit or a plural:
// other words may change it ("minus", "at least", "million"). Signs of operations may not stand
// there: nothing is computed, but for fractions and a right equation. LaTeX is read as mathematics,
// and must be a rational number.

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "tasks/dataset/grade.h"
#include "tasks/dataset/math/algebra.h"
#include "tasks/dataset/math/numeral.h"
#include "tasks/dataset/math/plain_math.h"
#include "tasks/dataset/math/reader.h"
#include "tasks/dataset/math/words.h"
#include "tinyzero/answer.h"
#include "tinyzero/ascii.h"
#include "tinyzero/equations.h"

namespace tinyzero::dataset {
namespace {

constexpr std::size_t kLongestNumber = 1000;  // bytes of an answer

// Words that may stand before a number, and change nothing.
constexpr std::string_view kBefore[] = {"the",   "a",         "an",     "answer", "final", "result",
                                        "total", "value",     "sum",    "is",     "was",   "are",
                                        "it",    "so",        "thus",   "hence",  "we",    "get",
                                        "of",    "therefore", "equals", "there",  "that"};
// Words that may stand behind a number, beside its unit.
constexpr std::string_view kBehind[] = {"of", "in", "total", "each", "altogether", "left", "the"};

// Units that may stand directly behind a digit. A letter that may also be a thousand or a million
// is none.
constexpr std::string_view kUnits[] = {"km",  "cm", "mm",  "m",  "kg", "g",  "mg",  "lb",
                                       "lbs", "oz", "ft",  "in", "mi", "hr", "hrs", "h",
                                       "min", "s",  "mph", "ml", "l",  "L",  "kmh"};

bool is_letter(char c) { return is_ascii_letter(c) || c == '\'' || (c & 0x80) != 0; }

std::string lower(std::string_view word) {
  std::string out;
  for (const char c : word) out += ascii_lower(c);
  return out;
}

struct Number {
  Rational value;
  bool is_percent = false;
  Judgement fault = Judgement::right;  // right: none
};

// Reads one number among words.
class NumberReader {
 public:
  explicit NumberReader(std::string_view text) : rest_(text) {}

  Number read() {
    while (out_.fault == Judgement::right && !rest_.empty()) step();
    if (out_.fault == Judgement::right && !found_) out_.fault = Judgement::unreadable;
    return out_;
  }

 private:
  void step() {
    const char c = rest_[0];
    const bool is_sign = (c == '-' || c == '+') && (begins_number(1) || is_start_of_number());
    if (begins_number(0) || is_sign) return number();
    if (is_letter(c)) return word();
    if (std::string_view(" \t\r\n.,;:!?()\"=").find(c) == std::string_view::npos)
      out_.fault = Judgement::unreadable;
    rest_.remove_prefix(1);
    is_first_ = is_first_ && (c == '=' || is_blank(c));
  }

  bool begins_number(std::size_t at) const {
    const auto is_digit = [&](std::size_t i) {
      return i < rest_.size() && is_ascii_digit(rest_[i]);
    };
    return is_digit(at) || (at < rest_.size() && rest_[at] == '.' && is_digit(at + 1));
  }
  // Whether a sign with blanks behind it is that of a number: at the front of the text only.
  bool is_start_of_number() const {
    const std::size_t next = rest_.find_first_not_of(' ', 1);
    return is_first_ && next != std::string_view::npos && begins_number(next);
  }

  void word() {
    std::size_t end = 0;
    while (end < rest_.size() && (is_letter(rest_[end]) || is_ascii_digit(rest_[end]))) ++end;
    const std::string word = lower(rest_.substr(0, end));
    const bool has_digit = std::any_of(word.begin(), word.end(), is_ascii_digit);
    const bool is_plain = found_ ? is_unit(word) || is_one_of(kUnits, rest_.substr(0, end)) ||
                                       is_one_of(kBehind, word)
                                 : is_one_of(kBefore, word);
    if (has_digit || !is_plain) out_.fault = Judgement::unreadable;
    rest_.remove_prefix(end);
    if (found_ && word == "percent") out_.is_percent = true;
    is_first_ = false;
  }

  void number() {
    if (found_) out_.fault = Judgement::several;
    found_ = true;
    is_first_ = false;
    const bool is_negative = rest_[0] == '-';
    if (is_negative || rest_[0] == '+') rest_ = trim(rest_.substr(1));
    bool is_integer = false;
    out_.value = numeral(is_integer);
    if (is_integer) fraction();
    if (is_negative && out_.value.apply('*', -1) != Rational::Status::ok)
      out_.fault = Judgement::unreadable;
    behind_number();
  }

  Rational numeral(bool& is_integer) {
    const auto numeral = take_numeral(rest_, Separators::thousands);
    if (!numeral || !numeral->fits) out_.fault = Judgement::unreadable;
    is_integer = numeral && numeral->is_integer;
    return numeral ? numeral->value : Rational();
  }

  // "/4" behind an integer, or " 3/4" as the rest of a mixed number.
  void fraction() {
    std::string_view ahead = trim(rest_);
    const bool is_mixed = !ahead.empty() && is_ascii_digit(ahead[0]) && rest_[0] == ' ';
    Rational top = out_.value;
    if (is_mixed) {
      const auto numeral = take_numeral(ahead, Separators::none);
      if (!numeral || !numeral->is_integer || !numeral->fits) return;
      top = numeral->value;
      ahead = trim(ahead);
    }
    if (!ahead.starts_with('/')) return;
    ahead = trim(ahead.substr(1));
    const auto bottom = take_numeral(ahead, Separators::thousands);
    if (!bottom || !bottom->fits || top.apply('/', bottom->value) != Rational::Status::ok ||
        (is_mixed && top.apply('+', out_.value) != Rational::Status::ok)) {
      out_.fault = Judgement::unreadable;
      return;
    }
    out_.value = top;
    rest_ = ahead;
  }

  // What may stand directly behind a number: a unit, a percent sign or punctuation.
  void behind_number() {
    std::size_t end = 0;
    while (end < rest_.size() && is_letter(rest_[end])) ++end;
    if (end > 0 && !is_one_of(kUnits, rest_.substr(0, end))) out_.fault = Judgement::unreadable;
    rest_.remove_prefix(end);
    if (!rest_.starts_with('%')) return;
    out_.is_percent = true;
    rest_.remove_prefix(1);
  }

  std::string_view rest_;
  Number out_;
  bool found_ = false;
  bool is_first_ = true;  // whether nothing but blanks and "=" came before
};

// The number that LaTeX describes.
Number read_latex(const std::string& text) {
  Algebra algebra;
  try {
    const Value value = read_math(text, algebra);
    const Value& number =
        value.kind == Value::Kind::relation && value.text == "=" ? value.items[1] : value;
    if (number.kind == Value::Kind::group) return {.value = {}, .fault = Judgement::several};
    if (number.kind == Value::Kind::scalar)
      return {.value = rational_of(number.scalar), .is_percent = number.text == kPercent};
  } catch (const std::runtime_error&) {  // Unreadable or Undecided
  }
  return {.value = {}, .fault = Judgement::unreadable};
}

// What is equated: "42" of "x = 42", and of an equation that is right, such as "6*7 = 42". Of
// anything else, the whole text.
std::string_view right_side(std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string_view::npos || text.find('=', sign + 1) != std::string_view::npos)
    return text;
  const std::string_view left = trim(text.substr(0, sign));
  const bool is_name = left.size() == 1 && is_ascii_letter(left[0]);
  if (is_name) return trim(text.substr(sign + 1));
  const bool has_digit = std::any_of(left.begin(), left.end(), is_ascii_digit);
  const std::string plain = with_plain_operators(text);
  EquationReader equations(plain);
  const std::optional<Equation> equation = has_digit ? equations.next() : std::nullopt;
  return equation && equation->is_right() ? trim(text.substr(sign + 1)) : text;
}

Number read_number(std::string_view answer) {
  if (answer.size() > kLongestNumber) return {.value = {}, .fault = Judgement::unreadable};
  const std::string text = plain_math(answer);
  if (text.find('\\') != std::string::npos) return read_latex(text);
  return NumberReader(right_side(text)).read();
}

class NumberGrade : public Grade {
 public:
  std::string reference(std::string_view cell) const override {
    const std::string_view text = final_answer(cell);
    const Number number = read_number(text);
    if (number.fault == Judgement::several) throw std::invalid_argument("it holds several numbers");
    if (number.fault != Judgement::right) throw std::invalid_argument("it is not a number");
    return std::string(text);
  }

  Judgement judge(const std::string& reference, std::string_view answer) const override {
    const Number truth = read_number(reference), number = read_number(answer);
    if (truth.fault != Judgement::right)
      throw std::invalid_argument("the reference answer is not a number");
    if (number.fault != Judgement::right) return number.fault;
    return is_same(truth, number) ? Judgement::right : Judgement::wrong;
  }

 private:
  static bool is_same(const Number& a, const Number& b) {
    if (a.value == b.value) return true;
    if (a.is_percent == b.is_percent) return false;
    Rational share = a.is_percent ? a.value : b.value;
    return share.apply('/', 100) == Rational::Status::ok &&
           share == (a.is_percent ? b.value : a.value);
  }
};

}  // namespace

std::unique_ptr<Grade> number_grade() { return std::make_unique<NumberGrade>(); }

}  // namespace tinyzero::dataset
