// Running statements.

#include "core/text/jinja/interpreter.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/statements");

TEST_CASE("loops over everything that can be iterated over") {
  check_rendered({
      {"{% for c in 'äb' %}{{ c }}.{% endfor %}{% for k in {'a': 1} %}{{ k }}{% endfor %}"
       "{% for i in range(3) %}{{ i }}{% endfor %}{% for i in (1, 2) %}{{ i }}{% endfor %}"
       "{% for i in [1] | map('string') %}{{ i }}{% endfor %}",
       "ä.b.a012121"},
      {"{% for a, b in [[1, 2], 'xy'] %}{{ a }}{{ b }} {% endfor %}"
       "{% for (a, b), c in [[[1, 2], 3]] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
       "12 xy 123"},
  });
}

TEST_CASE("else runs if the body never completed, break and continue leave it") {
  check_rendered({
      {"{% for i in [] %}x{% else %}none{% endfor %}{% for i in [1] %}x{% else %}none"
       "{% endfor %}",
       "nonex"},
      {"{% for i in [1] %}{% continue %}{% else %}else{% endfor %}{% for i in [1] %}{% break %}"
       "{% else %}else{% endfor %}",
       "elseelse"},
      {"{% for i in range(6) %}{% if i == 4 %}{% break %}{% endif %}{% if i is odd %}"
       "{% continue %}{% endif %}{{ i }}{% endfor %}",
       "02"},
  });
}

TEST_CASE("a test of a loop filters its items, and counts only those") {
  check_rendered({
      {"{% for m in messages if m.role == 'user' %}{{ loop.index }}/{{ loop.length }}"
       "{{ loop.last }} {% else %}none{% endfor %}",
       "1/2False 2/2True "},
      {"{% for i in range(5) if i > 9 %}{{ i }}{% else %}none{% endfor %}", "none"},
  });
}

TEST_CASE("set assigns names, tuples, attributes of namespaces and blocks") {
  check_rendered({
      {"{% set a = 1 %}{% set b, c = 2, 3 %}{{ a }}{{ b }}{{ c }}{% set (d, e) = [4, 5] %}"
       "{{ d }}{{ e }}",
       "12345"},
      {"{% set ns = namespace(n=0, t='a') %}{% set ns.n = ns.n + 1 %}{% set ns.x = 7 %}"
       "{{ ns.n }}{{ ns.t }}{{ ns.x }}{{ ns.y is defined }}",
       "1a7False"},
      {"{% set t %}x{{ 1 + 1 }}{% endset %}{{ t }}{% set u | upper | replace('A', 'b') %}ac"
       "{% endset %}{{ u }}",
       "x2bC"},
      {"{% set t %}{% for i in [1, 2] %}{{ i }}{% endfor %}{% endset %}{{ t | length }}", "2"},
  });
}

TEST_CASE("filter blocks, with blocks and print") {
  check_rendered({
      {"{% filter upper %}a{{ 'b' }}{% endfilter %}{% filter replace('a', 'x') | trim %}"
       " banana {% endfilter %}",
       "ABbxnxnx"},
      {"{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}{% with %}x"
       "{% endwith %}",
       "3Falsex"},
      {"{% with a = 1 %}{% with a = 2 %}{{ a }}{% endwith %}{{ a }}{% endwith %}", "21"},
  });
}

TEST_CASE("if, elif and else") {
  check_rendered({
      {"{% for i in range(4) %}{% if i == 0 %}a{% elif i == 1 %}b{% elif i == 2 %}c{% else %}d"
       "{% endif %}{% endfor %}{% if [] %}x{% endif %}{% if 'a' %}y{% endif %}",
       "abcdy"},
  });
}

TEST_CASE("what fails in Jinja is refused with the line") {
  check_refused({
      {"\n{% for a in 1 %}{% endfor %}", "line 2 of the chat template: a loop over a int"},
      {"{% for a in none %}{% endfor %}", "a loop over a None"},
      {"{% for a, b in [[1]] %}{% endfor %}", "1 values for 2 names"},
      {"{% set a, b = [1, 2, 3] %}", "3 values for 2 names"},
      {"{% set x.y = 1 %}", R"(an attribute of "x", which is not a namespace, is set)"},
      {"{% set ns = namespace() %}{% set ns._x = 1 %}", R"(a namespace with "_x")"},
      {"{% macro m() %}{% endmacro %}{% set ns = namespace() %}{% set ns.m = m %}",
       "a macro in a namespace"},
      {"{% set a = 'a' * 4000000 %}{% for i in range(20) %}{{ a }}{% endfor %}",
       "it prints more than 64 MiB"},
  });
}
