"""Writes word_problems.jsonl: made-up problems in the form of GSM8K, for tests and examples.

usage: make_word_problems.py >word_problems.jsonl
"""

import json
import random

NAMES = "Ada Ben Cleo Dan Edda Finn Gus Hana Ivo Jana Kofi Lena Milo Nora Omar Pia Quinn Rosa Sami Tara".split()
THINGS = "apples stamps marbles books shells buttons postcards pencils tickets plums".split()
PLACES = "market school library bakery garden station museum harbour".split()


def buys(r, name, thing):
    a, b, c = r.randint(2, 9), r.randint(2, 9), r.randint(1, 9)
    return (f"{name} buys {a} bags of {thing} with {b} in each bag, and finds {c} more at home. How many {thing} does {name} have?",
            f"The bags hold {a}*{b}={a * b} {thing}.\nTogether that is {a * b}+{c}={a * b + c} {thing}.", a * b + c)


def gives(r, name, thing):
    a, b, c = r.randint(20, 60), r.randint(2, 9), r.randint(2, 9)
    return (f"There are {a} {thing} on the table. {name} takes {b} of them, and then {c} again. How many stay on the table?",
            f"{name} takes {b}+{c}={b + c} {thing}.\nSo {a}-{b + c}={a - b - c} {thing} stay.", a - b - c)


def shares(r, name, thing):
    a, b = r.randint(2, 9), r.randint(3, 9)
    return (f"{name} shares {a * b} {thing} equally among {b} friends. How many {thing} does each of them get?",
            f"Each friend gets {a * b}/{b}={a} {thing}.", a)


def walks(r, name, _):
    place, a, b = r.choice(PLACES), r.randint(2, 9), r.randint(2, 6)
    return (f"The {place} is {a} kilometres from {name}'s home. {name} goes there and back on {b} days. How many kilometres is that?",
            f"There and back is 2*{a}={2 * a} kilometres.\nOn {b} days it is {2 * a}*{b}={2 * a * b} kilometres.", 2 * a * b)


def earns(r, name, thing):
    a, b, c = r.randint(3, 9), r.randint(2, 9), r.randint(5, 20)
    return (f"{name} sells {a} {thing} for ${b} each and spends ${c} on lunch. How many dollars are left over, or missing if negative?",
            f"The {thing} bring {a}*{b}={a * b} dollars.\nAfter lunch it is {a * b}-{c}={a * b - c} dollars.", a * b - c)


random_numbers = random.Random(1)
for i in range(200):
    question, steps, answer = (buys, gives, shares, walks, earns)[i % 5](
        random_numbers, random_numbers.choice(NAMES), random_numbers.choice(THINGS))
    print(json.dumps({"question": question, "answer": f"{steps}\n#### {answer}"}))
