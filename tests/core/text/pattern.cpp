#include "core/text/pattern.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/pattern");

namespace {

// What matches in brackets, what stands between without.
std::string cut(const std::string& expression, const std::string& text) {
  std::string out;
  Pattern::regex(expression, "x").cut(text, [&](std::size_t start, std::size_t end, bool matches) {
    const std::string part = text.substr(start, end - start);
    out += matches ? "[" + part + "]" : part;
  });
  return out;
}

}  // namespace

TEST_CASE("a text is cut into matches and what lies between them") {
  CHECK(cut("b+", "abbcb") == "a[bb]c[b]");
  CHECK(cut("b*", "abb") == "[]a[bb]");  // an empty match right behind a match is none
  CHECK(cut("x", "").empty());
  CHECK(cut("(?i:'s|'ll)", "I'LL 'S 'x") == "I['LL] ['S] 'x");
  CHECK(cut("\\p{N}{1,3}", "12345") == "[123][45]");
  CHECK(cut("\\s+(?!\\S)|\\s+", "a   b ") == "a[  ][ ]b[ ]");
  std::string out;
  Pattern::literal("aa").cut("aaaba", [&](std::size_t start, std::size_t end, bool matches) {
    out += std::to_string(start) + (matches ? "=" : "-") + std::to_string(end) + " ";
  });
  CHECK(out == "0=2 2-5 ");
}

TEST_CASE("white space is Unicode's, as Oniguruma has it") {
  CHECK(cut("\\s", "\u1680\u180E\u0085\u200B") ==
        "[\u1680]\u180E[\u0085]\u200B");  // PCRE2 counts U+180E
  CHECK(cut("[^\\S\\n]", " \n\u00A0x") == "[ ]\n[\u00A0]x");
  CHECK(cut("[^\\s]", "\u180E ") == "[\u180E] ");
}

TEST_CASE("what the two libraries read differently is refused by name") {
  for (const auto& [expression, what] :
       {std::pair("\\w+", "\\w"), std::pair("\\bx", "\\b"), std::pair("^a", "the anchor ^"),
        std::pair("a$", "the anchor $"), std::pair("[a[b]]", "a class in a class"),
        std::pair("[a&&b]", "an intersection"), std::pair("a{2}+", "the interval"),
        std::pair("a{,2}", "the interval"), std::pair("(?i)a", "a group \"(?i)"),
        std::pair("(?i:st)", "with \"st\""), std::pair("(?i:[a])", "more than words"),
        std::pair("(?<n>a)", "a group"), std::pair("\\p{Han}", "\\p{Han}"), std::pair("\\1", "\\1"),
        std::pair("[]a]", "an empty class"), std::pair("\\", "a backslash at the end"),
        std::pair("\\xE4", "the character code")}) {
    CAPTURE(expression);
    CHECK_THROWS_WITH_AS(Pattern::regex(expression, "x"), doctest::Contains(what), Error);
  }
  CHECK_THROWS_WITH_AS(Pattern::regex("(a", "x"), doctest::Contains("is wrong"), Error);
}

TEST_CASE("an expression that repeats what repeats gives up with an error") {
  CHECK_THROWS_WITH_AS(cut("(a+)+b", std::string(64, 'a')), doctest::Contains("gives up at byte 0"),
                       Error);
  CHECK(cut("(?:a+)+", std::string(64, 'a')) == "[" + std::string(64, 'a') + "]");
}
