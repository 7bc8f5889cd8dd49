// Names that a body reads before it assigns them.

#include <doctest/doctest.h>

#include "core/text/jinja/parser.h"
#include "core/text/jinja/scopes.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/free_names");

namespace {

bool reads_x(const char* source) { return jinja::reads_name(jinja::parse(source), "x"); }

}  // namespace

TEST_CASE("a name counts wherever an expression can stand") {
  for (const char* source : {"{{ x }}",
                             "{{ a + x }}",
                             "{{ a[x] }}",
                             "{{ f(x) }}",
                             "{{ f(k=x) }}",
                             "{{ f(*x) }}",
                             "{{ f(**x) }}",
                             "{{ a | replace(x, 1) }}",
                             "{{ a is eq x }}",
                             "{% if x %}{% endif %}",
                             "{% if a %}{% elif x %}{% endif %}",
                             "{% if a %}{% else %}{{ x }}{% endif %}",
                             "{% for a in x %}{% endfor %}",
                             "{% for a in b if x %}{% endfor %}",
                             "{% for a in b %}{{ x }}{% endfor %}",
                             "{% for a in b %}{% else %}{{ x }}{% endfor %}",
                             "{% set a = x %}",
                             "{% set a %}{{ x }}{% endset %}",
                             "{% filter replace(x, 1) %}{% endfilter %}",
                             "{% with a = x %}{% endwith %}",
                             "{% macro m(a=x) %}{% endmacro %}",
                             "{% macro m() %}{{ x }}{% endmacro %}",
                             "{% call f(x) %}{% endcall %}",
                             "{% call f() %}{{ x }}{% endcall %}",
                             "{{ x.y }}",
                             "{{ [x] }}",
                             "{{ {'a': x} }}"}) {
    CAPTURE(source);
    CHECK(reads_x(source));
  }
}

TEST_CASE("a name that is assigned before, or only looks like one, does not count") {
  for (const char* source :
       {"", "{{ a.x }}", "{{ 'x' }}", "{{ f(x=1) }}", "{{ a | x }}", "{% set x = 1 %}{{ x }}",
        "{% for x in a %}{{ x }}{% endfor %}", "{% with x = 1 %}{{ x }}{% endwith %}",
        "{% macro m(x) %}{{ x }}{% endmacro %}", "{% set x %}a{% endset %}{{ x }}",
        "{% set (x, y) = a %}{{ x }}"}) {
    CAPTURE(source);
    CHECK_FALSE(reads_x(source));
  }
}

TEST_CASE("the order of the text decides") {
  CHECK(reads_x("{{ x }}{% set x = 1 %}"));
  CHECK_FALSE(reads_x("{% if a %}{% set x = 1 %}{% endif %}{{ x }}"));
}
