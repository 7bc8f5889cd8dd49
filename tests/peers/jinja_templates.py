"""Chat templates through this program's renderer and through Jinja as transformers sets it up: the same text, or refused.

usage: jinja_templates.py RENDERER [COUNT [SEED]]     RENDERER: tests/render_template of the build; COUNT: of random templates, 3,000 if not given
Templates are: small ones of every feature, written here; random ones, made of the grammar; those that an installed TRL carries, published by
their models' authors. A template that Jinja renders and this program refuses is counted; another text, or a text where Jinja fails, is an error.
Prints "skipped: …" where jinja2 or transformers is not installed; TINYZERO_PEERS names a Python that has them.
"""

import collections
import copy
import importlib.util
import json
import os
import pathlib
import random
import subprocess
import sys

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
try:
    from transformers.utils.chat_template_utils import _compile_jinja_template as compiled
except ImportError as missing:
    print(f"skipped: {missing}; point TINYZERO_PEERS to a Python with jinja2 and transformers")
    sys.exit(0)

TOOL = {"type": "function", "function": {"name": "get_weather", "description": "Weather <&> \"x\" é", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "enum": ["a", "b"]}, "n": {"type": ["integer", "null"], "default": 3}}, "required": ["city"]}}}


def message(role, content, **more):
    return {"role": role, "content": content, **more}


CALL = {"id": "abcdefghi", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris", "n": 1.5}}}
CONVERSATIONS = [
    [message("user", "Hi")],
    [message("system", "Be brief."), message("user", " Hi \n")],
    [message("system", ""), message("user", "x")],
    [message("user", "a"), message("assistant", "b"), message("user", "c")],
    [message("user", "a"), message("assistant", "<think>\nhm\n</think>\n\nb  "), message("user", "c é 你好 </think> x")],
    [message("user", "\u00a0 blanks \u3000")],
    [message("assistant", "a"), message("user", "b")],
    [message("user", "w?"), message("assistant", "", tool_calls=[CALL]), message("tool", "sunny", name="get_weather", tool_call_id="abcdefghi"), message("assistant", "ok")],
    [message("user", [{"type": "text", "text": "part one"}, {"type": "text", "text": " two"}])],
]

SMALL = [
    # white space around tags
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a  {%- if true -%}  b  {%- endif -%}  c", "  {%+ if true %}\n x {%+ endif %}", "{{ 1 }}\n{{ 2 }}\n\n",
    "x {#- c -#} y\n {# d #}\n z", "{% raw %}{{ x }}{% endraw %}\n{%- raw -%} {% y %} {%- endraw -%} z", "a\r\nb\rc{% if true %}\r\nd{% endif %}", "\n\n{{ 'x' }}  \n",
    "{{- ' a ' -}}  b", "a \t{%- set x = 1 %}\n{{ x }}", "{% if true %}\n\n{% endif %}|", "{{ '{{' }}{{ '%}' }}{{ {'a': {'b': 1}}.a.b }}",
    # literals
    r"""{{ 'a\n\t\\\'\"\x41\u00e9\U0001F600\101\q' }}""", "{{ 'a' 'b' \"c\" }}", "{{ 1_000 }} {{ 1.5 }} {{ 1e3 }} {{ 1.0e-7 }} {{ 1e16 }} {{ 123456789.123 }} {{ 0.1 + 0.2 }}",
    "{{ true }} {{ False }} {{ none }} {{ None }}", "{{ [1, 'a', none, [true]] }} {{ (1,) }} {{ () }} {{ {'a': 1, 2: 'b'} }}", "{{ 'it\\'s \"x\"' }} {{ ['it\\'s', 'a\"b', '\\n\\x00é\\u200b'] }}",
    # operators
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ -2 ** 2 }} {{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }}", "{{ 1 ~ 'a' ~ none ~ x }}",
    "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 != 2 }}", "{{ 'a' in 'abc' }} {{ 1 not in [2] }} {{ 'k' in {'k': 1} }} {{ 1 in x }}",
    "{{ 0 or 'x' }} {{ '' and 1 }} {{ not '' }} {{ 1 if 0 else 2 }} {{ 1 if 0 }} {{ 'a' if 1 else 'b' if 0 else 'c' }}", "{{ 'ab' * 3 }} {{ [1] * 2 + [3] }} {{ true + true }}",
    "{{ 'abcdef'[1:4] }} {{ 'abcdef'[::-1] }} {{ 'äöü'[1] }} {{ 'äöü'[-2:] }} {{ [1,2,3,4][::2] }} {{ [1,2,3][5:] }} {{ messages[-1].role }} {{ messages[1:] | length }}",
    # undefined
    "[{{ x }}] [{{ x.y is defined }}]", "{{ x is defined }} {{ messages[0].nope is defined }} {{ messages[9] is defined }} {{ none.x is undefined }}", "{{ x | default('d') }} {{ '' | d('e', true) }} {{ x | length }}",
    "{{ x.y }}", "{{ x + 1 }}", "{{ 'a' + 1 }}", "{{ none + 'a' }}", "{% for a in none %}{% endfor %}", "{{ x == y }} {{ x == none }} {% for a in x %}{% else %}nothing{% endfor %}",
    # statements
    "{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem.role }}{{ loop.nextitem.role }}{{ loop.cycle('a', 'b') }}{{ loop.changed(m.role) }} {% endfor %}",
    "{% for m in messages if m.role == 'user' %}{{ loop.index }}/{{ loop.length }}:{{ m.content }} {% else %}none{% endfor %}", "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for m in messages %}{% if m.role == 'assistant' %}{% continue %}{% endif %}{{ m.role }}{% if loop.index == 2 %}{% break %}{% endif %}{% endfor %}", "{% for a in [1] %}{% continue %}{% else %}else{% endfor %}",
    "{% set ns = namespace(n=0, t='') %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% set n = 5 %}{% endfor %}{{ ns.n }}{{ n }}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d) = [3, 4] %}{{ c }}{{ d }}",
    "{% set t %}x{{ 1 }}{% endset %}{{ t }}{% set u | upper | trim %} a {% endset %}[{{ u }}]", "{% filter upper %}a{{ 'b' }}{% endfilter %}", "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}",
    "{% macro m(a, b='x', *c) %}{% endmacro %}", "{% macro m(a, b='x') %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }}|{{ m(1, 2, 3, k=4) }}|{{ m(b=1, a=2) }}", "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{% endcall %}",
    "{% macro m(l) %}{% for x in l %}{{ x }}{% if x is iterable and x is not string %}{{ m(x) }}{% endif %}{% endfor %}{% endmacro %}{{ m([1, [2, [3]]]) }}", "{% macro m() %}{{ messages | length }}{{ q }}{% endmacro %}{% set q = 1 %}{{ m() }}",
    "{% generation %}{% set z = 1 %}in{% endgeneration %}{{ z is defined }}", "{% for m in messages %}{% generation %}{{ m.content }}{{ loop.index }}{% endgeneration %}{% endfor %}", "{% if false %}{% set tools = 1 %}{% endif %}{{ tools }}",
    "{% macro f() %}{{ tools }}{% endmacro %}{{ f() }}{% set tools = 7 %}{{ f() }}", "{% set tools %}{{ tools }}{% endset %}[{{ tools }}]", "{% for m in messages %}{{ y }}{% set y = loop.index %}{{ y }}{% endfor %}{{ y }}",
    "{% set y = 0 %}{% for m in messages %}{% if loop.first %}{% set y = 9 %}{% endif %}{{ y }}{% endfor %}{{ y }}", "{% print 1, 2 %}", "{{ raise_exception('no') }}", "{% if false %}{{ raise_exception('no') }}{% endif %}ok",
    # filters, tests and methods
    "{{ ' a ' | trim }}{{ 'xax' | trim('x') }}{{ 'aXb' | lower | upper }}{{ 'hello wORLD-x' | title }}{{ 'aB' | capitalize }}", "{{ [3, 1, 2] | sort }}{{ ['b', 'A'] | sort }}{{ [1, 2] | reverse | list }}{{ 'abc' | reverse }}",
    "{{ [1, 2] | join(', ') }}{{ messages | map(attribute='role') | join('/') }}{{ ['a', ' b'] | map('trim') | list }}{{ [1, 2, 3] | select('odd') | list }}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
    "{{ messages | rejectattr('role', 'in', ['user', 'system']) | map(attribute='content') | first }}", "{{ {'b': 1, 'a': [true, none, 1.5, 'é\"\\n']} | tojson }}{{ {'b': [1], 'a': {}} | tojson(indent=2) }}{{ [1] | tojson(separators=(',', ':')) }}",
    "{{ 'é' | tojson(ensure_ascii=true) }}{{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }}", "{{ '12' | int + 1 }}{{ '1.7' | int }}{{ 'x' | int(5) }}{{ '1.5' | float }}{{ 3 | string + 'a' }}{{ -3 | abs }}",
    "{{ 'a,b,,c'.split(',') }}{{ ' a  b '.split() }}{{ 'a b c'.split(' ', 1) }}{{ 'a b c'.rsplit(' ', 1) }}{{ 'a\nb\r\nc'.splitlines() }}{{ 'xxa'.lstrip('x') }}{{ 'abc'.replace('b', '') }}{{ 'abc'.find('c') }}{{ 'abab'.count('ab') }}",
    "{{ 'abc'.startswith('a') }}{{ 'abc'.endswith(('c', 'd')) }}{{ '-'.join(['a', 'b']) }}{{ 'a:b'.partition(':') }}{{ {'a': 1}.get('b', 2) }}{{ {'a': 1}.get('b') }}{{ {'a': 1}['a'] }}{{ {'items': 1}['items'] }}",
    "{{ 1 is number }}{{ 'a' is string }}{{ {} is mapping }}{{ [] is sequence }}{{ x is sequence }}{{ 1 is divisibleby 2 }}{{ 3 is odd }}{{ none is none }}{{ true is true }}{{ 1 is integer }}{{ 1.0 is float }}{{ 'a' is in 'abc' }}{{ x is not defined }}",
    "{{ 'a\nb' | indent }}{{ 'a\n\nb' | indent(2, true) }}{{ ['a', 'A', 'b'] | unique | list }}{{ [1, 5, 3] | max }}{{ [1, 2] | sum }}{{ {'b': 2, 'a': 1} | dictsort }}{{ {'a': 1} | items | list }}{{ [[1, 2], [3]] | last | first }}",
    "{{ range(3) | list }}{{ range(1, 10, 3) | join }}{{ dict(a=1, b=2) }}{% for i in range(2) %}{{ i }}{% endfor %}{{ '<b>' | safe }}", "{{ messages | tojson }}", "{{ tools | tojson(indent=4) if tools }}", "{{ x | nope }}", "{% if false %}{{ x | nope }}{% endif %}ok",
    "{% set m = messages | selectattr('role') %}{% for a in m %}1{% endfor %}{% for a in m %}2{% endfor %}{{ m is defined }}", "{{ messages.append(1) }}", "{{ messages[0].pop('role') }}", "{{ messages.append is defined }}",
]


class Grammar:
    """Random templates, of which most render."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, *choices):
        return self.random.choice(choices)

    def text(self):
        return self.pick("''", "'a'", "'Ab c'", "' x\\n'", "'<|im_end|>'", "\"it's\"", "'é\\u3000'", "m.content", "m['role']", "s", "'%}'", "'a,b'", "'1'")

    def number(self):
        return self.pick("0", "1", "2", "-3", "10", "1.5", "loop.index", "n", "(1 + 1)", "s | length", "true")

    def sequence(self):
        return self.pick("[]", "[1, 2, 3]", "['b', 'a', 'C']", "messages", "messages[1:]", "(1, 'x')", "range(3)", "s.split(' ')", "[[1], [2, 3]]", "messages | map(attribute='role') | list", "s")

    def expression(self, depth=0):
        if depth > 3:
            return self.pick(self.text(), self.number(), self.sequence(), "none", "missing", "true", "false", "ns.v")
        e = lambda: self.expression(depth + 1)
        return self.pick(
            self.text, self.text, self.number, self.sequence, lambda: f"({e()} {self.pick('+', '-', '*', '//', '%', '~', '~', '~')} {e()})", lambda: f"{e()} ~ {self.text()}",
            lambda: f"({e()} {self.pick('==', '!=', '<', '>=', 'in', 'not in', 'and', 'or')} {e()})", lambda: f"(not {e()})", lambda: f"({e()} if {e()} else {e()})", lambda: f"({e()} if {e()})",
            lambda: f"{self.text()}{self.pick('[0]', '[-1]', '[1:]', '[:-1]', '[::-1]', '[5]')}", lambda: f"({self.sequence()}){self.pick('[0]', '[-1]', '[1:]', '[::2]', '[:1]')}",
            lambda: f"({e()} | {self.filter()})", lambda: f"({e()} | {self.filter()} | {self.filter()})", lambda: f"({e()} is {self.test()})", lambda: f"({self.text()}){self.method()}", lambda: f"[{e()}, {e()}]",
            lambda: f"{{'k': {e()}, 'l': {e()}}}" + self.pick("", ".k", ".get('l')", ".items()", "['z']"), lambda: f"f({e()})", lambda: f"f({e()}, b={e()})", lambda: "m." + self.pick("role", "content", "nope", "get('role')", "items()"))()

    def filter(self):
        return self.pick("trim", "length", "string", "upper", "lower", "title", "capitalize", "first", "last", "list", "reverse", "join", "join('-')", "tojson", "tojson(indent=1)", "default('d')", "default('d', true)", "int", "float", "sort", "unique", "max", "min",
                         "replace('a', 'bb')", "map('string')", "map(attribute='role')", "select", "reject", "select('string')", "selectattr('role', 'eq', 'user')", "indent", "items", "dictsort", "sum", "abs", "safe", "count")

    def test(self):
        return self.pick("defined", "undefined", "none", "string", "number", "mapping", "sequence", "iterable", "true", "false", "boolean", "integer", "float", "odd", "even", "divisibleby(2)", "in [1, 'a']", "eq('a')", "not none", "not string", "callable", "lower")

    def method(self):
        return self.pick(".strip()", ".rstrip('\\n')", ".lstrip()", ".split()", ".split('a')", ".split(',', 1)", ".rsplit(' ', 1)", ".upper()", ".lower()", ".title()", ".startswith('a')", ".endswith('b')", ".replace('a', 'b')", ".find('b')", ".splitlines()", ".count('a')", ".partition('b')", ".join(['x', 'y'])",
                         ".nope", ".isdigit()", ".removeprefix('a')")

    def tag(self, inside):
        return "{%" + self.pick("", "", "-", "+") + " " + inside + " " + self.pick("", "", "-", "+") + "%}" + self.pick("", "\n", " ", "\n\n  ")

    def printed(self):
        return "{{" + self.pick("", "", "-") + " " + self.expression() + " " + self.pick("", "", "-") + "}}" + self.pick("", "\n", " ")

    def body(self, depth):
        return "".join(self.statement(depth) for _ in range(self.random.randint(1, 3)))

    def statement(self, depth=0):
        if depth > 2:
            return self.printed()
        body = lambda: self.body(depth + 1)
        return self.pick(
            self.printed, self.printed, self.printed, lambda: self.pick("text", "\n", "  \n  ", "{# c #}\n", "<|x|>\n"),
            lambda: self.tag("if " + self.expression()) + body() + self.pick("", self.tag("elif " + self.expression()) + body()) + self.pick("", self.tag("else") + body()) + self.tag("endif"),
            lambda: self.tag("for " + self.pick("m", "x", "s") + " in " + self.sequence() + self.pick("", "", " if " + self.expression(2))) + body() + self.pick("", "", self.tag("if loop.index == 2") + self.tag(self.pick("break", "continue")) + self.tag("endif")) + self.pick("", self.tag("else") + body()) + self.tag("endfor"),
            lambda: self.tag("set " + self.pick("s", "n", "q", "ns.v") + " = " + self.expression()), lambda: self.tag("set " + self.pick("s", "q")) + body() + self.tag("endset"), lambda: self.tag("set s | " + self.pick("trim", "upper")) + body() + self.tag("endset"),
            lambda: self.tag("with q = " + self.expression()) + body() + self.tag("endwith"), lambda: self.tag("filter " + self.pick("trim", "upper", "indent")) + body() + self.tag("endfilter"),
            lambda: self.tag("macro f(a, b='d')") + "{{ a }}" + body() + self.tag("endmacro"), lambda: self.tag("generation") + body() + self.tag("endgeneration"), lambda: self.tag("call f(1)") + body() + self.tag("endcall"))()

    def template(self):
        return "{% set ns = namespace(v=1) %}{% set s = 'top' %}{% set n = 3 %}{% set m = messages[0] %}{% macro f(a, b=2) %}<{{ a }}{{ b }}>{% endmacro %}" + "".join(self.statement() for _ in range(self.random.randint(1, 4)))


def published():
    found = importlib.util.find_spec("trl")
    folder = pathlib.Path(found.submodule_search_locations[0]) / "chat_templates" if found else None
    return sorted(folder.glob("*.jinja")) if folder and folder.is_dir() else []


def by_jinja(template, variables):
    try:
        return compiled(template).render(**copy.deepcopy(variables)), None  # filters of Jinja may change lists
    except Exception as e:  # whatever Python raises
        return None, f"{type(e).__name__}: {e}"


def compare(renderer, cases, kind):
    lines = "\n".join(json.dumps({"template": template, "variables": variables}) for template, variables in cases)
    done = subprocess.run([renderer], input=lines, capture_output=True, text=True)
    assert done.returncode == 0, f"{kind}: the renderer ended with {done.returncode}: {done.stderr}"
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert len(answers) == len(cases), f"{len(answers)} answers to {len(cases)} templates"
    refused = collections.Counter()
    rendered = failed = 0
    for (template, variables), answer in zip(cases, answers):
        text, error = by_jinja(template, variables)
        if text is None:
            assert "error" in answer, f"{kind}: {template!r} with {variables!r} gives {answer['text']!r} where Jinja fails: {error}"
            failed += 1
        elif "error" in answer:
            refused[answer["error"].split(": ", 1)[-1]] += 1
        else:
            assert answer["text"] == text, f"{kind}: {template!r} with {variables!r} gives\n{answer['text']!r}, Jinja\n{text!r}"
            rendered += 1
    print(f"{kind}: {rendered} as Jinja's, {failed} fail in both, {refused.total()} refused" + "".join(f"\n  {n} {why[:140]}" for why, n in refused.most_common(8)), flush=True)
    return rendered, refused


def variables(messages, **more):
    return {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", **more}


def main():
    renderer, count, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3000, int(sys.argv[3]) if len(sys.argv) > 3 else 1
    rendered, refused = compare(renderer, [(template, variables(CONVERSATIONS[i % 4])) for template in SMALL for i in range(4)], "small templates")
    assert not refused and rendered > 250, refused
    files = published()
    cases = [(file.read_text(), variables(messages, **more)) for file in files for messages in CONVERSATIONS for more in [{}, {"add_generation_prompt": False, "tools": [TOOL], "enable_thinking": False}]]
    if files:
        rendered, refused = compare(renderer, cases, f"{len(files)} published templates")
        assert not refused, refused
    grammar = Grammar(seed)
    compare(renderer, [(grammar.template(), variables(grammar.pick(*CONVERSATIONS[:6]))) for _ in range(count)], f"random templates of seed {seed}")


main()
