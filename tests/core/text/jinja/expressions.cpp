// Evaluating expressions.

#include "core/text/jinja/interpreter.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/expressions");

TEST_CASE("literals and containers") {
  check_rendered({
      {"{{ true }} {{ False }} {{ none }} {{ 1 }} {{ 1.5 }} {{ 'a' }} {{ [1, [2]] }} {{ (1,) }}"
       " {{ () }} {{ {'a': 1, 2: [3]} }} {{ {} }}",
       "True False None 1 1.5 a [1, [2]] (1,) () {'a': 1, 2: [3]} {}"},
      {"{{ {'a': 1, 'a': 2} }}{{ [1, 'a', none][1] }}{{ {1: 'x'}[1.0] }}{{ {true: 'y'}[1] }}",
       "{'a': 2}axy"},
  });
}

TEST_CASE("what is undefined prints nothing, is false and empty") {
  check_rendered({
      {"|{{ nothing }}|{{ nothing or 'x' }}|{{ not nothing }}|{% for a in nothing %}x"
       "{% endfor %}|{{ nothing ~ 'a' }}|{{ nothing == nothing }}|{{ nothing is defined }}",
       "||x|True||a|True|False"},
  });
}

TEST_CASE("and, or, not and conditions are lazy and give back their operands") {
  check_rendered({
      {"{{ 0 or 'x' }}|{{ '' and 1 }}|{{ 1 and 'y' }}|{{ [] or {} or 'z' }}|{{ true or 1 / 0 }}"
       "|{{ false and 1 / 0 }}",
       "x||y|z|True|False"},
      {"{{ 1 if 0 else 2 }}{{ 1 if 1 else 1 / 0 }}|{{ 1 if 0 }}|"
       "{{ 'a' if 0 else 'b' if 0 else 'c' }}{{ not 1 if 1 else 2 }}",
       "21||cFalse"},
  });
}

TEST_CASE("comparisons chain, and stop at the first false one") {
  check_rendered({
      {"{{ 1 < 2 < 3 }}{{ 1 < 3 < 2 }}{{ 2 < 1 < (1 / 0) }}{{ 1 == 1.0 == true }}"
       "{{ 1 in [1] == true }}{{ 'a' not in 'bc' }}",
       "TrueFalseFalseTrueFalseTrue"},
  });
}

TEST_CASE("concatenation takes the text of anything") {
  check_rendered({
      {"{{ 1 ~ 'a' ~ none ~ [1] ~ 1.0 ~ true ~ nothing }}{{ 1 ~ 2 ~ 3 }}", "1aNone[1]1.0True123"},
  });
}

TEST_CASE("slices") {
  check_rendered({
      {"{{ 'abcdef'[1:4] }} {{ 'abcdef'[::-1] }} {{ 'äöü'[-2:] }} {{ [1, 2, 3, 4][::2] }} "
       "{{ [1, 2, 3][5:] }} {{ (1, 2, 3)[:2] }} {{ 'abc'[:-1] }} {{ 'abc'[2:0:-1] }} "
       "{{ 'abc'[::99] }} {{ ''[::-5] }}",
       "bcd fedcba öü [1, 3] [] (1, 2) ab cb a "},
  });
}

TEST_CASE("arguments spread from lists and dicts") {
  check_rendered({
      {"{% macro m(a, b=2, c=3) %}{{ a }}{{ b }}{{ c }} {% endmacro %}{{ m(*[1, 5]) }}"
       "{{ m(1, **{'c': 9}) }}{{ m(*[1], **{'b': 7}) }}{{ range(*[1, 4]) | list }}",
       "153 129 173 [1, 2, 3]"},
  });
}

TEST_CASE("what fails in Jinja is refused with the reason") {
  check_refused({
      {"{{ nothing.x }}", R"("nothing" is undefined)"},
      {"{{ nothing() }}", R"("nothing" is undefined)"},
      {"{{ nothing + 1 }}", R"("nothing" is undefined)"},
      {"{{ (1 if 0).x }}", "an if without else was false"},
      {"{{ {[]: 1} }}", "a list as the key of a dict"},
      {"{{ 1() }}", "a call of a int"},
      {"{{ range(**[1]) }}", "** of a list"},
      {"{{ dict(**{1: 2}) }}", "keys that are not texts"},
      {"{{ dict(a=1, **{'a': 2}) }}", R"(the argument "a" twice)"},
      {"{{ 1 in 2 }}", "a int cannot be iterated over"},
      {"{{ 1 in 'a' }}", "a int in a text"},
      {"{{ 1[0:1] }}", "a int cannot be sliced"},
      {"{{ 'abc'[::0] }}", "the step of a slice is 0"},
      {"{{ 'a'['x':] }}", "the end of a slice is a str"},
  });
}
