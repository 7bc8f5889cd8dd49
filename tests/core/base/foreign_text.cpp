#include "core/base/foreign_text.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/foreign_text");

TEST_CASE(
    "what could move a cursor, hide text or turn its direction becomes visible; all else stays") {
  struct Case {
    const char *text, *shown;
  };
  const Case cases[] = {
      {"plain text, äöü, 漢字, עברית, 😀", "plain text, äöü, 漢字, עברית, 😀"},
      {"two\nlines\tand a tab", "two\nlines\tand a tab"},
      {"\x1b[31mred\x1b]0;title\x07", "?[31mred?]0;title?"},
      {"a\rb\x7f", "a?b?"},
      {"\xc2\x9b"
       "2J",
       "?2J"},                     // CSI as one character of C1
      {"\xc2\x85\xc2\x90", "??"},  // next line, device control string
      {"\u202Eevil\u202C\u2066x\u2069", "?evil??x?"},
      {"\u200E\u200F\u061C", "???"},
      {"a\u200Bb\u00ADc\uFEFF", "a?b?c?"},
      {"a\u2028b\u2029", "a?b?"},
      {"\U000E0041\U000E007F", "??"},  // tags
      {"\xff\xc0\xaf", "???"},         // not UTF-8
      {"\xed\xa0\x80", "???"},         // a surrogate
  };
  for (const Case& c : cases) CHECK(printable(c.text) == c.shown);
  CHECK(printable(std::string("a\0b", 3)) == "a?b");
}
