// Cutting a template into tokens.

#include "core/text/jinja/lexer.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/lexer");

namespace {

using jinja::TokenKind;

// Kinds and texts of the tokens of a template, for short: "data:a print_begin name:b …".
std::string tokens(const std::string& source) {
  static constexpr const char* kKinds[] = {"data", "{{",      "}}",     "{%",     "%}", "name",
                                           "text", "integer", "number", "symbol", "end"};
  std::string out;
  for (const jinja::Token& token : jinja::tokenize(source)) {
    if (!out.empty()) out += " ";
    out += kKinds[static_cast<int>(token.kind)];
    if (!token.text.empty()) out += ":" + token.text;
  }
  return out;
}

}  // namespace

TEST_CASE("a template is data and tags, and ends with an end") {
  CHECK(tokens("") == "end");
  CHECK(tokens("a{{ b }}c") == "data:a {{ name:b }} data:c end");
  CHECK(tokens("{% if x.y == 1.5 %}") ==
        "{% name:if name:x symbol:. name:y symbol:== number:1.5 %} end");
  CHECK(tokens("{{ a**b//c }}") == "{{ name:a symbol:** name:b symbol:// name:c }} end");
  CHECK(tokens("{{ {'a': [1]} }}") ==
        "{{ symbol:{ text:a symbol:: symbol:[ integer:1 symbol:] symbol:} }} end");
  CHECK(tokens("{# nothing #}") == "end");
  CHECK(tokens("{a} {") == "data:{a} { end");
}

TEST_CASE("tokens know their line and their number") {
  const auto all = jinja::tokenize("a\n{{ 7 }}\n\n{{ 2.5 }}");
  REQUIRE(all.size() == 9);
  CHECK(all[1].line == 2);
  CHECK(all[2].integer == 7);
  CHECK(all[6].line == 4);
  CHECK(all[6].number == 2.5);
  CHECK(all[2].kind == TokenKind::integer);
  CHECK_FALSE(all[2].is_symbol("7"));
}

TEST_CASE("what is too long, or no UTF-8, is refused") {
  CHECK_THROWS_WITH_AS(jinja::tokenize(std::string((1 << 20) + 1, 'a')),
                       "the chat template has more than 1 MiB", Error);
  CHECK_THROWS_WITH_AS(jinja::tokenize("\xFF"), "the chat template is not UTF-8", Error);
}

TEST_CASE("tags take white space away as trim_blocks and lstrip_blocks say") {
  check_rendered({
      {"a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc"},
      {"a  {%- if true -%}  b  {%- endif -%}  c", "abc"},
      {"  {%+ if true %}\n x {%+ endif %}", "   x "},
      {"{{ 1 }}\n{{ 2 }}\n\n", "1\n2\n"},
      {"x {#- c -#} y\n  {# d #}\n z", "xy\n z"},
      {"{% raw %}{{ x }}{% endraw %}\n{%- raw -%} {% y %} {%- endraw -%} z", "{{ x }}{% y %}z"},
      {"a\r\nb\rc{% if true %}\r\nd{% endif %}", "a\nb\ncd"},
      {"a　{{- 'b' -}} \n c", "abc"},
      {"{% if true +%}\nx{% endif %}", "\nx"},
  });
}

TEST_CASE("signs and settings take white space away around every kind of tag") {
  check_rendered({
      {"a \n {%- if true -%} \n b {%- endif %} c", "ab c"},
      {"a\n\t {% if true %}\n\n b\n{% endif %}\n\nc", "a\n\n b\n\nc"},
      {" {{- 'x' -}} \n y", "xy"},
      {"{{ 'x' }}\n {{ 'y' }}\n", "x\n y"},
      {"a {#- c -#} b", "ab"},
      {"a\n  {# c #}\nb", "a\nb"},
      {"  {%+ if true +%}\n x {%+ endif %}", "  \n x "},
      {"{% raw %}\n {% if %} {{ }} {% endraw %}|", "\n {% if %} {{ }} |"},
      {"{%- raw -%} {{ x }} {%- endraw -%} y", "{{ x }}y"},
      {"{% if true %}\r\na\rb\r\n{% endif %}", "a\nb\n"},
      {"x\n", "x"},
      {"x\n\n", "x\n"},
      {"\n", ""},
      {"　{{- 'x' -}} |", "x|"},
  });
}

TEST_CASE("names, numbers and texts") {
  check_rendered({
      {"{{ _a1 is defined }}{{ 1_000 + 1 }}{{ 0 }}{{ 00 }}{{ 1.5e-3 }}{{ 1E2 }}{{ 1.0 }}"
       "{{ 2e+1 }}{{ 1_0.5_0 }}",
       "False1001000.0015100.01.020.010.5"},
      {"{{ messages.0.role }}{{ [[1, 2], 3].0.1 }}", "user2"},
      {R"({{ '}}' }}{{ "%}" }}{{ '{#' }}{{ {'a': {'b': 1}}.a.b }})", "}}%}{#1"},
      {R"({{ 'it''s' }}{{ "a" 'b' }})", "itsab"},
  });
}

TEST_CASE("what cannot be cut is refused with the line") {
  check_refused({
      {"a\n\n{{ 'a }}", "line 3 of the chat template: an unclosed text"},
      {"{# a", "an unclosed comment"},
      {"{% raw %} a", "an unclosed raw block"},
      {"{{ 1", "an unclosed tag"},
      {"{{ (1] }}", "unexpected ']'"},
      {"{{ ) }}", "unexpected ')'"},
      {"{{ 1 ? 2 }}", "unexpected character '?'"},
      {"{{ 'a' & 1 }}", "unexpected character '&'"},
      {"{{ é }}", "unexpected character 'é'"},
      {"{{ aé }}", "a name beyond ASCII is not supported"},
      {"{{ 012 }}", "the number 012"},
      {"{{ 0x1F }}", "the number 0x"},
      {"{{ 99999999999999999999 }}", "the number 99999999999999999999 is not supported"},
      {"{{ 1e999 }}", "the number 1e999 is not supported"},
  });
}
