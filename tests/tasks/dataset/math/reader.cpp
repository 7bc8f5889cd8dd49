// What the reader of mathematical answers makes of them.

#include "tasks/dataset/math/reader.h"

#include <doctest/doctest.h>

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/math/reader");

namespace {

std::string shown(const Value& value) {
  if (value.kind == Value::Kind::scalar)
    return text_of(value.scalar) + (value.text.empty() ? "" : " [" + value.text + "]");
  std::string out = value.text;
  for (const Value& item : value.items) out += " " + shown(item);
  return "(" + out + ")";
}

std::string read(const std::string& text) {
  Algebra algebra;
  return shown(read_math(text, algebra));
}

}  // namespace

TEST_CASE("products, powers and mixed numbers bind as in mathematics") {
  CHECK(read("2+3*4") == "14");
  CHECK(read("-2^2") == "-4");
  CHECK(read("2-3-4") == "-5");
  CHECK(read("12/3/2") == "2");
  CHECK(read("2x^2y") == "2*x^2*y^1");
  CHECK(read("1/2x") == "1/2*x^1");
  CHECK(read("3\\frac{1}{2}") == "7/2");
  CHECK(read("3 1/2") == "7/2");
  CHECK(read("\\frac12") == "1/2");
  CHECK(read("2(3)") == "6");
  CHECK(read("3!") == "6");
  CHECK(read("\\sqrt[3]{8}") == "2");
  CHECK(read("2*-3") == "-6");
}

TEST_CASE("commas separate, but for those of thousands outside of brackets") {
  CHECK(read("1,234") == "1234");
  CHECK(read("1, 234") == "( 1 234)");
  CHECK(read("(1,234)") == "(() 1 234)");
  CHECK(read("1 and 2, or 3") == "( 1 2 3)");
  CHECK(read("\\{1;2\\}") == "({} 1 2)");
}

TEST_CASE("words and signs of units are units, other letters variables") {
  CHECK(read("5 cm") == "5 [cm]");
  CHECK(read("5 apples") == "5 [apples]");
  CHECK(read("5\\text{ miles per hour}") == "5 [miles per hour]");
  CHECK(read("50%") == "50 [%]");
  CHECK(read("50 percent") == "50 [%]");
  CHECK(read("5xy") == "5*x^1*y^1");
  CHECK(read("no solution") == "(no solution)");
  CHECK(read("x_{12}") == "1*x_12^1");
}

TEST_CASE("relations keep their sides") {
  CHECK(read("x=5") == "(= 1*x^1 5)");
  CHECK(read("1<x\\le 5") == "(<l 1 1*x^1 5)");
}

TEST_CASE("what is not read says why") {
  for (const char* text :
       {"", "3 4", "(1", "1)", "\\frac{1}", "\\foo", "2+", "x^", "\\text{a", "1..2", "5 cm + 2"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(read(text), Unreadable);
  }
  for (const char* text : {"\\int", "1/0", "(1,2)+3", "x \\in \\mathbb{R}", "\\sqrt[99]{2}"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(read(text), Undecided);
  }
  CHECK_THROWS_AS(read(std::string(kLongestMath + 1, '1')), Unreadable);
}
