"""Mutated answers, judged by the program and by an exact reference that shares nothing with it: 0 disagreements.

The reference knows the rules of tests/golden/verifiers/README.md: its own tokens and operator precedence over Fractions for `strict`; for
`tinyzero` Python's own int and eval (answers whose powers would take long are left out). Standard library only.

usage: differential.py PROGRAM [ANSWERS [SEED]]
"""

import json
import random
import re
import subprocess
import sys
import time
import warnings
from fractions import Fraction

PROGRAM = sys.argv[1]
ANSWERS = int(sys.argv[2]) if len(sys.argv) > 2 else 30000
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
FORMAT = 0.1
warnings.simplefilter("ignore")  # Python warns of "3(5)" before it refuses it

# ---- the reference ----

PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}
TOKEN = re.compile(r"[ \t\r\n]*(?:([0-9]+)|([-+*/()]))")


def apply(values, op):
    right, left = values.pop(), values.pop()
    if left is None or right is None or (op == "/" and right == 0):
        values.append(None)  # no value: a division by zero somewhere
    else:
        values.append(left + right if op == "+" else left - right if op == "-" else left * right if op == "*" else left / right)


def expression(text):
    """(integers, value) of an expression by operator precedence, None if it is none; the value None after a division by zero."""
    if len(text.encode()) > 4096:
        return None
    values, operators, integers = [], [], []
    at, operand, depth = 0, False, 0  # operand: whether the last token ended an operand
    text = text.rstrip(" \t\r\n")
    while at < len(text):
        token = TOKEN.match(text, at)
        if not token:
            return None
        at = token.end()
        number, sign = token.groups()
        if number:
            if operand or (len(number) > 1 and number[0] == "0"):
                return None
            integers.append(int(number))
            values.append(Fraction(int(number)))
            operand = True
        elif sign == "(":
            depth += 1
            if operand or depth > 128:
                return None
            operators.append(sign)
        elif not operand:
            return None
        elif sign == ")":
            while operators and operators[-1] != "(":
                apply(values, operators.pop())
            if not operators:
                return None
            operators.pop()
            depth -= 1
        else:
            while operators and operators[-1] != "(" and PRECEDENCE[operators[-1]] >= PRECEDENCE[sign]:
                apply(values, operators.pop())
            operators.append(sign)
            operand = False
    if not operand or "(" in operators:
        return None
    while operators:
        apply(values, operators.pop())
    return integers, values[0]


def answer(completion):
    close = completion.rfind("</answer>")
    opening = completion.rfind("<answer>", 0, close) if close >= 0 else -1
    return completion[opening + len("<answer>") : close].strip(" \t\r\n") if opening >= 0 else None


def strict(task, state, completion):
    """(outcome, reward)"""
    text = answer(completion)
    if not text:
        return "unparsable", 0
    if task != "countdown":
        if text == str(truth(task, state)):
            return "scored", 1
        return ("scored" if re.fullmatch(r"-?(0|[1-9][0-9]*)(/(0|[1-9][0-9]*))?", text, re.ASCII) else "unparsable"), FORMAT
    read = expression(text)
    if read is None:
        return "unparsable", FORMAT
    right = sorted(read[0]) == sorted(state["numbers"]) and read[1] == state["target"]
    return "scored", 1 if right else FORMAT


def truth(task, state):
    if "expression" in state:
        return expression(state["expression"])[1]
    a, b = Fraction(state["a"]), Fraction(state["b"])
    return {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else None}[state["op"]]


def python_score(task, state, completion, framing):
    """What TinyZero's rule pays, None where eval would take long. `framing` is the prompt's."""
    text = completion
    if framing == "qwen" and "Assistant:" in completion:
        text = completion.split("Assistant:", 1)[1]
    elif framing == "qwen" and task != "countdown":
        return 0
    if task == "countdown":
        text = text.split("\n")[-1]
    found = None
    for found in re.finditer(r"<answer>(.*?)</answer>", text):
        pass
    if found is None:
        return 0
    text = found.group(1).strip()
    if task != "countdown":
        try:
            return 1 if int(text) == truth(task, state) else FORMAT
        except ValueError:
            return 0
    try:
        if sorted(int(n) for n in re.findall(r"\d+", text)) != sorted(state["numbers"]):
            return FORMAT
    except ValueError:
        return FORMAT
    if not re.match(r"^[\d+\-*/().\s]+$", text):
        return FORMAT
    if text.count("**") > 1:
        return None
    try:
        return 1 if abs(eval(text, {"__builtins__": None}, {}) - state["target"]) < 1e-5 else FORMAT
    except Exception:  # TinyZero's rule: whatever eval raises, the answer is a wrong one
        return FORMAT


# ---- the answers ----

SNIPPETS = ["<answer>", "</answer>", "<ANSWER>", "</answer", "< answer>", "\n", " ", "\t", "\r", "\x0b", "\xa0", "\u3000", "\x00", "é", "٣", "５", "²", "−",
            "**", "//", "(", ")", "()", ".", ".0", ",", "_", "e1", "0", "00", "-", "+", "*", "/", "=", "%", "^", "!", "x", "1", "7", "99", "-0", "+1", "1/1",
            "Assistant:", "<|im_start|>assistant", "9" * 18, "9" * 19, "9" * 40]


def random_expression(rng, numbers):
    terms = [(str(n), 3) for n in numbers]
    rng.shuffle(terms)
    while len(terms) > 1:
        (a, pa), (b, pb) = terms.pop(), terms.pop()
        op = rng.choice("+-*/")
        p = PRECEDENCE[op]
        a = f"({a})" if pa < p or rng.random() < 0.1 else a
        b = f"({b})" if pb < p or (pb == p and op in "-/") or rng.random() < 0.1 else b
        space = rng.choice(["", "", " "])
        terms.insert(rng.randrange(len(terms) + 1), (a + space + op + space + b, p))
    return terms[0][0]


def mutated(rng, text):
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3, 6])):
        i, j = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
        kind = rng.randrange(7)
        if kind == 0:
            text = text[:i] + text[i + 1 :]
        elif kind <= 2:
            text = text[:i] + rng.choice(SNIPPETS) + text[i:]
        elif kind == 3:
            text = text[:i] + rng.choice(SNIPPETS) + text[i + 1 :]
        elif kind == 4 and j - i < 40:
            text = text[:j] + text[i:j] + text[j:]
        elif kind == 5 and j - i < 12:
            text = text[:i] + text[j:]
        elif kind == 6:
            text = text[:i] + "(" * rng.choice([1, 1, 2, 130]) + text[i:j] + ")" * rng.choice([1, 1, 2, 130]) + text[j:]
    return text


def candidate(rng, task, row):
    state = row["state"]
    if rng.random() < 0.4:
        text = row["solution"]
    elif task == "countdown":
        numbers = list(state["numbers"])
        if rng.random() < 0.2:
            numbers[rng.randrange(len(numbers))] = rng.randrange(100)
        text = f"<answer>{random_expression(rng, numbers)}</answer>"
    else:
        text = f"<answer>{truth(task, state) + rng.choice([0, 0, 1, -1, 10])}</answer>"
    thought = rng.choice(["", "", "so ", "<answer>1</answer> no: ", "9-7=2 3,2*3=6?\n"])
    return mutated(rng, thought + text)


def program(arguments, lines=()):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


CONFIGURATIONS = [("countdown", []), ("countdown", ["level=2"]), ("countdown", ["level=6"]), ("countdown", ["scorer=tinyzero", "level=2"]),
                  ("countdown", ["scorer=tinyzero", "framing=qwen"]), ("multiplication", ["level=2"]), ("multiplication", ["scorer=tinyzero"]),
                  ("arithmetic", ["level=3", "answers=rational"]), ("arithmetic", ["level=6"]),
                  ("arithmetic", ["scorer=tinyzero", "framing=qwen", "depth=2"])]
CHUNK = 20000


def main():
    rng = random.Random(SEED)
    started, compared, left_out, right = time.time(), 0, 0, 0
    for task, settings in CONFIGURATIONS:
        rows = program(["task", "draw", task, "--count", "500", "--seed", str(SEED), *settings])
        for row, solved in zip(rows, program(["task", "solve", task, *settings], rows), strict=True):
            row["solution"] = solved["completion"]
        judge_as_tinyzero = "scorer=tinyzero" in settings
        framing = "qwen" if "framing=qwen" in settings else "base"
        wanted = ANSWERS // len(CONFIGURATIONS)
        for first in range(0, wanted, CHUNK):
            batch = []
            for _ in range(min(CHUNK, wanted - first)):
                row = rng.choice(rows)
                batch.append({"state": row["state"], "completion": candidate(rng, task, row)})
            for line, verdict in zip(batch, program(["task", "verify", task, *settings], batch), strict=True):
                if judge_as_tinyzero:
                    expected = python_score(task, line["state"], line["completion"], framing)
                    left_out += expected is None
                    agrees = expected is None or verdict["reward"] == expected
                else:
                    expected = strict(task, line["state"], line["completion"])
                    agrees = (verdict["outcome"], verdict["reward"]) == expected
                compared += 1
                right += verdict["reward"] == 1
                if not agrees:
                    sys.exit(f"{task} {settings}: {json.dumps(line)}\n  the program says {verdict}\n  the reference says {expected}")
    print(f"{compared - left_out} answers, {right} of them right, {left_out} left out, 0 disagreements in {time.time() - started:.0f} s")


main()
