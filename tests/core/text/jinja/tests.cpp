// Tests: what may follow `is`.

#include "core/text/jinja/tests.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/tests");

TEST_CASE("kinds of values") {
  check_rendered({
      {"{{ 1 is number }}{{ true is number }}{{ 1.5 is float }}{{ 1 is float }}"
       "{{ 1 is integer }}{{ true is integer }}{{ '1' is number }}",
       "TrueTrueTrueFalseTrueFalseFalse"},
      {"{{ 'a' is string }}{{ 1 is string }}{{ {} is mapping }}{{ [] is mapping }}"
       "{{ true is boolean }}{{ 1 is boolean }}{{ none is none }}{{ 0 is none }}",
       "TrueFalseTrueFalseTrueFalseTrueFalse"},
      {"{{ [] is sequence }}{{ {} is sequence }}{{ 'a' is sequence }}{{ 1 is sequence }}"
       "{{ (1,) is sequence }}{{ nothing is sequence }}{{ range(2) is sequence }}",
       "TrueTrueTrueFalseTrueTrueTrue"},
      {"{{ [] is iterable }}{{ 'a' is iterable }}{{ 1 is iterable }}{{ {} is iterable }}"
       "{{ none is iterable }}{{ ([1] | map('string')) is iterable }}",
       "TrueTrueFalseTrueFalseTrue"},
      {"{{ range is callable }}{{ 'a'.upper is callable }}{{ 1 is callable }}{% macro m() %}"
       "{% endmacro %}{{ m is callable }}",
       "TrueTrueFalseTrue"},
  });
}

TEST_CASE("defined, true, false, odd, even and divisible") {
  check_rendered({
      {"{{ nothing is defined }}{{ messages is defined }}{{ nothing is undefined }}"
       "{{ messages[9] is defined }}{{ messages[0].x is defined }}{{ nothing is not defined }}",
       "FalseTrueTrueFalseFalseTrue"},
      {"{{ true is true }}{{ 1 is true }}{{ false is false }}{{ 0 is false }}",
       "TrueFalseTrueFalse"},
      {"{{ 3 is odd }}{{ 3 is even }}{{ -2 is even }}{{ 9 is divisibleby 3 }}"
       "{{ 9 is divisibleby(2) }}{{ true is odd }}",
       "TrueFalseTrueTrueFalseTrue"},
  });
}

TEST_CASE("comparisons and membership by name") {
  check_rendered({
      {"{{ 1 is eq 1 }}{{ 1 is ne 1 }}{{ 1 is equalto 1.0 }}{{ 2 is gt 1 }}"
       "{{ 2 is greaterthan 3 }}{{ 2 is ge 2 }}{{ 1 is lt 2 }}{{ 1 is lessthan 0 }}"
       "{{ 1 is le 1 }}",
       "TrueFalseTrueTrueFalseTrueTrueFalseTrue"},
      {"{{ 'a' is in 'abc' }}{{ 1 is in [2] }}{{ 'k' is in({'k': 1}) }}{{ 1 is not in [1] }}",
       "TrueFalseTrueFalse"},
      {"{{ none is sameas none }}{{ true is sameas true }}{{ true is sameas false }}"
       "{{ none is sameas false }}",
       "TrueTrueFalseFalse"},
  });
}

TEST_CASE("case, and names of filters and tests") {
  check_rendered({
      {"{{ 'abc' is lower }}{{ 'aBc' is lower }}{{ '1' is lower }}{{ 'AB1' is upper }}"
       "{{ '' is upper }}",
       "TrueFalseFalseTrueFalse"},
      {"{{ 'upper' is filter }}{{ 'nope' is filter }}{{ 'odd' is test }}{{ 'nope' is test }}"
       "{{ 'xmlattr' is filter }}",
       "TrueFalseTrueFalseTrue"},
  });
}

TEST_CASE("what fails in Jinja, or is not supported, is refused") {
  check_refused({
      {"{{ 1 is nope }}", R"(Jinja has no filter or test "nope")"},
      {"{{ 'a' is odd }}", "a number that is divided is a str"},
      {"{{ 1 is divisibleby 0 }}", "division by zero"},
      {"{{ 'a' is sameas 'a' }}", R"("sameas" of other values than true, false, none)"},
      {"{{ 'a' is escaped }}", R"(the test "escaped")"},
      {"{{ ('a' | safe) is string }}", "a test of a text marked as safe"},
      {"{{ 1 is odd(2) }}", R"(the test "odd" takes fewer arguments than 1)"},
      {"{{ 1 is lt }}", R"(the test "lt" lacks "b")"},
      {"{{ 1 is lt 'a' }}", "'<' between int and str"},
      {"{{ 1 is defined is defined }}", "tests cannot be chained with is"},
  });
}
