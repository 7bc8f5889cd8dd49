#include "core/text/pattern.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/pattern");

namespace {

// Matches in brackets, the text between them without.
std::string cut(const std::string& expression, const std::string& text) {
  std::string out;
  Pattern::regex(expression, "x").cut(text, [&](std::size_t start, std::size_t end, bool matches) {
    const std::string piece = text.substr(start, end - start);
    out += matches ? "[" + piece + "]" : piece;
  });
  return out;
}

}  // namespace

TEST_CASE("a text is cut into matches and what lies between them") {
  CHECK(cut("b+", "abbcb") == "a[bb]c[b]");
  CHECK(cut("b*", "abb") == "[]a[bb]");  // an empty match right after a match does not count
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

TEST_CASE("a pattern is an expression or a text, in JSON") {
  const auto of = [](const char* json) {
    return Pattern::from_json(TokenizerJson::parse(json), "x");
  };
  int matches = 0;
  const auto count = [&](std::size_t, std::size_t, bool match) { matches += match ? 1 : 0; };
  of(R"({"Regex": "a+"})").cut("aaba", count);
  CHECK(matches == 2);
  matches = 0;
  of(R"({"String": "a+"})").cut("aaba a+", count);
  CHECK(matches == 1);
  matches = 0;
  of(R"({"String": ""})").cut("ab", count);
  CHECK(matches == 0);
  for (const char* wrong : {"{}", R"({"Regex": 1})", R"("a")", R"({"Regex": "a", "String": "b"})"})
    CHECK_THROWS_WITH_AS(of(wrong), doctest::Contains("x: a pattern is {\"Regex\""), Error);
}

TEST_CASE("an expression that PCRE2 refuses is an error with its words") {
  CHECK_THROWS_WITH_AS(Pattern::regex("(a", "x"),
                       doctest::Contains("x: the expression \"(a\" is wrong"), Error);
  CHECK_THROWS_WITH_AS(Pattern::regex("\\w", "x"), doctest::Contains("\\w"), Error);
}

TEST_CASE("categories know the characters of Unicode 16, whatever PCRE2's version") {
  CHECK(cut("\\p{Nd}", "7\U00010D40x") == "[7][\U00010D40]x");  // Garay, of Unicode 16
  CHECK(cut("\\p{L}+", "a\U0002EBF0.") == "[a\U0002EBF0].");    // Unicode 15.1
  CHECK(cut("[^\\p{L}]", "\U0002EBF0.") == "\U0002EBF0[.]");
}

TEST_CASE("pieces cover the text, whatever the expression") {
  const std::string text = "ab1 \u00E9\u4E2D\n\t x";
  for (const char* expression : {"", "\\s*", "(?=b)", ".", "\\p{L}*", "z"}) {
    CAPTURE(expression);
    std::size_t at = 0;
    Pattern::regex(expression, "x").cut(text, [&](std::size_t start, std::size_t end, bool) {
      CHECK(start == at);
      CHECK(end >= start);
      at = end;
    });
    CHECK(at == text.size());
  }
}

TEST_CASE("an expression with nested repetitions gives up with an error") {
  CHECK_THROWS_WITH_AS(cut("(a+)+b", std::string(64, 'a')), doctest::Contains("gives up at byte 0"),
                       Error);
  CHECK(cut("(?:a+)+", std::string(64, 'a')) == "[" + std::string(64, 'a') + "]");
}
