#include "tinyzero/expression.h"

#include <doctest/doctest.h>
#include <muParser.h>

#include <cmath>
#include <string>

#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/expression");

namespace {

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// A random expression of the grammar; depth limits nesting.
std::string random_expression(Rng& rng, int depth) {
  if (depth == 0 || rng.chance(0.3)) return std::to_string(rng.between(0, 30));
  const std::string a = random_expression(rng, depth - 1), b = random_expression(rng, depth - 1);
  const std::string text = a + (rng.chance(0.3) ? " " : "") + "+-*/"[rng.below(4)] + b;
  return rng.chance(0.5) ? "(" + text + ")" : text;
}

}  // namespace

TEST_CASE("values follow precedence and associativity") {
  struct Case {
    const char* text;
    std::int64_t value;
  };
  const Case cases[] = {{"7", 7},
                        {"0", 0},
                        {"1+2*3", 7},
                        {"(1+2)*3", 9},
                        {"10-3-2", 5},
                        {"100/5/2", 10},
                        {"100/(5/2)", 40},
                        {"7/2*2", 7},
                        {" 3 +\t5\r\n", 8},
                        {"8/(3-8/3)", 24},
                        {"3-5", -2},
                        {"((((9))))", 9},
                        {"999999999999999999+1", 1000000000000000000}};
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const Expression e(c.text);
    CHECK(e.fault() == ExpressionFault::none);
    CHECK(e.value() == Rational(c.value));
  }
}

TEST_CASE("nothing but the four operations can be said") {
  for (const char* text : {"",     " ",           "2**5",  "2^5",   "7//2",  "3.5",    ".5*8",
                           "3+5.", "3--5",        "-3",    "+3",    "3+-5",  "(3)(5)", "3(5)",
                           "3 5",  "03+5",        "00",    "1e1",   "3,5",   "3+5;",   "3+5#x",
                           "(3+5", "3+5)",        "()",    "3+()",  "3\f+5", "3\v+5",  "sum(3,5)",
                           "3<5",  "3==3",        "0x10",  "3!",    "٣+٥",   "３+５",  "3×5",
                           "3−5",  "3\xC2\xA0+5", "$3+5$", "3+5=8", "3_0",   "nan"}) {
    CAPTURE(text);
    CHECK(Expression(text).fault() == ExpressionFault::not_an_expression);
  }
  CHECK(Expression(std::string_view("3\0+5", 4)).fault() == ExpressionFault::not_an_expression);
}

TEST_CASE("faults are told apart, and bad grammar comes first") {
  CHECK(Expression("3/(5-5)").fault() == ExpressionFault::division_by_zero);
  CHECK(Expression("3/(5-5)+").fault() == ExpressionFault::not_an_expression);
  CHECK(Expression("1000000000000000000").fault() == ExpressionFault::number_too_large);
  CHECK(Expression("999999999999999999*999999999999999999*999999999").fault() ==
        ExpressionFault::overflow);
  CHECK(Expression(repeated("(", 128) + "1" + repeated(")", 128)).fault() == ExpressionFault::none);
  CHECK(Expression(repeated("(", 129) + "1" + repeated(")", 129)).fault() ==
        ExpressionFault::too_deep);
  CHECK(Expression(std::string(4096, '1')).fault() == ExpressionFault::number_too_large);
  CHECK(Expression(std::string(4097, '1')).fault() == ExpressionFault::too_long);
}

TEST_CASE("the integers are listed in order, also after a division by zero") {
  const Expression e("12*(3+4)/0-5");
  CHECK(e.fault() == ExpressionFault::division_by_zero);
  CHECK(e.integers() == std::vector<std::int64_t>{12, 3, 4, 0, 5});
  CHECK(Expression("18446744073709551619+5").integers() == std::vector<std::int64_t>{-1, 5});
}

// muParser computes in double, so it can check but never judge: values must agree where doubles are
// good enough.
TEST_CASE("agrees with muParser on random expressions") {
  Rng rng(2);
  int compared = 0;
  for (int trial = 0; trial < 5000; ++trial) {
    const std::string text = random_expression(rng, 4);
    CAPTURE(text);
    const Expression ours(text);
    mu::Parser parser;
    parser.SetExpr(text);
    const double theirs = parser.Eval();
    if (ours.fault() == ExpressionFault::division_by_zero) continue;
    REQUIRE(ours.fault() == ExpressionFault::none);
    const double value = static_cast<double>(ours.value().numerator()) /
                         static_cast<double>(ours.value().denominator());
    CHECK(std::abs(theirs - value) <= 1e-9 * std::max(1.0, std::abs(value)));
    ++compared;
  }
  CHECK(compared > 3000);
}

TEST_CASE("random bytes never break it") {
  Rng rng(3);
  const std::string alphabet = "0123456789+-*/() \n.x";
  for (int trial = 0; trial < 20000; ++trial) {
    std::string text;
    for (std::uint64_t i = rng.below(30); i > 0; --i) text += alphabet[rng.below(alphabet.size())];
    const Expression e(text);
    if (e.fault() == ExpressionFault::none) CHECK_FALSE(e.integers().empty());
  }
}
