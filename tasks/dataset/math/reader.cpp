#include "tasks/dataset/math/reader.h"

#include <algorithm>
#include <array>

#include "tasks/dataset/math/cursor.h"
#include "tasks/dataset/math/numeral.h"
#include "tasks/dataset/math/words.h"
#include "tinyzero/answer.h"
#include "tinyzero/ascii.h"

namespace tinyzero::dataset {
namespace {

constexpr int kDeepest = 64;

bool is_scalar(const Value& value) {
  return value.kind == Value::Kind::scalar && value.text.empty();
}

Value scalar_of(Scalar scalar) {
  return {.kind = Value::Kind::scalar, .scalar = std::move(scalar)};
}
Value word_of(std::string text) { return {.kind = Value::Kind::word, .text = std::move(text)}; }
Value group_of(std::string brackets, std::vector<Value> items) {
  return {.kind = Value::Kind::group, .text = std::move(brackets), .items = std::move(items)};
}

class Reader : Cursor {
 public:
  Reader(std::string_view text, Algebra& algebra) : Cursor(text), algebra_(algebra) {}

  Value read() {
    Value out = list();
    if (!at_end()) fail();
    return out;
  }

 private:
  // Levels of nesting.
  class Level {
   public:
    explicit Level(Reader& reader) : reader_(reader) {
      if (++reader_.depth_ > kDeepest) throw Unreadable("it is nested too deeply");
    }
    ~Level() { --reader_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Reader& reader_;
  };

  // ---- lists, relations, unions ----

  bool accept_separator() {
    if (accept(",") || accept(";")) {
      accept_conjunction();  // "1, 2, and 3"
      return true;
    }
    return accept_conjunction();
  }
  bool accept_conjunction() {
    for (const std::string_view word : {"and", "or"}) {
      if (letters() == word) return accept(word);
      const std::string_view before = rest_;
      if (accept("\\text") && accept("{") && letters() == word && accept(word) && accept("}"))
        return true;
      rest_ = before;
    }
    return false;
  }

  Value list() {
    std::vector<Value> items;
    do {
      Value item = relation();
      if (item.kind == Value::Kind::group && item.text.empty())  // of plus or minus
        std::move(item.items.begin(), item.items.end(), std::back_inserter(items));
      else items.push_back(std::move(item));
    } while (accept_separator());
    return items.size() == 1 ? std::move(items[0]) : group_of("", std::move(items));
  }

  char accept_relation() {
    if (accept("\\le") || accept("<=")) return 'l';
    if (accept("\\ge") || accept(">=")) return 'g';
    if (accept("\\ne") || accept("!=")) return 'n';
    if (accept("=")) return '=';
    if (accept("<")) return '<';
    return accept(">") ? '>' : '\0';
  }

  Value relation() {
    Value first = join();
    Value out{.kind = Value::Kind::relation, .items = {first}};
    while (const char sign = accept_relation()) {
      out.text += sign;
      out.items.push_back(join());
    }
    return out.text.empty() ? first : out;
  }

  Value join() {
    Value first = sum();
    Value out{.kind = Value::Kind::join, .items = {first}};
    while (accept("\\cup")) out.items.push_back(sum());
    return out.items.size() == 1 ? first : out;
  }

  // ---- arithmetic ----

  Scalar number_in(const Value& value) {
    if (!is_scalar(value)) throw Undecided("arithmetic with what is no number");
    return value.scalar;
  }

  Value sum() {
    const Level level(*this);
    const bool negative = accept("-");
    if (!negative) accept("+");
    Value out = accept("\\pm") ? both(scalar_of({}), term()) : term();
    if (negative) out = scalar_of(algebra_.negative(number_in(out)));
    while (true) {
      if (accept("\\pm")) out = both(out, term());
      else if (accept("+")) out = scalar_of(algebra_.add(number_in(out), number_in(term())));
      else if (accept("-"))
        out = scalar_of(algebra_.add(number_in(out), algebra_.negative(number_in(term()))));
      else break;
    }
    return with_unit(std::move(out));
  }

  // a ± b, as a list.
  Value both(const Value& a, const Value& b) {
    const Scalar left = number_in(a), right = number_in(b);
    return group_of("", {scalar_of(algebra_.add(left, right)),
                         scalar_of(algebra_.add(left, algebra_.negative(right)))});
  }

  Value term() {
    Value out = factor();
    while (true) {
      if (accept("*"))
        out = scalar_of(algebra_.multiply(number_in(out), number_in(signed_factor())));
      else if (accept("/"))
        out = scalar_of(algebra_.divide(number_in(out), number_in(signed_factor())));
      else if (continues_mixed(out)) out = mixed(out);
      else if (is_scalar(out) && continues_product())
        out = scalar_of(algebra_.multiply(out.scalar, number_in(factor())));
      else return out;
    }
  }

  Value signed_factor() {
    if (!accept("-")) return factor();
    return scalar_of(algebra_.negative(number_in(factor())));
  }

  // Whether a factor follows without a sign. A number does not: "3 4" is no product.
  bool continues_product() {
    if (is_ascii_letter(peek())) return !is_unit(letters()) && !is_conjunction(letters());
    if (peek() == '(' || peek() == '{') return true;
    if (peek() != '\\' || rest_.size() < 2 || !is_ascii_letter(rest_[1])) return false;
    for (const std::string_view other :
         {"\\cup", "\\pm", "\\le", "\\ge", "\\ne", "\\text", "\\end"}) {
      const std::string_view before = rest_;
      const bool found = accept(other);
      rest_ = before;
      if (found) return false;
    }
    return true;
  }

  bool continues_mixed(const Value& whole) {
    if (!just_integer_ || !is_scalar(whole)) return false;
    const std::string_view before = rest_;
    const bool is_fraction = accept("\\frac") || is_ascii_digit(peek());
    rest_ = before;
    return is_fraction;
  }

  Value mixed(const Value& whole) {
    Value fraction;
    if (is_ascii_digit(peek())) {
      const Scalar top = number();
      if (!just_integer_) fail();
      expect("/");
      fraction = scalar_of(algebra_.divide(top, number()));
    } else {
      fraction = factor();
    }
    just_integer_ = false;
    if (!is_rational(number_in(fraction)))  // 2\frac{x}{3}: a product
      return scalar_of(algebra_.multiply(whole.scalar, fraction.scalar));
    return scalar_of(algebra_.add(whole.scalar, fraction.scalar));
  }

  Value factor() {
    const Level level(*this);
    Value out = base();
    while (true) {
      if (accept("^\\circ")) {  // degrees, the unit of an angle
      } else if (accept("^")) {
        out = scalar_of(algebra_.power(number_in(out), exponent()));
      } else if (accept("!")) {
        out = scalar_of(algebra_.factorial(number_in(out)));
      } else {
        return out;
      }
      just_integer_ = false;
    }
  }

  Scalar exponent() {
    if (accept("-")) return algebra_.negative(exponent());
    return is_ascii_digit(peek()) ? number() : number_in(base());
  }

  Scalar number() {
    skip_blanks();
    const auto numeral =
        take_numeral(rest_, brackets_ == 0 ? Separators::thousands : Separators::none);
    if (!numeral) fail();
    if (!numeral->fits) throw Undecided("a number is too large");
    just_integer_ = numeral->is_integer;
    return Algebra::number(numeral->value);
  }

  Value base() {
    just_integer_ = false;
    const char next = peek();
    if (is_ascii_digit(next) || next == '.') return number_or_based();
    if (is_ascii_letter(next)) return name();
    if (next == '(' || next == '[') return bracketed(next);
    if (accept("{")) return braced();
    if (accept("|")) return absolute();
    if (accept("\\{")) return set();
    if (next == '\\') return command();
    fail();
  }

  // "1011_2" is an integer in base 2.
  Value number_or_based() {
    skip_blanks();
    const std::string_view start = rest_;
    const Scalar value = number();
    if (!rest_.starts_with("_")) return scalar_of(value);
    const std::string digits(start.substr(0, start.size() - rest_.size()));
    expect("_");
    const Scalar base = argument();
    return {.kind = Value::Kind::based, .text = digits + "_" + text_of(base)};
  }

  // A variable, a constant or a function, in plain letters.
  Value name() {
    const std::string_view word = letters();
    if (word == "pi" || word == "inf" || word == "infinity") {
      accept(word);
      return scalar_of(Algebra::symbol(word == "pi" ? "pi" : "infinity"));
    }
    if (word == "sqrt" && accept(word)) return scalar_of(algebra_.root(argument(), 2));
    if (is_function(word) && accept(word)) return function(std::string(word));
    if (is_word(word)) fail();
    std::string symbol(1, word[0]);
    rest_.remove_prefix(1);
    return scalar_of(Algebra::symbol(symbol + subscript()));
  }

  std::string subscript() {
    if (!rest_.starts_with("_")) return "";
    expect("_");
    return "_" + text_of(argument());
  }

  Value function(const std::string& word) {
    std::string symbol = word + subscript();
    const bool is_squared = accept("^2") || accept("^{2}");
    const Scalar of = peek() == '(' || peek() == '{' ? argument() : number_in(term());
    const Scalar value =
        word == "exp" ? algebra_.power(Algebra::symbol("e"), of) : algebra_.function(symbol, of);
    return scalar_of(is_squared ? algebra_.multiply(value, value) : value);
  }

  // ---- brackets ----

  std::vector<Value> items_until(std::initializer_list<std::string_view> closings,
                                 std::string& closing) {
    const Level level(*this);
    ++brackets_;
    std::vector<Value> items;
    do items.push_back(relation());
    while (accept(",") || accept(";"));
    --brackets_;
    for (const std::string_view sign : closings) {
      if (!accept(sign)) continue;
      closing = sign;
      return items;
    }
    fail();
  }

  Value bracketed(char open) {
    rest_.remove_prefix(1);
    std::string closing;
    std::vector<Value> items = items_until({")", "]"}, closing);
    if (open == '(' && closing == ")" && items.size() == 1) return std::move(items[0]);
    return group_of(open + closing, std::move(items));
  }

  // LaTeX's own braces, or a set in plain text.
  Value braced() {
    std::string closing;
    std::vector<Value> items = items_until({"}"}, closing);
    if (items.size() == 1) return std::move(items[0]);
    return group_of("{}", std::move(items));
  }

  Value set() {
    if (accept("\\}")) return word_of("empty set");
    std::string closing;
    return group_of("{}", items_until({"\\}"}, closing));
  }

  Value absolute() {
    const Value inside = sum();
    expect("|");
    return scalar_of(algebra_.function("abs", number_in(inside)));
  }

  // ---- commands ----

  // An argument of a command: in braces or parentheses, one digit, or one symbol.
  Scalar argument() {
    const Level level(*this);
    if (is_ascii_digit(peek())) {
      const Scalar digit = Algebra::number(rest_[0] - '0');
      rest_.remove_prefix(1);
      return digit;
    }
    return number_in(base());
  }

  Value command() {
    if (accept("\\frac")) {
      const Scalar top = argument();
      return scalar_of(algebra_.divide(top, argument()));
    }
    if (accept("\\sqrt")) return scalar_of(radical());
    if (accept("\\binom")) {
      const Scalar n = argument();
      return scalar_of(algebra_.binomial(n, argument()));
    }
    if (accept("\\text")) return word_of(text_argument());
    if (accept("\\boxed")) return scalar_of(argument());
    if (accept("\\infty")) return scalar_of(Algebra::symbol("infinity"));
    if (accept("\\pi")) return scalar_of(Algebra::symbol("pi"));
    if (accept("\\emptyset") || accept("\\varnothing")) return word_of("empty set");
    if (accept("\\begin")) return matrix();
    return named_command();
  }

  Scalar radical() {
    std::int64_t degree = 2;
    if (accept("[")) {
      const Rational value = rational_of(number_in(sum()));
      expect("]");
      if (!value.is_integer() || value.numerator() > kDeepest)
        throw Undecided("a root of an unusual degree");
      degree = static_cast<std::int64_t>(value.numerator());
    }
    return algebra_.root(argument(), degree);
  }

  std::string text_argument() {
    expect("{");
    const std::size_t end = rest_.find_first_of("{}");
    if (end == std::string_view::npos || rest_[end] != '}') fail();
    const std::string out(trim(rest_.substr(0, end)));
    rest_.remove_prefix(end + 1);
    return out;
  }

  Value matrix() {
    const std::string kind = text_argument();
    if (kind.find("matrix") == std::string::npos) throw Undecided("the environment " + kind);
    const Level level(*this);
    ++brackets_;
    std::vector<Value> rows(1, group_of("row", {}));
    do {
      rows.back().items.push_back(sum());
      if (accept("\\\\")) rows.push_back(group_of("row", {}));
      else if (!accept("&")) break;
    } while (true);
    --brackets_;
    expect("\\end");
    text_argument();
    return group_of("matrix", std::move(rows));
  }

  // Functions, Greek letters, and what is mathematics but not computed here.
  Value named_command() {
    rest_.remove_prefix(1);
    const std::string word(letters());
    if (word.empty()) fail();
    rest_.remove_prefix(word.size());
    if (is_function(word)) return function(word);
    if (is_greek(word)) return scalar_of(Algebra::symbol(word + subscript()));
    if (is_known_command(word)) throw Undecided("\\" + word + " is not computed");
    throw Unreadable("there is no command \\" + word);
  }

  // ---- units ----

  Value with_unit(Value value) {
    if (!is_scalar(value)) return value;
    if (accept(kPercent)) {
      value.text = kPercent;
      return value;
    }
    std::string unit;
    while (true) {
      if (is_unit(letters()) && !is_conjunction(letters())) {
        unit += (unit.empty() ? "" : " ") + std::string(letters());
        accept(letters());
      } else if (peek() == '\\' && !starts_conjunction() && accept("\\text")) {
        const std::string words = text_argument();
        if (!is_unit_phrase(words)) throw Undecided("\"" + words + "\" is no unit");
        unit += (unit.empty() ? "" : " ") + words;
      } else {
        break;
      }
      if (accept("^2") || accept("^{2}")) unit += "^2";
      if (accept("^3") || accept("^{3}")) unit += "^3";
    }
    value.text = unit == "percent" ? kPercent : unit;
    return value;
  }

  bool starts_conjunction() {
    const std::string_view before = rest_;
    const bool found = accept_conjunction();
    rest_ = before;
    return found;
  }

  Algebra& algebra_;
  int depth_ = 0;
  int brackets_ = 0;           // open brackets: in them a comma separates
  bool just_integer_ = false;  // whether an integer in digits was read last
};

}  // namespace

Value read_math(std::string_view text, Algebra& algebra) {
  if (text.empty()) throw Unreadable("it is empty");
  if (text.size() > kLongestMath) throw Unreadable("it is longer than an answer");
  if (is_text(text)) return word_of(std::string(text));
  return Reader(text, algebra).read();
}

}  // namespace tinyzero::dataset
