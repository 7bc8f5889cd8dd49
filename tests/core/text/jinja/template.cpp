// Templates as a whole: everything together, hostile ones, and what cannot be known.

#include "core/text/jinja/template.h"

#include <doctest/doctest.h>

#include "support/rendered.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/text/jinja/template");

TEST_CASE("texts and numbers read and print as Python's") {
  check_rendered({
      {"{{ 'a\\n\\t\\\\\\'\\\"\\x41\\u00e9\\101\\q' }}", "a\n\t\\'\"AéA\\q"},
      {"{{ 'a' 'b' }}{{ 1_000 }} {{ 1e3 }} {{ 1.0e-7 }} {{ 1e16 }} {{ 0.1 + 0.2 }} {{ 7 / 2 "
       "}} {{ 4 / 2 }}",
       "ab1000 1000.0 1e-07 1e+16 0.30000000000000004 3.5 2.0"},
      {"{{ true }} {{ none }} {{ [1, 'a', none] }} {{ (1,) }} {{ {'a': 1, 2: 'b'} }}",
       "True None [1, 'a', None] (1,) {'a': 1, 2: 'b'}"},
      {"{{ ['it\\'s', 'a\"b', '\\n\\x00é'] }}", "[\"it's\", 'a\"b', '\\n\\x00é']"},
      {"{{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ -2 ** 2 }} {{ true + true }} {{ 'ab' * 2"
       " }} {{ [1] + [2] }}",
       "-4 2 1024 4 2 abab [1, 2]"},
      {"{{ 1 ~ 'a' ~ none ~ nothing }}", "1aNone"},
      {"{{ 1 < 2 < 3 }} {{ 1 == 1.0 == true }} {{ 'a' in 'abc' }} {{ 1 not in [2] }} {{ 'rol"
       "e' in messages[0] }}",
       "True True True True True"},
      {"{{ 0 or 'x' }} {{ '' and 1 }} {{ 1 if 0 else 2 }} {{ 1 if 0 }}", "x  2 "},
      {"{{ 'äöü'[1] }} {{ 'äöü'[-2:] }} {{ 'abc'[::-1] }} {{ messages[-1].role }} {{ message"
       "s[1:] | length }}",
       "ö öü cba user 2"},
  });
}

TEST_CASE("names mean what Jinja decides before it runs") {
  check_rendered({
      {"{% for m in messages %}{% set x = loop.index %}{% endfor %}{{ x is defined }}", "False"},
      {"{% set x = 0 %}{% for m in messages %}{% if loop.first %}{% set x = 9 %}{% endif %}{"
       "{ x }}{% endfor %}{{ x }}",
       "9000"},
      {"{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endf"
       "or %}{{ ns.n }}",
       "3"},
      {"{% macro f() %}{{ bos_token }}{% endmacro %}{{ f() }}{% set bos_token = 'x' %}{{ f() }}",
       "x"},
      {"{% if false %}{% set bos_token = 1 %}{% endif %}{{ bos_token }}", "<s>"},
      {"{% set bos_token %}[{{ bos_token }}]{% endset %}{{ bos_token }}", "[]"},
      {"{% generation %}{% set z = 1 %}in{% endgeneration %}{{ z is defined }}", "inFalse"},
      {"{% with a = 1 %}{{ a }}{% endwith %}{{ a is defined }}", "1False"},
      {"{% if true %}{% set y = 1 %}{% endif %}{{ y }}", "1"},
  });
}

TEST_CASE("loops, macros and blocks") {
  check_rendered({
      {"{% for m in messages %}{{ loop.index }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.l"
       "ast }}{{ loop.length }}{{ (loop.nextitem or {}).role }} {% endfor %}",
       "12TrueFalse3assistant 21FalseFalse3user 30FalseTrue3 "},
      {"{% for m in messages if m.role == 'user' %}{{ loop.index }}/{{ loop.length }} {% els"
       "e %}none{% endfor %}",
       "1/2 2/2 "},
      {"{% for m in messages %}{% if loop.index == 2 %}{% break %}{% endif %}{{ m.role }}{% "
       "endfor %}",
       "user"},
      {"{% for a in [1] %}{% continue %}{% else %}else{% endfor %}", "else"},
      {"{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a=1"},
      {"{% macro m(a, b='x') %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) "
       "}}|{{ m(1, 2, 3, k=4) }}|{{ m(b=1) }}",
       "1x(){}|12(3,){'k': 4}|1(){}"},
      {"{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{% endcall %}", "[x]"},
      {"{% set t | upper %}x{{ 1 }}{% endset %}{{ t }}{% filter trim %} a {% endfilter %}", "X1a"},
      {"{% macro m(l) %}{% for x in l %}{{ x if x is integer else m(x) }}{% endfor %}{% endm"
       "acro %}{{ m([1, [2, [3]]]) }}",
       "123"},
      {"{% set u = messages | selectattr('role', 'equalto', 'user') %}{% for a in u %}1{% en"
       "dfor %}{% for a in u %}2{% endfor %}",
       "11"},
  });
}

TEST_CASE("filters, tests and methods") {
  check_rendered({
      {"{{ ' a\\u3000' | trim }}{{ 'xax' | trim('x') }}{{ 'aXb' | lower | upper }}{{ \"don't"
       " go-on\" | title }}{{ \"don't go-on\".title() }}",
       "aaAXBDon't Go-OnDon'T Go-On"},
      {"{{ [3, 1, 2] | sort }}{{ ['b', 'A'] | sort }}{{ [1, 2] | reverse | list }}{{ [1, 5] "
       "| max }}{{ {'b': 2, 'a': 1} | dictsort }}",
       "[1, 2, 3]['A', 'b'][2, 1]5[('a', 1), ('b', 2)]"},
      {"{{ messages | map(attribute='role') | join('/') }}{{ [1, 2, 3] | select('odd') | lis"
       "t }}{{ ['a', 'A'] | unique | list }}",
       "user/assistant/user[1, 3]['a']"},
      {"{{ {'b': [1, 1.5, true, none], 'a': 'é\"\\n'} | tojson }}{{ {'a': [1], 'b': {}} | to"
       "json(indent=2) }}{{ 'é' | tojson(ensure_ascii=true) }}",
       "{\"b\": [1, 1.5, true, null], \"a\": \"é\\\"\\n\"}{\n  \"a\": [\n    1\n  ],\n  \"b"
       "\": {}\n}\"\\u00e9\""},
      {"{{ '12' | int + 1 }}{{ '1.7' | int }}{{ 'x' | int(5) }}{{ 3 | string + 'a' }}{{ noth"
       "ing | default('d') }}{{ '' | d('e', true) }}{{ nothing | length }}",
       "13153ade0"},
      {"{{ 'a,b,,c'.split(',') }}{{ ' a  b '.split() }}{{ ' a b '.split(none, 1) }}{{ 'a b c"
       "'.rsplit(' ', 1) }}{{ 'a\\nb\\r\\n'.splitlines() }}",
       "['a', 'b', '', 'c']['a', 'b']['a', 'b ']['a b', 'c']['a', 'b']"},
      {"{{ messages[1].content.split('</think>')[-1].lstrip('\\n') }}{{ 'abc'.startswith('a'"
       ") }}{{ 'a:b'.partition(':') }}{{ 'abc'.find('c') }}",
       "YoTrue('a', ':', 'b')2"},
      {"{{ {'a': 1}.get('b', 2) }}{{ {'items': 1}['items'] }}{{ none.x is undefined }}{{ mes"
       "sages[9] is defined }}{{ messages.append is defined }}",
       "21TrueFalseFalse"},
      {"{{ 1 is number }}{{ 'a' is string }}{{ {} is mapping }}{{ 3 is odd }}{{ true is true"
       " }}{{ 'a' is in 'abc' }}{{ nothing is not defined }}{{ nothing is sequence }}",
       "TrueTrueTrueTrueTrueTrueTrueTrue"},
      {"{{ 'a\\n\\nb' | indent(2, true) }}{{ range(1, 10, 3) | join(' ') }}{{ dict(a=1) }}{{"
       " '<b>' | safe }}",
       "  a\n\n  b1 4 7{'a': 1}<b>"},
  });
}

TEST_CASE("what Jinja refuses is refused, with the line") {
  for (const char* source : {"{{ raise_exception('no') }}",
                             "{{ nothing.x }}",
                             "{{ nothing + 1 }}",
                             "{{ 'a' + 1 }}",
                             "{{ none + 'a' }}",
                             "{% for a in none %}{% endfor %}",
                             "{{ messages.append(1) }}",
                             "{{ 1 / 0 }}",
                             "{{ 'a' | nope }}",
                             "{% if true %}",
                             "{% endif %}",
                             "{{ 'a }}",
                             "{% set x.y = 1 %}",
                             "{{ 1 is nope }}",
                             "{{ [1, 2 }}",
                             "{% break %}",
                             "{% do x %}",
                             "{{ range(200000) }}",
                             "{# a",
                             "{{ '\\ud800' }}",
                             "{% for loop in [1] %}{% endfor %}",
                             "\n{{ messages[0].role.x.y }}"}) {
    CAPTURE(source);
    CHECK_THROWS_WITH_AS(rendered(source), doctest::Contains("of the chat template: "), Error);
  }
  CHECK_THROWS_WITH_AS(rendered("a\n{{ raise_exception('no ~') }}"),
                       "line 2 of the chat template: it refuses the conversation: no ~", Error);
}

TEST_CASE("what Jinja has and this renderer lacks is refused by name") {
  const std::vector<RenderCase> cases = {
      {"{% include 'x' %}", "the tag \"include\""},
      {"{% import 'x' as y %}", "the tag \"import\""},
      {"{% block a %}{% endblock %}", "the tag \"block\""},
      {"{% for x in [] recursive %}{% endfor %}", "a recursive loop"},
      {"{{ 'a' | e }}", "the filter \"e\""},
      {"{{ '%s' % 1 }}", "\"%\" of a text"},
      {"{{ '{}'.format(1) }}", "the method \"format\" of texts"},
      {"{{ 'É' | lower }}", "characters beyond ASCII"},
      {"{{ 9223372036854775807 + 1 }}", "an integer of more than 64 bits"},
      {"{{ messages | map(attribute='role') }}", "printing a iterator"},
      {"{{ ('a' | safe) + 'b' }}", "a text marked as safe"},
      {"{{ ''.__class__ }}", "the attribute \"__class__\""},
      {"{{ strftime_now('%c') }}", "the time format \"%c\""},
  };
  check_refused(cases);
}

TEST_CASE("variables that cannot be known are refused where they are used, and only there") {
  jinja::Context unknown = some_conversation();
  unknown.unknown["unk_token"] = "nobody knows \"unk_token\"";
  CHECK(jinja::Template("{% if false %}{{ unk_token }}{% endif %}a").render(some_conversation()) ==
        "a");
  CHECK_THROWS_WITH_AS(jinja::Template("{{ unk_token }}").render(unknown),
                       doctest::Contains("nobody knows \"unk_token\""), Error);
}

TEST_CASE("hostile templates end with an error, in bounded time and memory") {
  const auto repeated = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  const std::string doubling =
      "{% set x = namespace(t='aaaaaaaaaaaaaaaa') %}"
      "{% for i in range(90) %}{% set x.t = x.t + x.t %}{% endfor %}";
  const std::string nested_list =
      "{% set n = namespace(l=[]) %}{% for i in range(100) %}{% set n.l = [n.l] %}{% endfor %}";
  const std::string loops =
      repeated("{% for i in range(99999) %}", 4) + repeated("{% endfor %}", 4);
  const std::vector<std::string> hostile = {
      "{{ " + repeated("[", 100'000),
      "{{ " + repeated("not ", 100'000),
      "{{ " + repeated("-", 100'000) + "1 }}",
      "{{ 1" + repeated(" + 1", 100'000) + " }}",
      "{{ x" + repeated(".y", 100'000) + " }}",
      "{{ 1" + repeated(" if 1 else 1", 100'000) + " }}",
      repeated("{% if 1 %}", 100'000),
      repeated("{{ x }}", 200'000),
      "{{ 'a' * 9999999999 }}",
      "{{ [0] * 9999999999 }}",
      doubling,
      nested_list,
      loops,
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m(f) %}{{ f(f) }}{% endmacro %}{{ m(m) }}",
      "\xff",
  };
  for (const std::string& source : hostile) {
    CAPTURE(source.substr(0, 60));
    CHECK_THROWS_AS(rendered(source), Error);
  }
  const std::string blanks = repeated(" ", 50'000);
  CHECK(rendered("{{ '" + blanks + "' | trim }}" + blanks + "{{- 'x' }}") == "x");
}
