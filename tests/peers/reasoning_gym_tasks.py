"""The generators of reasoning-gym as tasks: problems are drawn, streams of neighbouring seeds are disjoint, answers earn what the package gives.

And what a class makes by NumPy's chance, which the package brings, is a function of the seed.

usage: reasoning_gym_tasks.py PROGRAM [all | NAME…]
"""

import json
import os
import subprocess
import sys
import tempfile

try:
    from reasoning_gym.factory import DATASETS
except ImportError:
    print("skipped: there is no reasoning-gym")
    sys.exit(0)

FEW = ["chain_sum", "list_functions", "acre", "survo", "puzzle24"]  # four kinds of seeds among them
PROGRAM, NAMES = sys.argv[1], sys.argv[2:] or FEW
os.environ["TINYZERO_PYTHON"] = sys.executable


def program(*arguments, lines=()):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr.strip()
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def check(name):
    use = f"rg:{name}"
    one, same, next_one = (program("task", "draw", use, "--count", "30", "--seed", seed) for seed in ("1", "1", "2"))
    assert one == same, "the same seed gives other problems"
    few = len({item["key"] for item in one}) < 20  # of a generator that has few problems
    shared = {item["key"] for item in one} & {item["key"] for item in next_one}
    assert few or len(shared) < 15, f"seeds 1 and 2 share {len(shared)} of 30 problems"
    states = [{"state": item["state"]} for item in one[:10]]
    solved = program("task", "solve", use, lines=states)
    answers = [{**state, "completion": row["completion"]} for state, row in zip(states, solved) if row["solvable"]]
    verdicts = program("task", "verify", use, lines=[*answers, *({**a, "completion": f"so: <answer> {a['completion']} </answer>"} for a in answers)])
    right = sum(verdict["reward"] == 1 for verdict in verdicts[:len(answers)])
    assert [v["reward"] for v in verdicts[:len(answers)]] == [v["reward"] for v in verdicts[len(answers):]], "answer tags change the reward"
    return f"{len(answers)} of 10 have an answer, {right} of these earn 1; seeds 1 and 2 share {len(shared)} of 30"


def check_numpy():
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/noise.py", "w") as file:
            file.write("class Noise:\n"
                       "    def draw(self, rng):\n"
                       "        import numpy\n"
                       "        return {'prompt': str(numpy.random.rand()), 'key': str(rng.random()), 'state': 0}\n"
                       "    def verify(self, state, completion):\n"
                       "        import numpy\n"
                       "        return numpy.float32(numpy.random.rand())\n")
        one, same = (program("task", "draw", file.name, "--count", "3") for _ in range(2))
        assert one == same, "NumPy's numbers are not those of the seed"
        lines = [{"state": 0, "completion": "a"}, {"state": 0, "completion": "b"}]
        first, second = (program("task", "verify", file.name, lines=order) for order in (lines, lines[::-1]))
        assert first == second[::-1], "NumPy's numbers are not those of the answer"


check_numpy()
faults = 0
for name in sorted(DATASETS) if NAMES == ["all"] else NAMES:
    try:
        print(f"{name:32} {check(name)}", flush=True)
    except AssertionError as fault:
        print(f"{name:32} fault: {fault}", flush=True)
        faults += 1
sys.exit(faults > 0)
