// What may follow a value.

#include "core/text/jinja/parser.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/postfix_parser");

TEST_CASE("attributes, items and calls follow each other") {
  check_rendered({
      {"{{ messages[0].role }}{{ messages[0]['role'] }}{{ messages.0.role }}"
       "{{ messages[0].role.upper()[0] }}{{ 'a b'.split()[1] }}"
       "{{ {'f': [1, {'g': 2}]}.f[1].g }}",
       "useruseruserUb2"},
  });
}

TEST_CASE("slices with any of their bounds") {
  check_rendered({
      {"{{ 'abcd'[1:] }} {{ 'abcd'[:2] }} {{ 'abcd'[1:3] }} {{ 'abcd'[:] }} {{ 'abcd'[::2] }} "
       "{{ 'abcd'[1::2] }} {{ 'abcd'[:3:2] }} {{ 'abcd'[3:0:-1] }} {{ 'abcd'[1:3:] }}",
       "bcd ab bc abcd ac bd ac dcb bc"},
  });
}

TEST_CASE("filters and tests bind to the value before them") {
  check_rendered({
      {"{{ 'a' ~ 'b' | upper }} {{ ('a' ~ 'b') | upper }} {{ 1 + 2 | string | length }} "
       "{{ 'a' | upper | lower }} {{ -1 | abs }} {{ 'a' is string and 1 is number }}",
       "aB AB 2 a 1 True"},
      {"{{ 3 is divisibleby 3 }} {{ 3 is divisibleby(2) }} {{ 3 is not divisibleby 2 }} "
       "{{ nothing is defined or true }} {{ 1 is eq 1 if true else 2 }}",
       "True False True True True"},
      {"{{ [1, 2] | join('-') | replace('-', '+') }} {{ 'a' | default('b') is string }}",
       "1+2 True"},
  });
}

TEST_CASE("arguments come by position, by name, and from lists and dicts") {
  check_rendered({
      {"{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m() }}{{ m(1, 2,) }}"
       "{{ m(1, a=2) }}{{ m(*[1, 2], a=3) }}{{ m(a=1, **{'b': 2}) }}",
       "(){}(1, 2){}(1,){'a': 2}(1, 2){'a': 3}(){'a': 1, 'b': 2}"},
  });
}

TEST_CASE("what Jinja does not parse is refused") {
  check_refused({
      {"{{ a. }}", "expected a name or a number, found }}"},
      {"{{ a[1 }}", "unexpected '}'"},
      {"{{ a[1, 2] }}", "an index of several values is not supported"},
      {"{{ a[1:2, 3] }}", "an index of several values is not supported"},
      {"{{ a(b=1, 2) }}", "arguments in an order that Jinja does not allow"},
      {"{{ a(b=1, b=2) }}", "arguments in an order that Jinja does not allow"},
      {"{{ a(**b, c=1) }}", "arguments in an order"},
      {"{{ a(*b, *c) }}", "arguments in an order"},
      {"{{ a(1 2) }}", "expected ,, found 2"},
      {"{{ a | }}", "expected a name, found }}"},
      {"{{ a is }}", "expected a name, found }}"},
      {"{{ a is b is c }}", "tests cannot be chained with is"},
      {"{{ 'a' | nope.x }}", R"(Jinja has no filter or test "nope.x")"},
  });
}
