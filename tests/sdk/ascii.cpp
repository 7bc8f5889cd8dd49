#include "tinyzero/ascii.h"

#include <doctest/doctest.h>

#include <cctype>

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/ascii");

// The test program runs in the "C" locale, where <cctype> knows ASCII only.
TEST_CASE("classes are those of the C locale, for every byte") {
  for (int byte = 0; byte < 256; ++byte) {
    CAPTURE(byte);
    const char c = static_cast<char>(byte);
    CHECK(is_ascii_digit(c) == (byte < 128 && std::isdigit(byte) != 0));
    CHECK(is_ascii_hex_digit(c) == (byte < 128 && std::isxdigit(byte) != 0));
    CHECK(is_ascii_letter(c) == (byte < 128 && std::isalpha(byte) != 0));
    CHECK(is_ascii_alphanumeric(c) == (byte < 128 && std::isalnum(byte) != 0));
    CHECK(ascii_lower(c) == (byte < 128 ? static_cast<char>(std::tolower(byte)) : c));
  }
}

TEST_CASE("classes can be computed by the compiler") {
  static_assert(is_ascii_digit('7') && !is_ascii_digit('a'));
  static_assert(ascii_lower('I') == 'i');
  CHECK(ascii_lower('\xC9') == '\xC9');
}
