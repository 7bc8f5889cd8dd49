// Numerals: what is taken, and its exact value.

#include "tasks/dataset/math/numeral.h"

#include <doctest/doctest.h>

#include <string>

using namespace tinyzero;
using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/math/numeral");

TEST_CASE("a numeral is taken from the front of a text, exactly") {
  struct Case {
    std::string text, value, rest;
  };
  const Case cases[] = {{"42", "42", ""},
                        {"42.", "42", ""},
                        {"42 apples", "42", " apples"},
                        {"1,234", "1234", ""},
                        {"1,234,567.5", "2469135/2", ""},
                        {"1,23", "1", ",23"},
                        {"1234,567", "1234", ",567"},
                        {"12,3456", "12", ",3456"},
                        {".5", "1/2", ""},
                        {"0.10", "1/10", ""},
                        {"007", "7", ""},
                        {"3.000", "3", ""},
                        {"1e3", "1000", ""},
                        {"2.5E-1", "1/4", ""},
                        {"2e", "2", "e"},
                        {"2ex", "2", "ex"},
                        {"1.2.3", "6/5", ".3"},
                        {"0e99", "0", ""},
                        {"5/6", "5", "/6"}};
  for (const Case& c : cases) {
    CAPTURE(c.text);
    std::string_view text = c.text;
    const auto numeral = take_numeral(text, Separators::thousands);
    REQUIRE(numeral);
    CHECK(numeral->fits);
    CHECK(to_string(numeral->value) == c.value);
    CHECK(text == c.rest);
  }
  for (const std::string none : {"", ".", "-1", "x1", ",5"}) {
    std::string_view text = none;
    CHECK_FALSE(take_numeral(text, Separators::thousands));
    CHECK(text == none);
  }
}

TEST_CASE("separators are those of thousands, where they are wanted") {
  std::string_view text = "1,234";
  CHECK(to_string(take_numeral(text, Separators::none)->value) == "1");
  CHECK(text == ",234");
}

TEST_CASE("a number that does not fit is said to, whatever its length") {
  for (const std::string& large :
       {std::string(50, '9'), std::string(1000000, '7'), std::string("1e41"), std::string("1e-41"),
        std::string("1e99999999999999999999"), "0." + std::string(40, '3')}) {
    std::string_view text = large;
    const auto numeral = take_numeral(text, Separators::thousands);
    REQUIRE(numeral);
    CHECK_FALSE(numeral->fits);
    CHECK(text.empty());
  }
  std::string_view zeros = "42.00000000000000000000000000000000000000000000000000";
  CHECK(to_string(take_numeral(zeros, Separators::thousands)->value) == "42");
}
