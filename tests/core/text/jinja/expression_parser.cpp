// The grammar of expressions: what binds tighter.

#include "core/text/jinja/parser.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/expression_parser");

TEST_CASE("brackets and chains of operators are bounded") {
  const auto nested = [](int depth) {
    return "{{ " + std::string(depth, '[') + std::string(depth, ']') + " }}";
  };
  CHECK_NOTHROW(rendered(nested(40)));
  CHECK_THROWS_WITH_AS(rendered(nested(200)), doctest::Contains("nested more than 100 deep"),
                       Error);
  std::string chain = "{{ 1";
  for (int i = 0; i < 300; ++i) chain += " + 1";
  CHECK_THROWS_WITH_AS(rendered(chain + " }}"),
                       doctest::Contains("an expression nested more than 200 deep"), Error);
}

TEST_CASE("operators bind as Jinja has it") {
  check_rendered({
      {"{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 2 * 3 + 1 }} {{ 7 - 2 - 1 }} {{ 8 // 2 // 2 }} "
       "{{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 2 ** -1 + 1 if false else 5 }}",
       "7 9 7 4 2 64 4 5"},
      {"{{ 1 + 1 == 2 }} {{ not 1 == 2 }} {{ not true and false }} "
       "{{ true or false and false }} {{ 1 < 2 and 2 < 1 or true }}",
       "True True False True True"},
      {"{{ 'a' ~ 1 * 2 ~ 'b' }} {{ 1 in [1] and 2 not in [1] }} {{ not 1 in [2] }} {{ - - 1 }} "
       "{{ +1 }} {{ --1 }}",
       "a2b True True 1 1 1"},
  });
}

TEST_CASE("conditions nest to the right") {
  check_rendered({
      {"{{ 1 if true else 2 if true else 3 }}{{ 1 if false else 2 if false else 3 }}"
       "{{ (1 if false) is defined }}{{ 'a' if true and false else 'b' }}",
       "13Falseb"},
      {"{{ [1 if true else 2, 3] }}{{ {'a': 1 if false else 2} }}", "[1, 3]{'a': 2}"},
  });
}

TEST_CASE("lists, tuples and dicts may end with a comma") {
  check_rendered({
      {"{{ [1, 2,] }}{{ (1,) }}{{ (1, 2,) }}{{ {'a': 1,} }}{{ [] }}{{ () }}{{ (1) }}{{ 1, 2 }}",
       "[1, 2](1,)(1, 2){'a': 1}[]()1(1, 2)"},
  });
}

TEST_CASE("words that are constants") {
  check_rendered({
      {"{{ true }}{{ True }}{{ false }}{{ False }}{{ none }}{{ None }}{{ TRUE is defined }}",
       "TrueTrueFalseFalseNoneNoneFalse"},
  });
}

TEST_CASE("what Jinja does not parse is refused with what was expected") {
  check_refused({
      {"{{ }}", "expected an expression, found }}"},
      {"{{ 1 + }}", "expected an expression, found }}"},
      {"{{ [1, }}", "unexpected '}'"},
      {"{{ 1 2 }}", "expected }}, found 2"},
      {"{{ {1} }}", "expected :, found }"},
      {"{{ {1: 2 3} }}", "expected ,, found 3"},
      {"{{ 1 if }}", "expected an expression, found }}"},
      {"{{ (1 }}", "unexpected '}'"},
      {"{{ * 1 }}", "expected an expression, found *"},
      {"{{ a = 1 }}", "expected }}, found ="},
      {"\n\n{{ 1 1 }}", "line 3 of the chat template: expected"},
  });
}
