// Escapes in text literals.

#include "core/text/jinja/string_literal.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/string_literal");

TEST_CASE("a literal is given without its quotes") {
  CHECK(jinja::unescaped("", 1).empty());
  CHECK(jinja::unescaped("a\\x41", 1) == "aA");
  CHECK(jinja::unescaped("\\", 1) == "\\");
  CHECK(jinja::unescaped("\\\u00E9", 1) == "\\xe9");  // as in Jinja: two backslashes are one
  CHECK_THROWS_WITH_AS(jinja::unescaped("\\x", 7),
                       "line 7 of the chat template: an escape that is not a character", Error);
}

TEST_CASE("escapes are those of Python, as Jinja reads them") {
  check_rendered({
      {R"({{ 'a\n\t\r\\\'\"' }})", "a\n\t\r\\'\""},
      {R"({{ '\x41\u00e9\U0001F600\101\0\18' | tojson }})", R"("Aé😀A\u0000\u00018")"},
      {R"({{ '\q\ \8' }})", R"(\q\ \8)"},
      {R"({{ '\a\b\f\v' | tojson }})", R"("\u0007\b\f\u000b")"},
      {R"({{ 'é中\\é' }})", R"(é中\é)"},
      {"{{ 'a\\\nb' }}", "ab"},
  });
}

TEST_CASE("what is no character, or needs a table of names, is refused") {
  check_refused({
      {R"({{ '\x4' }})", "an escape that is not a character"},
      {R"({{ '\uD800' }})", "an escape that is not a character"},
      {R"({{ '\U00110000' }})", "an escape that is not a character"},
      {R"({{ '\u12' }})", "an escape that is not a character"},
      {R"({{ '\N{DASH}' }})", R"(the escape \N is not supported)"},
  });
}
