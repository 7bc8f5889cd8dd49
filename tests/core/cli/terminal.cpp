#include "core/cli/terminal.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/terminal");

TEST_CASE("a line holds at most so many characters, all of them harmless, whatever a model wrote") {
  struct Case {
    std::string text;
    std::size_t columns;
    std::string line;
  };
  const Case cases[] = {
      {"", 5, ""},
      {"abc", 5, "abc"},
      {"abcde", 5, "abcde"},
      {"abcdef", 5, "abcd…"},
      {"äöüäöü", 4, "äöü…"},
      {"a\nb\tc\x1b[2J", 20, "a⏎b c?[2J"},
      {"\x80\xff x \xe2\x82", 20, "?? x ?"},  // stray and cut UTF-8
      {"\xc0\xaf\xf5\x80", 20, "????"},       // bytes that UTF-8 never has
      {"\xe0\x80\x80\xed\xa0\x80\xf0\x80\x80\x80\xf4\x90\x80\x80", 20,
       "??????????????"},  // too long, surrogates, too large
      {"a\xc2\x9b"
       "2J",
       20, "a?2J"},  // a control sequence in one character
      {"€", 1, "€"},
      {"a\u202Eb\u200B\uFEFF\u2066", 20, "a?b???"},  // turns what follows round, has no width
      {"\u2014\u2019\u2026", 20, "\u2014\u2019\u2026"},
  };
  for (const Case& c : cases) CHECK(one_line(c.text, c.columns) == c.line);
}

TEST_CASE("long lines are broken between words, and begin with blanks after that") {
  using Lines = std::vector<std::string>;
  CHECK(folded("preflight   one · two", 40, 12) == Lines{"preflight   one · two"});
  CHECK(folded("preflight   one · two", 17, 12) == Lines{"preflight   one ·", "            two"});
  CHECK(folded("a·b c", 3, 1) == Lines{"a·b", " c"});
  CHECK(folded("            x", 4, 2) == Lines{"            x"});
  CHECK(folded("longer than that", 4, 2) == Lines{"longer", "  than", "  that"});
  CHECK(folded("", 4, 2) == Lines{""});
}

TEST_CASE("a text is shown as its lines, none longer than the columns, all of them harmless") {
  using Lines = std::vector<std::string>;
  CHECK(text_lines("", 4) == Lines{""});
  CHECK(text_lines("abc", 4) == Lines{"abc"});
  CHECK(text_lines("abcd\n", 4) == Lines{"abcd"});
  CHECK(text_lines("abcdäfgh1\n\nx\n\n", 4) == Lines{"abcd", "äfgh", "1", "", "x", ""});
  CHECK(text_lines("\x1b[2J\r\xff", 3) == Lines{"?[2", "J??"});
}

TEST_CASE("rows are aligned by their widest cells, in characters, without blanks at the end") {
  CHECK(aligned({{"a", "points", "z"}, {"± äö", "1", ""}}) == "a     points  z\n± äö  1\n");
}

TEST_CASE("durations") {
  CHECK(duration_text(0.4) == "0 s");
  CHECK(duration_text(58.2) == "58 s");
  CHECK(duration_text(160) == "2m40s");
  CHECK(duration_text(3725) == "1h02m");
}

TEST_CASE("large numbers are grouped by thousands") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(494032768) == "494,032,768");
  CHECK(grouped(-1000) == "-1,000");
  CHECK(grouped(-100) == "-100");
}

TEST_CASE("one has no plural") {
  CHECK(counted(0, "step") == "0 steps");
  CHECK(counted(1, "step") == "1 step");
  CHECK(counted(2, "step") == "2 steps");
}
