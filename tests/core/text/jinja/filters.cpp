// Filters of texts and numbers.

#include "core/text/jinja/filters.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/filters");

TEST_CASE("default takes the place of what is undefined, and of what is false if told so") {
  check_rendered({
      {"{{ nothing | default('d') }} {{ nothing | d }}|{{ '' | default('d') }}|"
       "{{ '' | d('e', true) }}",
       "d ||e"},
      {"{{ none | default('d') }} {{ none | default('d', boolean=true) }} "
       "{{ 0 | default(1, true) }}",
       "None d 1"},
      {"{{ nothing | default(default_value='x') }}", "x"},
  });
}

TEST_CASE("tojson writes as json.dumps does") {
  check_rendered({
      {R"({{ {'b': [1, 1.5, true, none], 'a': 'é"\n'} | tojson }})",
       R"({"b": [1, 1.5, true, null], "a": "é\"\n"})"},
      {"{{ {'a': [1], 'b': {}, 'c': []} | tojson(indent=2) }}",
       "{\n  \"a\": [\n    1\n  ],\n  \"b\": {},\n  \"c\": []\n}"},
      {"{{ 'é' | tojson(ensure_ascii=true) }}"
       R"({{ '\U0001F600\x7f' | tojson(ensure_ascii=true) }})",
       R"("\u00e9""\ud83d\ude00\u007f")"},
      {"{{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }}"
       "{{ [1, {'k': 2}] | tojson(separators=(',', ':')) }}",
       R"({"a": 2, "b": 1}[1,{"k":2}])"},
      {"{{ [[1, [2]], {}] | tojson(indent=1) }}", "[\n [\n  1,\n  [\n   2\n  ]\n ],\n {}\n]"},
      {"{{ {1: 'a', true: 'b', none: 'c', 1.5: 'd'} | tojson }}",
       R"({"1": "b", "null": "c", "1.5": "d"})"},
      {"{{ messages | tojson }}",
       R"([{"role": "user", "content": " Hi é "}, {)"
       R"("role": "assistant", "content": "<think>\nx\n</think>\n\nYo"}, {)"
       R"("role": "user", "content": "Bye"}])"},
      {"{{ [1] | tojson(indent='--') }}{{ [1, 2] | tojson(indent=0) }}", "[\n--1\n][\n1,\n2\n]"},
  });
}

TEST_CASE("replace, indent and trim") {
  check_rendered({
      {"{{ 'aXbXc' | replace('X', '-') }} {{ 'aXbXc' | replace('X', '-', 1) }} "
       "{{ 'ab' | replace('', '.') }}",
       "a-b-c a-bXc .a.b."},
      {"{{ 12321 | replace(2, 'x') }}", "1x3x1"},
      {R"({{ 'a\n\nb' | indent }}|{{ 'a\n\nb' | indent(2, true) }}|)"
       R"({{ 'a\n\nb' | indent(1, blank=true) }})",
       "a\n\n    b|  a\n\n  b|a\n \n b"},
      {R"({{ 'a\nb' | indent('> ') }}|{{ '' | indent(2, first=true) }}|{{ 'a\n' | indent(2) }})"
       "|",
       "a\n> b|  |a\n|"},
      {R"({{ ' a\u3000\n' | trim }}|{{ 'xaxbx' | trim('x') }}|{{ 7 | trim }}|)"
       "{{ 'abc' | trim('') }}",
       "a|axb|7|abc"},
  });
}

TEST_CASE("int and float read what Python reads") {
  check_rendered({
      {"{{ '12' | int + 1 }} {{ ' +7 ' | int }} {{ '1.7' | int }} {{ -1.9 | int }} "
       "{{ true | int }} {{ '-3' | int }}",
       "13 7 1 -1 1 -3"},
      {"{{ 'x' | int }} {{ 'x' | int(5) }} {{ none | int(4) }} {{ [] | int }} "
       "{{ '' | int(default=9) }}",
       "0 5 4 0 9"},
      {"{{ '1.5' | float }} {{ 3 | float }} {{ 'x' | float }} {{ 'x' | float(2.5) }} "
       "{{ '1e3' | float }}",
       "1.5 3.0 0.0 2.5 1000.0"},
  });
}

TEST_CASE("case, strings and numbers") {
  check_rendered({
      {"{{ 'aBc' | upper }}{{ 'aBc' | lower }}{{ 'aBC d' | capitalize }} "
       "{{ \"don't go-on (x)\" | title }}",
       "ABCabcAbc d Don't Go-On (X)"},
      {"{{ 3 | string + 'a' }}{{ true | string }}{{ -3 | abs }}{{ 2.5 | abs }}{{ false | abs }}",
       "3aTrue32.50"},
      {"{{ '<b>' | safe }}{{ ('<' | safe) ~ '>' }}", "<b><>"},
  });
}

TEST_CASE("what Jinja has and this renderer has not is refused by name") {
  check_refused({
      {"{{ 'a' | e }}", R"(the filter "e")"},
      {"{{ 'a' | wordcount }}", R"(the filter "wordcount")"},
      {"{{ 'a' | format(1) }}", R"(the filter "format")"},
      {"{{ '0x1f' | int(base=16) }}", "a base of numbers other than 10"},
      {"{{ '1_000' | int }}", "a number with underscores"},
      {"{{ 1e300 | int }}", "an integer of more than 64 bits"},
      {"{{ 'É' | lower }}", "characters beyond ASCII"},
      {"{{ 'a' | indent(2000) }}", "an indent of more than 1000 blanks"},
      {"{{ ('a' | safe) | upper }}", "a filter of a text marked as safe"},
      {"{{ 'a' | nope }}", R"(Jinja has no filter or test "nope")"},
  });
}

TEST_CASE("arguments that a filter does not take are refused") {
  check_refused({
      {"{{ 'a' | upper(1) }}", R"(the filter "upper" takes fewer arguments than 1)"},
      {"{{ 'a' | replace('b') }}", R"(the filter "replace" lacks "new")"},
      {"{{ 'a' | trim(chars=1) }}", R"("chars" is a int)"},
      {"{{ 1 | indent }}", "indent of a int"},
      {"{{ nothing | int }}", "int of an undefined value"},
      {"{{ [1] | tojson(separators=(1, 2)) }}", "separators of tojson are not two texts"},
      {"{{ range(2) | tojson }}", "a value of type range as JSON"},
      {"{{ 'a' | default('b', default_value='c') }}", R"(is given "default_value" twice)"},
  });
}
