"""Verdicts of @NAME@ that must never change: python3 @NAME@_test.py, or pytest. `tinyzero task check` tests the rest."""

import random
import unittest

from @NAME@ import Task

CASES = [
    # state, completion, reward
    ({"digits": [1, 2, 3]}, "<answer>3 2 1</answer>", 1),
    ({"digits": [1, 2, 3]}, "I think <answer> 3 2 1 </answer>", 1),
    ({"digits": [1, 2, 3]}, "<answer>321</answer>", 0),
    ({"digits": [1, 2, 3]}, "<answer>1 2 3</answer>", 0),
    ({"digits": [1, 2, 3]}, "3 2 1", 0),
]


class Verdicts(unittest.TestCase):
    def test_cases(self):
        for state, completion, reward in CASES:
            with self.subTest(state=state, completion=completion):
                self.assertEqual(Task().verify(state, completion)["reward"], reward)

    def test_solutions(self):
        task = Task()
        for seed in range(100):
            state = task.draw(random.Random(seed))["state"]
            self.assertEqual(task.verify(state, task.solve(state))["reward"], 1)


if __name__ == "__main__":
    unittest.main()
