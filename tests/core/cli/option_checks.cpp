#include "core/cli/option_checks.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/option_checks");

TEST_CASE("a number between bounds is decimal and finite, and both bounds are in") {
  const CLI::Validator check = between(0.5, 10);
  for (const char* good : {"0.5", "10", "1e0", "3.25"}) CHECK(check(good).empty());
  for (const char* bad : {"0.49", "10.01", "nan", "inf", "0x2", "1e999", "", "2 ", "two"}) {
    CAPTURE(bad);
    CHECK(check(bad) == "Value " + std::string(bad) + " not in range 0.5 to 10");
  }
}

TEST_CASE("a whole number is not negative and fits into 64 bits") {
  const CLI::Validator check = whole_number();
  for (const char* good : {"0", "7", "9223372036854775807"}) CHECK(check(good).empty());
  for (const char* bad : {"-1", "9223372036854775808", "1.5", "0x10", ""}) {
    CAPTURE(bad);
    CHECK_FALSE(check(bad).empty());
  }
}
