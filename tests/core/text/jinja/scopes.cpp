// Which variable a name refers to.

#include "core/text/jinja/scopes.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/scopes");

TEST_CASE("an unknown filter in a branch fails only where it is reached, as in Jinja") {
  CHECK(rendered("{% if false %}{{ 1 | nope }}{% endif %}a") == "a");
  CHECK(rendered("{{ 1 | nope if false else 'b' }}") == "b");
  check_refused({{"{% if true %}{{ 1 | nope }}{% endif %}a", "the filter \"nope\""}});
}

TEST_CASE("a loop body has names of its own") {
  check_rendered({
      {"{% for m in messages %}{% set x = loop.index %}{% endfor %}{{ x is defined }}", "False"},
      {"{% set x = 0 %}{% for m in messages %}{% if loop.first %}{% set x = 9 %}{% endif %}"
       "{{ x }}{% endfor %}{{ x }}",
       "9000"},
      {"{% set m = 'outer' %}{% for m in [1] %}{{ m }}{% endfor %}{{ m }}", "1outer"},
      {"{% for a in [1, 2] %}{% for a in ['x'] %}{{ a }}{% endfor %}{{ a }}{% endfor %}", "x1x2"},
      {"{% for i in [1, 2] %}{% for j in [1] %}{{ loop.index }}{% endfor %}{{ loop.index }}"
       "{% endfor %}",
       "1112"},
  });
}

TEST_CASE("branches of an if share their frame") {
  check_rendered({
      {"{% if false %}{% set bos_token = 1 %}{% endif %}{{ bos_token }}", "<s>"},
      {"{% if true %}{% set y = 1 %}{% endif %}{{ y }}", "1"},
      {"{% if false %}{% set y = 1 %}{% else %}{% set y = 2 %}{% endif %}{{ y }}", "2"},
      {"{% if false %}{% set y = 1 %}{% elif true %}{% set z = 3 %}{% endif %}"
       "{{ y is defined }}{{ z }}",
       "False3"},
  });
}

TEST_CASE("a name that is assigned later is not yet that of the context") {
  check_rendered({
      {"{% macro f() %}{{ bos_token }}{% endmacro %}{{ f() }}{% set bos_token = 'x' %}{{ f() }}",
       "x"},
      {"{% set bos_token %}[{{ bos_token }}]{% endset %}{{ bos_token }}", "[]"},
      {"{{ bos_token }}{% set bos_token = 1 %}{{ bos_token }}", "<s>1"},
  });
}

TEST_CASE("blocks and with have frames of their own") {
  check_rendered({
      {"{% with a = 1 %}{{ a }}{% endwith %}{{ a is defined }}", "1False"},
      {"{% set t %}{% set inner = 1 %}{{ inner }}{% endset %}{{ t }}{{ inner is defined }}",
       "1False"},
      {"{% filter upper %}{% set inner = 'a' %}{{ inner }}{% endfilter %}{{ inner is defined }}",
       "AFalse"},
      {"{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}", "21"},
  });
}

TEST_CASE("parameters and implicit variables of macros") {
  check_rendered({
      {"{% set x = 1 %}{% macro m(x) %}{{ x }}{% set x = 5 %}{{ x }}{% endmacro %}{{ m(2) }}"
       "{{ x }}",
       "251"},
      {"{% macro m(kwargs) %}{{ kwargs }}{% endmacro %}{{ m(1) }}", "1"},
      {"{% macro m() %}{% set varargs = 1 %}{{ varargs }}{% endmacro %}{{ m() }}", "1"},
      {"{% macro m() %}{{ kwargs.a }}{% endmacro %}{{ m(a=3) }}", "3"},
  });
}

TEST_CASE("what Jinja refuses to compile is refused with the line") {
  check_refused({
      {"\n{% for loop in [1] %}{% endfor %}",
       R"(line 2 of the chat template: "loop" cannot be assigned inside a loop)"},
      {"{% for a in [1] %}{% set loop = 1 %}{% endfor %}",
       R"("loop" cannot be assigned inside a loop)"},
      {"{% break %}", "break or continue outside a loop"},
      {"{% for a in [1] %}{% macro m() %}{% continue %}{% endmacro %}{% endfor %}",
       "break or continue outside a loop"},
      {"{% macro m(caller) %}{% endmacro %}", R"(a parameter "caller" without a default)"},
      {"{{ self.x }}", R"("self" in a chat template is not supported)"},
      {"{{ 1 | nope }}", R"(Jinja has no filter or test "nope")"},
      {"{{ 1 is nope }}", R"(Jinja has no filter or test "nope")"},
  });
}
