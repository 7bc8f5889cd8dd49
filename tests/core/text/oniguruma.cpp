// Translation of Oniguruma's expressions: what PCRE2 is given. What it then matches is tested in
// pattern.cpp.

#include "core/text/oniguruma.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/oniguruma");

namespace {

std::string translated(const std::string& expression) { return to_pcre2(expression, "x"); }

}  // namespace

TEST_CASE("what both libraries read alike stays") {
  for (const char* same : {"abc", "[a-z]+?", "(?:a|b)*", "a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b",
                           "(?>ab)", "a{2}", "a{2,}", "a{2,5}", "\\.", "\\-", "[^a\\]]", "中"}) {
    CAPTURE(same);
    CHECK(translated(same) == same);
  }
}

TEST_CASE("what they read differently is written out") {
  CHECK(translated(".") == "[^\\n]");
  CHECK(translated("(a)") == "(?:a)");
  CHECK(translated("\\t\\n\\r\\f\\v\\a\\e") == "\\x{9}\\x{a}\\x{d}\\x{c}\\x{b}\\x{7}\\x{1b}");
  CHECK(translated("\\x41\\u00E9\\x{1F600}") == "\\x{41}\\x{e9}\\x{1f600}");
  CHECK(translated("\\s").starts_with("[\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}"));
  CHECK(translated("[\\s]").starts_with("[\\x{9}-\\x{d}"));
  CHECK(translated("\\S").starts_with("[\\x{0}-\\x{8}"));
}

TEST_CASE("categories have the characters that newer versions of Unicode added") {
  CHECK(translated("\\p{Pc}") == "[\\p{Pc}]");  // no newer ones
  CHECK(translated("\\p{Pd}") == "[\\p{Pd}\\x{10d6e}-\\x{10d6e}]");
  CHECK(translated("\\P{Pd}") == "[^\\p{Pd}\\x{10d6e}-\\x{10d6e}]");
  CHECK(translated("\\p{^Pd}") == translated("\\P{Pd}"));
  CHECK(translated("\\P{^Pd}") == translated("\\p{Pd}"));
  CHECK(translated("[\\p{Pd}x]") == "[\\p{Pd}\\x{10d6e}-\\x{10d6e}x]");
  CHECK(translated("\\d") == translated("\\p{Nd}"));
  CHECK(translated("\\D") == translated("\\P{Nd}"));
  CHECK(translated("\\p{L}").find("\\x{31350}-\\x{323af}") != std::string::npos);
}

TEST_CASE("words without regard to case, unless one character folds to two of their letters") {
  CHECK(translated("(?i:'s|'T|'re)") == "(?i:'s|'T|'re)");
  CHECK_THROWS_WITH_AS(translated("(?i:STop)"), doctest::Contains("with \"st\""), Error);
  CHECK_THROWS_WITH_AS(translated("(?i:off)"), doctest::Contains("with \"ff\""), Error);
  CHECK_THROWS_WITH_AS(translated("(?i:a+)"), doctest::Contains("more than words"), Error);
  CHECK_THROWS_WITH_AS(translated("(?i:a"), doctest::Contains("an unclosed group"), Error);
}

TEST_CASE("everything else is refused, with the expression and what is wrong with it") {
  for (const auto& [expression, what] : {std::pair("\\w+", "\\w"),
                                         std::pair("\\bx", "\\b"),
                                         std::pair("\\1", "\\1"),
                                         std::pair("\\h", "\\h"),
                                         std::pair("^a", "the anchor ^"),
                                         std::pair("a$", "the anchor $"),
                                         std::pair("[a[b]]", "a class in a class"),
                                         std::pair("[a&&b]", "an intersection"),
                                         std::pair("[]a]", "an empty class"),
                                         std::pair("[ab", "an unclosed class"),
                                         std::pair("[\\P{L}]", "\\P{L} in a class"),
                                         std::pair("a{2}+", "the interval"),
                                         std::pair("a{,2}", "the interval"),
                                         std::pair("a{2", "the interval"),
                                         std::pair("a{1,2,3}", "the interval"),
                                         std::pair("(?i)a", "a group \"(?i)"),
                                         std::pair("(?<n>a)", "a group \"(?<n"),
                                         std::pair("\\p{Han}", "\\p{Han}"),
                                         std::pair("\\pL", "\\p without braces"),
                                         std::pair("\\", "a backslash at the end"),
                                         std::pair("\\xE4", "the character code"),
                                         std::pair("\\x{110000}", "the character code"),
                                         std::pair("\\uD800", "the character code"),
                                         std::pair("\\u12", "the character code")}) {
    CAPTURE(expression);
    CHECK_THROWS_WITH_AS(translated(expression), doctest::Contains(what), Error);
    const std::string in = "in the expression \"" + std::string(expression) + "\"";
    CHECK_THROWS_WITH_AS(translated(expression), doctest::Contains(in.c_str()), Error);
  }
  CHECK_THROWS_WITH_AS(translated(std::string(16385, 'a')),
                       doctest::Contains("more than 16384 bytes"), Error);
}
