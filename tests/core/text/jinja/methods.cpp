// Methods of texts, lists, dicts and loops.

#include "core/text/jinja/methods.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/methods");

TEST_CASE("strip and split") {
  check_rendered({
      {"{{ ' a '.strip() }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|{{ 'xyax'.strip('xy') }}|"
       "{{ ' a'.strip(none) }}|",
       "a|a | a|a|a|"},
      {"{{ 'a,b,,c'.split(',') }}{{ ' a  b '.split() }}{{ ' a b c'.split(none, 1) }}"
       "{{ 'a,b,c'.split(',', 1) }}{{ ''.split() }}{{ ''.split(',') }}",
       "['a', 'b', '', 'c']['a', 'b']['a', 'b c']['a', 'b,c'][]['']"},
      {"{{ 'a b c'.rsplit(' ', 1) }}{{ ' a b '.rsplit(none, 1) }}{{ 'abc'.rsplit('x') }}"
       "{{ 'a,b'.split(sep=',', maxsplit=0) }}",
       "['a b', 'c'][' a', 'b']['abc']['a,b']"},
      {R"({{ 'a\nb\r\nc\n'.splitlines() }}{{ 'a\nb'.splitlines(true) }}{{ ''.splitlines() }})"
       R"({{ 'a\n\nb'.splitlines(keepends=false) }})",
       R"(['a', 'b', 'c']['a\n', 'b'][]['a', '', 'b'])"},
  });
}

TEST_CASE("searching and cutting") {
  check_rendered({
      {"{{ 'abc'.startswith('a') }}{{ 'abc'.endswith(('x', 'bc')) }}{{ 'abc'.startswith(()) }}"
       "{{ 'abc'.startswith('') }}",
       "TrueTrueFalseTrue"},
      {"{{ 'äbcb'.find('b') }}{{ 'äbcb'.rfind('b') }}{{ 'a'.find('x') }}{{ 'äö'.find('') }}"
       "{{ 'banana'.count('an') }}{{ 'äb'.count('') }}",
       "13-1023"},
      {"{{ 'a:b:c'.partition(':') }}{{ 'a:b:c'.rpartition(':') }}{{ 'abc'.partition(':') }}"
       "{{ 'abc'.rpartition(':') }}",
       "('a', ':', 'b:c')('a:b', ':', 'c')('abc', '', '')('', '', 'abc')"},
      {"{{ 'prefixed'.removeprefix('pre') }}{{ 'a.txt'.removesuffix('.txt') }}"
       "{{ 'a'.removesuffix('b') }}",
       "fixedaa"},
  });
}

TEST_CASE("replacing, joining and case") {
  check_rendered({
      {"{{ 'aaa'.replace('a', 'b') }}{{ 'aaa'.replace('a', 'b', 2) }}"
       "{{ 'ab'.replace('', '-') }}{{ 'ab'.replace('', '-', 2) }}{{ 'a'.replace('a', '') }}",
       "bbbbba-a-b--a-b"},
      {"{{ ', '.join(['a', 'b']) }}{{ ''.join('abc') }}{{ '-'.join([]) }}"
       "{{ '-'.join({'a': 1, 'b': 2}) }}",
       "a, babca-b"},
      {"{{ 'aBc'.upper() }}{{ 'aBc'.lower() }}{{ 'aBc d'.capitalize() }}"
       R"({{ "don't go-on".title() }})",
       "ABCabcAbc dDon'T Go-On"},
      {"{{ 'abc'.isalpha() }}{{ 'a1'.isalnum() }}{{ '12'.isdigit() }}{{ ''.isdigit() }}"
       R"({{ ' \t'.isspace() }}{{ '1a'.isdecimal() }}{{ '1'.isnumeric() }})",
       "TrueTrueTrueFalseTrueFalseTrue"},
  });
}

TEST_CASE("dicts and lists") {
  check_rendered({
      {"{{ {'a': 1}.get('a') }}{{ {'a': 1}.get('b') }}{{ {'a': 1}.get('b', 2) }}"
       "{{ {'a': 1}.copy() }}",
       "1None2{'a': 1}"},
      {"{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }} {% endfor %}"
       "{{ {'a': 1}.keys() | list }}{{ {'a': 1}.values() | list }}",
       "a=1 b=2 ['a'][1]"},
      {"{{ [1, 2, 1].count(1) }}{{ [1, 2].index(2) }}{{ [1].copy() }}{{ (1, 2).index(2) }}"
       "{{ (1, 1).count(1) }}",
       "21[1]12"},
  });
}

TEST_CASE("loops cycle and tell changes") {
  check_rendered({
      {"{% for i in range(5) %}{{ loop.cycle('a', 'b') }}{% endfor %}", "ababa"},
      {"{% for m in messages %}{{ loop.changed(m.role) }}{% endfor %} {% for i in [1, 1, 2] %}"
       "{{ loop.changed(i, 1) }}{% endfor %}",
       "TrueTrueTrue TrueFalseTrue"},
  });
}

TEST_CASE("what fails in Python, or is not supported, is refused") {
  check_refused({
      {"{{ '{}'.format(1) }}", R"(the method "format" of texts)"},
      {"{{ 'a'.zfill(3) }}", R"(the method "zfill" of texts)"},
      {"{{ 'a'.strip(chars='a') }}", "strip() takes no keyword arguments"},
      {"{{ 'a'.split('') }}", "an empty separator"},
      {"{{ 'a'.partition('') }}", "partition() by an empty separator"},
      {"{{ 'a'.startswith(1) }}", "startswith or endswith of a int"},
      {"{{ 'a'.startswith(('b', 1)) }}", "startswith or endswith of a int"},
      {"{{ ','.join([1]) }}", "join() of a int"},
      {"{{ 'é'.upper() }}", "characters beyond ASCII"},
      {"{{ 'é'.isalpha() }}", "isalpha() of characters beyond ASCII"},
      {"{{ [1].index(2) }}", "index() of a value that is not in the list"},
      {"{{ {}.get(key=1) }}", "get() takes no keyword arguments"},
      {"{{ {}.get([]) }}", "a list as the key of a dict"},
      {"{{ {}.fromkeys('a') }}", "fromkeys() takes fewer arguments"},
      {"{{ 'a'.upper(1) }}", "upper() takes fewer arguments than 1"},
      {"{{ messages.append(1) }}", R"("append" changes a list, which is unsafe)"},
      {"{{ {}.update({}) }}", R"("update" changes a dict, which is unsafe)"},
      {"{% for i in [1] %}{{ loop.cycle() }}{% endfor %}", "loop.cycle() takes values by position"},
  });
}
