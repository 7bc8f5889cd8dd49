#include "core/base/utf8.h"

#include <doctest/doctest.h>

#include <vector>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/utf8");

TEST_CASE("every character comes back from its bytes, and surrogates have none") {
  for (std::uint32_t code = 0; code <= 0x10FFFF; code += code < 0x3000 ? 1 : 97) {
    if (code >= 0xD800 && code < 0xE000) continue;
    std::string text;
    append_character(code, text);
    const Utf8Part part = utf8_part(text, 0);
    REQUIRE(part.valid);
    REQUIRE(part.code == code);
    REQUIRE(part.size == text.size());
    const std::size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    REQUIRE(text.size() == size);
  }
  std::string last;
  append_character(0x10FFFF, last);
  CHECK(last == "\xF4\x8F\xBF\xBF");
}

TEST_CASE("invalid bytes are grouped as the Unicode standard recommends") {
  // The examples of section 3.9, tables 3-8 to 3-11: one U+FFFD for each maximal subpart.
  const std::pair<const char*, std::vector<std::size_t>> cases[] = {
      {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", {1, 1, 1, 1, 1, 1, 1, 1, 1}},
      {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", {1, 1, 1, 1, 1, 1, 1, 1, 1}},
      {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", {1, 1, 1, 1, 1, 1, 1, 1, 1}},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", {2, 1, 3, 2, 1}}};
  for (const auto& [text, sizes] : cases) {
    const std::string_view view(text);
    std::vector<std::size_t> found;
    for (std::size_t at = 0; at < view.size(); at += found.back())
      found.push_back(utf8_part(view, at).size);
    CHECK(found == sizes);
  }
  CHECK(replace_invalid("a\xE1\x80z\xFF") == "a\uFFFDz\uFFFD");
}

TEST_CASE("a text is UTF-8 if all of it is") {
  for (const char* good :
       {"", "plain", "é漢😀", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80"}) {
    CHECK(is_utf8(good));
    CHECK(replace_invalid(good) == good);
    CHECK(unfinished_bytes(good) == 0);
  }
  for (const char* bad : {"\x80", "a\xC3", "\xC1\x81", "\xE0\x9F\xBF", "\xED\xA0\x80",
                          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_utf8(bad));
    CHECK(is_utf8(replace_invalid(bad)));
  }
}

TEST_CASE("unfinished bytes are those that more bytes can complete") {
  const std::string whole = "é漢😀";  // 2, 3 and 4 bytes
  const std::size_t expected[] = {0, 1, 0, 1, 2, 0, 1, 2, 3, 0};
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    CAPTURE(size);
    CHECK(unfinished_bytes(std::string_view(whole).substr(0, size)) == expected[size]);
  }
  for (const char* broken :
       {"\x80", "\xC0", "\xE0\x80", "\xED\xA0", "\xF5", "\xF4\x90", "\xFF", "\x80\x80\x80\x80"})
    CHECK(unfinished_bytes(broken) == 0);
}

TEST_CASE("white space") {
  for (const std::uint32_t code : {0x09, 0x0A, 0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000, 0x200A,
                                   0x2028, 0x2029, 0x202F, 0x205F, 0x3000})
    CHECK(is_white_space(code));
  for (const std::uint32_t code : {0x08, 0x0E, 0x1F, 0x21, 0x180E, 0x200B, 0x2060, 0xFEFF})
    CHECK_FALSE(is_white_space(code));
}
