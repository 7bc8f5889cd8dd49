"""The Python file of the SDK says what the program says: problems, splits, verdicts, solutions, settings. Standard library only.

usage: python_tasks.py PROGRAM PLUGINS ACTS        ACTS: the library tests/support/hostile_acts.c
"""

import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, "sdk/python")
from tinyzero_task import Task, _xxh64, split_of_key  # noqa: E402

PROGRAM, PLUGINS, ACTS = sys.argv[1:]


def program(arguments, lines=()):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def same(a, b, what):
    assert a == b, f"{what}: {a!r} is not {b!r}"


def words(settings):
    return [f"{k}={json.dumps(v) if not isinstance(v, str) else v}" for k, v in settings.items()]


def check(name, settings):
    task = Task(f"{PLUGINS}/{name}.so", **settings)
    for split in ("train", "validation", "test"):
        drawn = program(["task", "draw", name, "--count", "70", "--seed", "9", "--split", split, *words(settings)])
        rows = task.rows(split, 70, seed=9)
        for row, line in zip(rows, drawn, strict=True):
            same({**row, "state": json.loads(row["state"])}, line, f"{name} {split}")
            same(split_of_key(row["key"]), split, row["key"])
    answers = [(row["state"], task.solve(row["state"])) for row in rows]
    answers += [(row["state"], f"<answer>{i}</answer>\x00é") for i, row in enumerate(rows)] + [(rows[0]["state"], ""), ("{", "<answer>1</answer>")]
    judged = program(["task", "verify", name, *words(settings)], [{"state": s, "completion": t} for s, t in answers])
    for verdict, line in zip(task.verify(answers), judged, strict=True):
        same(verdict.outcome, line["outcome"], name)
        same(verdict.reason, line["reason"], name)
        same(verdict.reward, line["reward"] if line["outcome"] in ("scored", "unparsable") else None, name)
        if verdict.reward is not None:
            same(verdict.parts, line["parts"], name)
    counted = program(["task", "traits", name, *words(settings)], [{"state": s, "completion": t} for s, t in answers[:-1]])
    for traits, line in zip(task.traits(answers[:-1]), counted, strict=True):
        same(traits, {trait: value for trait, value in line["traits"].items() if value is not None}, name)
    same(task.traits(answers[-1:]), [{}], name)  # of a state that the task did not write
    reward = task.trl_reward()
    same(reward(completions=[t for _, t in answers[:3]], state=[s for s, _ in answers[:3]], prompts=None), [1.0] * 3, name)
    same(reward(completions=[[{"role": "assistant", "content": answers[0][1]}]], state=[answers[0][0]]), [1.0], name)
    same(task.verl_score("x", answers[0][1], answers[0][0]), 1.0, name)


def refused(expected, **settings):
    try:
        Task(f"{PLUGINS}/countdown.so", **settings)
    except ValueError as e:
        assert expected in str(e), e
    else:
        raise AssertionError(f"{settings} was taken")


# Reference values of the xxHash project's own sanity checks are of other seeds; these are XXH64("", 0), ("a", 0) and ("abc", 0).
same([_xxh64(b""), _xxh64(b"a"), _xxh64(b"abc")], [0xEF46DB3751D8E999, 0xD24EC4F1A98C6E5B, 0x44BC2CF5AD770999], "xxh64")
check("countdown", {})
check("countdown", {"numbers": [3, 4], "largest": 20, "operators": "+-*", "scorer": "tinyzero", "framing": "qwen", "format_reward": 0.25})
check("arithmetic", {"depth": [1, 3], "answers": "rational"})
check("multiplication", {"level": 4})
refused("has no setting 'number'", number=3)
refused("setting numbers of task countdown is 99, expected a value from 2 to 6", numbers=99)
refused("expected one of strict, tinyzero", scorer="loose")
refused("takes 1 to 2 values", numbers=[3, 4, 5])
refused("cannot be set up: smallest 9 is above largest 3", smallest=9, largest=3)


def faulty(stage, act, work, expected):
    """The task that does `act` at `stage`, in a process of its own: what `work` makes of it is an error that names the task."""
    with tempfile.TemporaryDirectory() as folder:
        library = f"{folder}/{stage}-{act}.so"
        os.symlink(os.path.abspath(ACTS), library)
        script = f"import sys; sys.path.insert(0, 'sdk/python')\nfrom tinyzero_task import Task\ntask = Task({library!r})\n{work}"
        done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True)
        said = done.stdout + done.stderr
        assert expected in said, f"{stage} {act}: {said}"


faulty("about", "seven_parts", "", "RuntimeError: task acts declares 7 reward components; at most 6 are possible")
faulty("about", "many_parts", "", "task acts declares 4294967295 reward components; at most 6 are possible")
faulty("about", "many_reasons", "", "task acts declares 100000 reasons; at most 256 are possible")
faulty("about", "many_settings", "", "task acts declares 1099511627776 settings; at most 256 are possible")
faulty("about", "many_choices", "", "task acts declares 100000 choices of a setting; at most 256 are possible")
faulty("about", "long_title", "", "task acts gives a title of 99999 bytes; at most 4096 are possible")
faulty("about", "short_setting", "", "task acts has a table of settings whose rows are too short: 8 bytes")
faulty("about", "unknown_type", "", "task acts declares a setting of type 9; there are 1 to 4")
faulty("about", "nan_reward", "", "task acts declares rewards from 0.0 to 1.0 and nan for a right answer")
faulty("about", "short_table", "", "its table of functions is not whole")
for act, expected in (("nan", "gives the difficulty nan"), ("very_hard", "gives the difficulty 1e+300"),
                      ("large_prompt", "gives a prompt of 1048577 bytes"), ("large_key", "gives a key of 65537 bytes"),
                      ("large_state", "gives a state of 65537 bytes"), ("endless", "gives a prompt of 4611686018427387904 bytes"),
                      ("fewer", "drew 2 problems of 3"), ("more", "drew more problems than the 3 it was asked for")):
    faulty("item", act, "task.draw(1, [0, 1, 2])", f"RuntimeError: task acts {expected}")
for act, expected in (("nan", "gave the reward nan, outside of what it declares, 0 to 1"), ("nan_part", "gave [nan, 0.0, 0.0, 0.0, 0.0, 0.0] as the reward components"),
                      ("outcome", "gave the outcome 2147483647"), ("timeout", "gave the outcome 4"),
                      ("reason", "gave the reason 4294967295; its reasons are 0 to 1")):
    shown = "for v in task.verify([('', 'right'), ('', 'act')]): print(v.reward, v.outcome, v.reason, v.parts)"
    faulty("verdict", act, shown, f"None error task acts {expected}")
    faulty("verdict", act, shown, "1.0 scored correct {'correct': 1.0")
faulty("solve", "large", "task.solve('')", "RuntimeError: task acts gives a solution of 1048577 bytes")
print("the Python file agrees with the program")
