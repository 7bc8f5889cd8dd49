// Calls of macros and global functions.

#include "core/text/jinja/interpreter.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/calls");

TEST_CASE("dates are those of the context, in English") {
  jinja::Context now = some_conversation();
  now.now.tm_mday = 5;
  now.now.tm_mon = 2;
  now.now.tm_year = 126;
  now.now.tm_wday = 4;
  now.now.tm_hour = 9;
  const auto dated = [&](const char* format) {
    return jinja::Template("{{ strftime_now('" + std::string(format) + "') }}").render(now);
  };
  CHECK(dated("%d %b %Y|%-d %B, %A %%") == "05 Mar 2026|5 March, Thursday %");
  CHECK(dated("%Y-%m-%d %H:%M:%S %p %y") == "2026-03-05 09:00:00 AM 26");
  CHECK(dated("").empty());
  CHECK(dated("no date") == "no date");
}

TEST_CASE("macros take arguments by position, by name and by default") {
  check_rendered({
      {"{% macro m(a, b='x') %}{{ a }}{{ b }} {% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=1) }}"
       "{{ m(b=1, a=2) }}{{ m() }}",
       "1x 12 1 21 x "},
      {"{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{% macro n(x=[1, 2]) %}"
       "{{ x }}{% endmacro %}{{ n() }}",
       "11[1, 2]"},
      {"{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m() }}{{ m(1, 2, k=3) }}",
       "(){}(1, 2){'k': 3}"},
  });
}

TEST_CASE("macros see what surrounds their definition, and call themselves") {
  check_rendered({
      {"{% set x = 1 %}{% macro m() %}{{ x }}{{ bos_token }}{% endmacro %}{{ m() }}"
       "{% set x = 2 %}{{ m() }}",
       "1<s>2<s>"},
      {"{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
       "321"},
      {"{% macro outer() %}{% macro inner(a) %}<{{ a }}>{% endmacro %}{{ inner(1) }}"
       "{{ inner(2) }}{% endmacro %}{{ outer() }}",
       "<1><2>"},
  });
}

TEST_CASE("call blocks hand their body to a macro") {
  check_rendered({
      {"{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{% endcall %}", "[x]"},
      {"{% macro m(list) %}{% for i in list %}{{ caller(i) }}{% endfor %}{% endmacro %}"
       "{% call(x) m([1, 2]) %}<{{ x }}>{% endcall %}",
       "<1><2>"},
      {"{% macro m(caller=none) %}{{ caller is none }}{% endmacro %}{{ m() }}{% macro n() %}"
       "{{ caller is defined }}{% endmacro %}{{ n() }}",
       "TrueFalse"},
  });
}

TEST_CASE("range, dict and namespace") {
  check_rendered({
      {"{{ range(3) | list }}{{ range(1, 4) | list }}{{ range(4, 0, -2) | list }}"
       "{{ range(0) | list }}{{ range(true) | list }}",
       "[0, 1, 2][1, 2, 3][4, 2][][0]"},
      {"{{ dict(a=1, b=2) }}{{ dict({'a': 1}, b=2) }}{{ dict([['a', 1], ('b', 2)]) }}"
       "{{ dict() }}",
       "{'a': 1, 'b': 2}{'a': 1, 'b': 2}{'a': 1, 'b': 2}{}"},
      {"{% set n = namespace({'a': 1}, b=2) %}{{ n.a }}{{ n.b }}", "12"},
  });
}

TEST_CASE("what fails in Jinja, or is not supported, is refused") {
  check_refused({
      {"{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", R"(the macro "m" takes at most 1 arguments)"},
      {"{% macro m() %}{% endmacro %}{{ m(a=1) }}", R"(the macro "m" takes no argument "a")"},
      {"{% macro m(a) %}{{ a.x }}{% endmacro %}{{ m() }}", R"(the parameter "a" was not provided)"},
      {"{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}", "no caller is defined"},
      {"{{ range() }}", "range() takes 1 to 3 numbers"},
      {"{{ range(1, 2, 0) }}", "range() with a step of 0"},
      {"{{ range(200000) }}", "range() of more than 100,000 numbers"},
      {"{{ range('a') }}", "a range is a str"},
      {"{{ dict(1) }}", "a int cannot be iterated over"},
      {"{{ dict([[1]]) }}", "dict() of something other than pairs"},
      {"{{ dict({}, {}) }}", "dict() of several values"},
      {"{{ namespace({1: 2}) }}", "a namespace with names that are not texts"},
      {"{{ raise_exception('no') }}", "it refuses the conversation: no"},
      {"{{ raise_exception() }}", R"(raise_exception() lacks "message")"},
      {"{{ cycler('a') }}", "a cycler, joiner or lipsum"},
      {"{{ strftime_now('%c') }}", R"(the time format "%c")"},
      {"{{ strftime_now('%') }}", R"(the time format "%")"},
      {"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "macros call each other too deep"},
  });
}
