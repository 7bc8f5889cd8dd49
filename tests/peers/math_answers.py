"""Made-up answers, judged by the grade `math` of data files and by Math-Verify.

Each answer is made to be equal to its reference or not, so both can be wrong. The grade may never pay for an answer that is not equal,
and may leave an equal one unpaid only in the kinds that OURS_REFUSES names. What Math-Verify does is printed for each kind in which the
two disagree; docs/data_files.md says why.

usage: math_answers.py PROGRAM [ANSWERS [SEED]]
"""

import collections
import json
import logging
import random
import subprocess
import sys
import tempfile

try:
    from math_verify import parse, verify
except ImportError:
    print("skipped: there is no Math-Verify (pip install math-verify)")
    sys.exit(0)

PROGRAM = sys.argv[1]
ANSWERS = int(sys.argv[2]) if len(sys.argv) > 2 else 2250
R = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
logging.disable(logging.CRITICAL)


def number(low=2, high=60):
    return R.randint(low, high)


def other(n):
    return n + R.choice([-2, -1, 1, 2, 10])


def maybe(equal, different):
    """(answer, whether it is equal)"""
    return (equal, True) if R.random() < 0.6 else (different, False)


# ---- kinds of answers: each returns (reference, answer, whether they are equal) ----


def integers():
    n = number(-99, 9999)
    m = other(n)
    form = R.choice(["{}", "{}.0", "{}.", "${}$", "+{}" if n >= 0 and m >= 0 else "{}", "\\({}\\)", "0{}" if n >= 0 and m >= 0 else "{}"])
    return str(n), *maybe(form.format(n), form.format(m))


def thousands():
    n = number(1000, 9999999)
    form = R.choice(["{:,}", "\\${:,}", "${:,}$"])
    return str(n), *maybe(form.format(n), form.format(other(n)))


def latex_thousands():
    n = number(1000, 9999999)
    return str(n), *maybe(f"{n:,}".replace(",", R.choice(["{,}", ",\\!"])), str(other(n)))


def decimals():
    n, places = number(1, 9999), R.randint(1, 3)
    text = f"{n / 10**places:.{places}f}"
    return text, *maybe(text + "0", f"{other(n) / 10**places:.{places}f}")


def fractions():
    a, b, k = number(1, 30), number(2, 30), number(2, 5)
    form = R.choice(["\\frac{{{}}}{{{}}}", "\\dfrac{{{}}}{{{}}}", "{}/{}"])
    return f"\\frac{{{a}}}{{{b}}}", *maybe(form.format(a * k, b * k), form.format(a * k + 1, b * k))


def fractions_without_braces():
    a, b = R.randint(1, 9), R.randint(2, 9)
    return f"{a}/{b}", *maybe(f"\\frac{a}{b}", f"\\frac{a}{b + 1 if b < 9 else 2}")


def decimal_fractions():
    a, b = number(1, 40), R.choice([2, 4, 5, 8, 10, 20])
    return f"\\frac{{{a}}}{{{b}}}", *maybe(str(a / b), str((a + 1) / b))


def roundings():
    a, b = number(1, 20), R.choice([3, 7, 9, 11])
    return (f"\\frac{{{a}}}{{{b}}}", f"{a / b:.{R.randint(2, 8)}f}", a % b == 0)


def mixed_numbers():
    a, b = number(1, 9), number(2, 9)
    c = R.randint(1, b - 1)
    return f"\\frac{{{a * b + c}}}{{{b}}}", *maybe(f"{a}\\frac{{{c}}}{{{b}}}", f"{a + 1}\\frac{{{c}}}{{{b}}}")


def percents():
    n = number(1, 99)
    return R.choice([f"{n}\\%", str(n)]), *maybe(f"{n}\\%", f"{other(n) + 100}\\%")


def percents_as_shares():
    n = number(1, 99)
    return f"{n}\\%", *maybe(f"{n / 100}", f"{(n + 1) / 100}")


def radicals():
    k, m = number(2, 9), R.choice([2, 3, 5, 6, 7, 10])
    return f"\\sqrt{{{k * k * m}}}", *maybe(f"{k}\\sqrt{{{m}}}", f"{k + 1}\\sqrt{{{m}}}")


def rationalized():
    a, m = number(1, 9), R.choice([2, 3, 5, 7])
    return f"\\frac{{{a}}}{{\\sqrt{{{m}}}}}", *maybe(f"\\frac{{{a}\\sqrt{{{m}}}}}{{{m}}}", f"\\frac{{{a + 1}\\sqrt{{{m}}}}}{{{m}}}")


def sums_of_radicals():
    a, m = number(1, 9), R.choice([2, 3, 5, 7])
    return f"{a}+\\sqrt{{{m}}}", *maybe(f"\\sqrt{{{m}}}+{a}", f"{a}-\\sqrt{{{m}}}")


def conjugates():
    m = R.choice([2, 3, 5, 6, 7])
    return f"\\frac{{1}}{{\\sqrt{{{m}}}-1}}", *maybe(f"\\frac{{\\sqrt{{{m}}}+1}}{{{m - 1}}}", f"\\frac{{\\sqrt{{{m}}}-1}}{{{m - 1}}}")


def cube_roots():
    k, m = R.randint(2, 5), R.choice([2, 3, 5, 7])
    return f"\\sqrt[3]{{{k**3 * m}}}", *maybe(f"{k}\\sqrt[3]{{{m}}}", f"{k}\\sqrt{{{m}}}")


def nested_radicals():
    a, b = R.choice([(3, 2), (4, 3), (6, 5)])
    return f"\\sqrt{{{a}+2\\sqrt{{{b}}}}}", *maybe(f"1+\\sqrt{{{b}}}", f"2+\\sqrt{{{b}}}")


def circles():
    n, d = number(1, 40), R.choice([1, 2, 3])
    reference = f"{n}\\pi" if d == 1 else f"\\frac{{{n}\\pi}}{{{d}}}"
    equal = f"{n}\\pi" if d == 1 else f"\\frac{{{n}}}{{{d}}}\\pi"
    return reference, *maybe(equal, equal.replace(str(n), str(n + 1), 1))


def circles_in_decimals():
    n = number(1, 20)
    return f"{n}\\pi", f"{n * 3.14159265358979:.{R.randint(2, 8)}f}", False


def powers():
    a, b = R.choice([2, 3, 5]), R.randint(2, 9)
    return f"{a}^{{{b}}}", *maybe(str(a**b), str(a**b + 1))


def large_powers():
    b = number(300, 2100)
    return f"2^{{{b}}}", *maybe(f"2^{{{b}}}", f"2^{{{b + 1}}}")


def scientific():
    a, b = number(11, 99), R.randint(1, 6)
    value = a * 10**b // 10
    return str(value), *maybe(f"{a / 10} \\times 10^{{{b}}}", f"{a / 10} \\times 10^{{{b + 1}}}")


def polynomials():
    a, b = number(1, 9), number(1, 9)
    return f"x^2+{a + b}x+{a * b}", *maybe(f"(x+{a})(x+{b})", f"(x+{a})(x+{b + 1})")


def orders():
    a, b, c = number(1, 9), number(2, 9), number(2, 9)
    return f"{a}x^2+{b}xy-{c}", *maybe(f"-{c}+{b}yx+{a}x^2", f"{c}+{b}yx+{a}x^2")


def quotients():
    a, k = number(1, 9), number(2, 5)
    return f"\\frac{{x+{a}}}{{x-{a}}}", *maybe(f"\\frac{{{k}x+{k * a}}}{{{k}x-{k * a}}}", f"\\frac{{x-{a}}}{{x+{a}}}")


def assignments():
    n = number(-30, 30)
    return R.choice([str(n), f"x={n}"]), *maybe(f"x = {n}", f"x = {other(n)}")


def lines():
    a, b, k = number(2, 9), number(1, 9), number(2, 4)
    return f"y={a}x+{b}", *maybe(R.choice([f"y = {b}+{a}x", f"{k}y = {k * a}x + {k * b}"]), f"y = {a}x-{b}")


def complex_numbers():
    a, b = number(1, 9), number(2, 9)
    return f"{a}+{b}i", *maybe(f"{b}i+{a}", f"{a}-{b}i")


def tuples():
    a, b = number(-9, 9), number(10, 20)
    form = R.choice(["({}, {})", "\\left({},{}\\right)", "({},{})"])
    return f"({a},{b})", *maybe(form.format(a, b), form.format(b, a))


def tuples_without_parentheses():
    a, b = number(-9, 9), number(10, 20)
    return f"({a},{b})", *maybe(f"{a}, {b}", f"{b}, {a}")


def intervals():
    a, b = number(-9, 9), number(10, 20)
    left, right = R.choice("(["), R.choice(")]")
    wrong = ("[" if left == "(" else "(") + f"{a},{b}{right}"
    return f"{left}{a},{b}{right}", *maybe(f"\\left{left}{a}, {b}\\right{right}", wrong)


def rays():
    a = number(-9, 9)
    return f"(-\\infty, {a}]", *maybe(f"(-\\infty,{a}]", f"(-\\infty,{a})")


def unions():
    a, b = number(-9, 0), number(1, 9)
    return (f"(-\\infty,{a})\\cup({b},\\infty)",
            *maybe(f"(-\\infty, {a}) \\cup ({b}, \\infty)", f"(-\\infty, {a}) \\cup [{b}, \\infty)"))


def sets():
    items = R.sample(range(-9, 30), 3)
    mixed = R.sample(items, 3)
    text = lambda values: "\\{" + ", ".join(map(str, values)) + "\\}"
    return text(items), *maybe(text(mixed), text([*mixed[:2], 99]))


def lists():
    items = R.sample(range(-9, 30), 2)
    form = R.choice(["{1}, {0}", "{0} \\text{{ and }} {1}", "{1} \\text{{ or }} {0}"])
    return f"{items[0]}, {items[1]}", *maybe(form.format(*items), form.format(items[0], 99))


def guesses():
    n = number(1, 99)
    return str(n), R.choice([f"{other(n)}, {n}", f"{n}, {other(n)}", f"{other(n)} \\text{{ or }} {n}", f"\\{{{n}, {other(n)}\\}}"]), False


def roots_with_signs():
    a, m = number(1, 9), R.choice([2, 3, 5])
    return f"{a} \\pm \\sqrt{{{m}}}", *maybe(f"{a}+\\sqrt{{{m}}}, {a}-\\sqrt{{{m}}}", f"{a + 1} \\pm \\sqrt{{{m}}}")


def matrices():
    a = [number(-9, 9) for _ in range(4)]
    form = "\\begin{{pmatrix}} {} & {} \\\\ {} & {} \\end{{pmatrix}}"
    return form.format(*a), *maybe(form.format(*a).replace(" ", ""), form.format(a[0] + 1, *a[1:]))


def units():
    n = number(1, 99)
    unit = R.choice(["\\text{ cm}", "\\text{ hours}", "\\text{ square units}", " cm", " apples", "\\text{ cm}^2"])
    return R.choice([str(n), f"{n}{unit}"]), *maybe(f"{n}{unit}", f"{other(n)}{unit}")


def angles():
    n = number(1, 180)
    return R.choice([str(n), f"{n}^\\circ"]), *maybe(f"{n}^{{\\circ}}", f"{other(n)}^\\circ")


def money():
    n = number(1, 999)
    return f"\\${n}.50", *maybe(f"{n}.5", f"{other(n)}.50")


def words():
    word, wrong = R.sample(["Tuesday", "even", "odd", "Evelyn", "circle"], 2)
    return f"\\text{{{word}}}", *maybe(R.choice([word, f"\\text{{{word.lower()}}}"]), wrong)


def logarithms():
    a, k = R.choice([2, 3, 5]), R.randint(2, 3)
    return f"{k}\\ln {a}", *maybe(f"\\ln {a**k}", f"\\ln {a**k + 1}")


def inequalities():
    n = number(1, 30)
    return f"x > {n}", *maybe(R.choice([f"x>{n}", f"{n} < x"]), f"x > {n + 1}")


def bases():
    digits = "1" + "".join(R.choice("01") for _ in range(5))
    return f"{digits}_2", *maybe(f"{digits}_{{2}}", f"{digits[::-1] if digits[::-1] != digits else digits + '1'}_2")


KINDS = [value for name, value in list(globals().items()) if callable(value) and getattr(value, "__module__", "") == __name__
         and name not in ("number", "other", "maybe")]

# Kinds in which the grade does not pay every equal answer, and what it says instead.
OURS_REFUSES = {"tuples_without_parentheses": "cannot tell", "nested_radicals": "cannot tell"}


def theirs(reference, answer):
    def read(text):
        return parse(text if text.startswith(("$", "\\(")) else f"${text}$")

    try:
        return bool(verify(read(reference), read(answer)))
    except Exception:  # of another library, on answers that it was not made for
        return False


def ours(cases):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as data:
        data.write('{"question": "q", "answer": "1"}\n')
        data.flush()
        lines = "".join(json.dumps({"state": {"answer": r}, "completion": f"<answer>{a}</answer>"}) + "\n" for _, r, a, _ in cases)
        run = subprocess.run([PROGRAM, "task", "verify", "dataset", "file=" + data.name, "grade=math"], input=lines, text=True,
                             capture_output=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def main():
    cases = [(kind.__name__, *kind()) for i in range(ANSWERS) for kind in [KINDS[i % len(KINDS)]]]
    table, faults, examples = collections.defaultdict(collections.Counter), [], {}
    for (kind, reference, answer, equal), verdict in zip(cases, ours(cases), strict=True):
        paid, other_paid = verdict["reward"] == 1, theirs(reference, answer)
        row = table[kind]
        row["equal" if equal else "other"] += 1
        if verdict["outcome"] == "error" or (paid and not equal) or (equal and not paid and verdict["reason"] != OURS_REFUSES.get(kind)):
            faults.append((kind, reference, answer, equal, verdict["reason"]))
        row["ours refuses"] += equal and not paid
        row["theirs refuses"] += equal and not other_paid
        row["theirs pays"] += other_paid and not equal
        row["agree"] += paid == other_paid
        if paid != other_paid:
            examples.setdefault(kind, (reference, answer, verdict["reason"], other_paid))
    total = collections.Counter()
    for kind, row in table.items():
        total.update(row)
        if kind in examples:
            reference, answer, reason, other_paid = examples[kind]
            print(f"{kind}: {row['agree']} of {row['equal'] + row['other']} agree; of {row['equal']} equal ours refuses {row['ours refuses']}, "
                  f"theirs {row['theirs refuses']}; theirs pays {row['theirs pays']} others. {answer!r} for {reference!r}: ours {reason}, theirs {other_paid}")
    print(f"{len(cases)} answers in {len(table)} kinds: {total['agree']} agree; of {total['equal']} equal ones ours refuses {total['ours refuses']}, "
          f"Math-Verify {total['theirs refuses']}; of {total['other']} others ours pays 0, Math-Verify {total['theirs pays']}")
    for fault in faults[:20]:
        print("fault:", *map(repr, fault))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
