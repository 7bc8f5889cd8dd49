// The grammar of statements.

#include "core/text/jinja/parser.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/statement_parser");

TEST_CASE("a template is a list of statements with their lines") {
  const jinja::Body body = jinja::parse("a\n{{ b }}{% set c = 1 %}\n{% if d %}{% endif %}");
  REQUIRE(body.size() == 4);
  CHECK(body[0].line == 1);
  CHECK(body[1].line == 2);
  CHECK(std::holds_alternative<std::unique_ptr<jinja::Output>>(body[1].node));
  CHECK(std::holds_alternative<std::unique_ptr<jinja::Set>>(body[2].node));
  CHECK(body[3].line == 3);
  CHECK(std::holds_alternative<std::unique_ptr<jinja::If>>(body[3].node));
  CHECK(jinja::parse("").empty());
}

TEST_CASE("blocks close with their own tag, and may end with a colon") {
  check_rendered({
      {"{% if true: %}a{% endif %}{% for i in [1]: %}{{ i }}{% endfor %}{% set x %}b"
       "{% endset %}{{ x }}{% with a = 1 %}{{ a }}{% endwith %}",
       "a1b1"},
  });
}

TEST_CASE("loops over several values, with a condition among them") {
  check_rendered({
      {"{% for a in 1, 2 %}{{ a }}{% endfor %}{% for a in [1, 2] if a > 1 %}{{ a }}{% endfor %}"
       "{% for a, b in [[3, 4]] %}{{ b }}{% endfor %}{% for a in ([4] if true else []) %}"
       "{{ a }}{% endfor %}",
       "12244"},
  });
}

TEST_CASE("set to several values, with a filter, and attributes") {
  check_rendered({
      {"{% set a = 1, 2 %}{{ a }}{% set a, b = 1, 2 %}{{ b }}{% set a = 1 if false else 3 %}"
       "{{ a }}{% set a | trim %} x {% endset %}{{ a }}{% set n = namespace(v=1) %}"
       "{% set n.v, b = 5, 6 %}{{ n.v }}{{ b }}",
       "(1, 2)23x56"},
  });
}

TEST_CASE("what Jinja does not parse is refused") {
  check_refused({
      {"{% if true %}", "expected endif, found the end of the template"},
      {"{% for a in [1] %}{% endif %}", R"(the tag "endif" closes no open block)"},
      {"{% endif %}", "closes no open block"},
      {"{% else %}", "closes no open block"},
      {"{% for in [1] %}{% endfor %}", "expected in"},
      {"{% for a of [1] %}{% endfor %}", "expected in, found of"},
      {"{% set 1 = 2 %}", "expected a name, found 1"},
      {"{% set true = 2 %}", R"("true" cannot be assigned to)"},
      {"{% set a.b.c = 2 %}", "expected %}"},
      {"{% macro m(a, a) %}{% endmacro %}", R"(two parameters "a")"},
      {"{% macro m(a=1, b) %}{% endmacro %}",
       "a parameter without a default after one with a default"},
      {"{% call m %}{% endcall %}", "a call block without a call"},
      {"{% if %}{% endif %}", "expected an expression"},
      {"{% 1 %}", "expected a name, found 1"},
      {"{% filter %}{% endfilter %}", "expected a name, found %}"},
      {"{% with a %}{% endwith %}", "expected =, found %}"},
  });
}

TEST_CASE("statements that need other templates, or are rare, are refused by name") {
  check_refused({
      {"{% include 'x' %}", R"(the tag "include" is not supported)"},
      {"{% extends 'x' %}", R"(the tag "extends" is not supported)"},
      {"{% import 'x' as y %}", R"(the tag "import" is not supported)"},
      {"{% block a %}{% endblock %}", R"(the tag "block" is not supported)"},
      {"{% do x %}", R"(the tag "do" is not supported)"},
      {"{% autoescape true %}{% endautoescape %}", R"(the tag "autoescape" is not supported)"},
      {"{% for x in [] recursive %}{% endfor %}", "a recursive loop is not supported"},
  });
}
