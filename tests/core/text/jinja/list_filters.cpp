// Filters of lists and dicts.

#include "core/text/jinja/filters.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/list_filters");

TEST_CASE("sorting by value, attribute and case") {
  check_rendered({
      {"{{ [3, 1, 2] | sort }}{{ ['b', 'A', 'a'] | sort }}"
       "{{ ['b', 'A', 'a'] | sort(case_sensitive=true) }}{{ [3, 1, 2] | sort(reverse=true) }}",
       "[1, 2, 3]['A', 'a', 'b']['A', 'a', 'b'][3, 2, 1]"},
      {"{% for m in messages | sort(attribute='role') %}{{ m.content | length }} {% endfor %}",
       "22 6 3 "},
      {"{{ [[2, 'x'], [1, 'y']] | sort }}{{ [{'a': {'b': 2}}, {'a': {"
       "'b': 1}}] | sort(attribute='a.b') }}{{ [[2], [1]] | sort(attribute=0) }}",
       "[[1, 'y'], [2, 'x']][{'a': {'b': 1}}, {'a': {'b': 2}}][[1], [2]]"},
      {"{{ 'bca' | sort }}{{ {'b': 1, 'a': 2} | sort }}", "['a', 'b', 'c']['a', 'b']"},
  });
}

TEST_CASE("dictsort by key or value") {
  check_rendered({
      {"{{ {'b': 1, 'A': 2, 'c': 0} | dictsort }}{{ {'b': 1, 'A': 2} | dictsort(true) }}"
       "{{ {'b': 1, 'a': 2} | dictsort(by='value') }}"
       "{{ {'b': 1, 'a': 2} | dictsort(reverse=true) }}",
       "[('A', 2), ('b', 1), ('c', 0)][('A', 2), ('b', 1)][('b', 1), ('a',"
       " 2)][('b', 1), ('a', 2)]"},
  });
}

TEST_CASE("unique, min, max and sum") {
  check_rendered({
      {"{{ ['a', 'A', 'b', 'a'] | unique | list }}{{ ['a', 'A'] | unique(true) | list }}"
       "{{ messages | unique(attribute='role') | map(attribute='role') | list }}",
       "['a', 'b']['a', 'A']['user', 'assistant']"},
      {"{{ [3, 1, 2] | min }}{{ [3, 1, 2] | max }}{{ ['b', 'A'] | min }}"
       "{{ (messages | max(attribute='role')).role }}|{{ [] | max }}|",
       "13Auser||"},
      {"{{ [1, 2, 3] | sum }}{{ [] | sum }}{{ [{'n': 1}, {'n': 2}] | sum('n') }}"
       "{{ [{'n': 1}] | sum(attribute='n', start=5) }}{{ [[1], [2]] | sum(start=[]) }}",
       "6036[1, 2]"},
  });
}

TEST_CASE("join, first, last, list, reverse, length and items") {
  check_rendered({
      {"{{ [1, 'a', none] | join('-') }}{{ [1, 2] | join }}"
       "{{ messages | join(', ', attribute='role') }}{{ [] | join('x') }}",
       "1-a-None12user, assistant, user"},
      {"{{ [1, 2] | first }}{{ 'abc' | first }}{{ [1, 2] | last }}{{ 'abc' | last }}"
       "{{ {'a': 1} | first }}|{{ [] | first }}{{ [] | last }}|",
       "1a2ca||"},
      {"{{ 'abc' | list }}{{ {'a': 1} | list }}{{ range(3) | list }}{{ nothing | list }}"
       "{{ 'abc' | reverse }}{{ [1, 2] | reverse | list }}",
       "['a', 'b', 'c']['a'][0, 1, 2][]cba[2, 1]"},
      {"{{ messages | length }}{{ 'äöü' | count }}{{ {'a': 1} | length }}{{ nothing | length }}"
       "{{ range(4) | length }}",
       "33104"},
      {"{{ {'a': 1, 'b': 2} | items | list }}{{ nothing | items | list }}",
       "[('a', 1), ('b', 2)][]"},
  });
}

TEST_CASE("map by attribute and by filter") {
  check_rendered({
      {"{{ messages | map(attribute='role') | list }}"
       "{{ [{'a': 1}, {}] | map(attribute='a', default=0) | list }}"
       "{{ ['a', 'b'] | map('upper') | list }}{{ ['a-b'] | map('replace', '-', '+') | list }}",
       "['user', 'assistant', 'user'][1, 0]['A', 'B']['a+b']"},
      {"{{ [[1, 2], [3, 4]] | map(attribute=1) | list }}"
       "{{ [{'a': [5]}] | map(attribute='a.0') | list }}{{ [] | map('upper') | list }}",
       "[2, 4][5][]"},
  });
}

TEST_CASE("select and reject, by test and by attribute") {
  check_rendered({
      {"{{ [1, 2, 3] | select('odd') | list }}{{ [0, 1, ''] | select | list }}"
       "{{ [1, 2, 3] | reject('odd') | list }}{{ [1, 2, 3] | select('gt', 1) | list }}",
       "[1, 3][1][2][2, 3]"},
      {"{{ messages | selectattr('role', 'equalto', 'user') | list | length }}"
       "{{ messages | rejectattr('role', 'equalto', 'user') | map(attribute='role') | list }}"
       "{{ [{'a': 1}, {'a': 0}, {}] | selectattr('a') | list }}",
       "2['assistant'][{'a': 1}]"},
      {"{{ [1, 2] | select('in', [2]) | list }}{{ nothing | select | list }}", "[2][]"},
      {"{% set u = messages | selectattr('role', 'equalto', 'user') %}{% for a in u %}1"
       "{% endfor %}{% for a in u %}2{% endfor %}",
       "11"},
  });
}

TEST_CASE("what fails in Jinja, or is not supported, is refused") {
  check_refused({
      {"{{ [1, 'a'] | sort }}", "'<' between"},
      {"{{ [1] | sort(attribute='a,b') }}", "several attributes to sort by"},
      {"{{ 1 | sort }}", "a int cannot be iterated over"},
      {"{{ [1] | dictsort }}", "dictsort of a list"},
      {"{{ {} | dictsort(by='size') }}", "dictsort by something unknown"},
      {"{{ [[1]] | unique | list }}", "unique of a list"},
      {"{{ ['a'] | sum(start='') }}", "sum of texts"},
      {"{{ [0.1] | sum }}", "a sum of floats"},
      {"{{ 1 | items }}", "items of a int"},
      {"{{ 1 | length }}", "a int has no length"},
      {"{{ ['a'] | map('nope') | list }}", R"(the filter "nope")"},
      {"{{ [1] | map(1) | list }}", "map by something unknown"},
      {"{{ [1] | select(1) | list }}", "select by something unknown"},
      {"{{ [1] | selectattr | list }}", "selectattr lacks an attribute"},
      {"{{ [{'a': {}}] | map(attribute='a.b', default=1) | list }}",
       "map with a default for a path"},
      {"{{ messages | map(attribute='role') }}", "printing a iterator"},
      {"{{ [1] | last(2) }}", R"(the filter "last" takes fewer arguments)"},
  });
}
