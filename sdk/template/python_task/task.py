"""@NAME@: write a few digits in reverse order. A small task that works: change it into yours.

Decide what makes two problems the same (key), what verify() needs (state), and which few reasons explain a reward.
"""

import re
from typing import Annotated


class Task:
    """Write digits in reverse order.

    The digits stand between <answer> and </answer>, separated by single blanks.

    Args:
        digits: how many digits a problem has
        slip: chance that a demonstration swaps two digits
    """

    id = "@NAME@"
    version = "0.1.0"

    # The settings of an experiment's YAML. Types, ranges and docs become help and error messages.
    def __init__(self, digits: Annotated[int, range(2, 21)] = 5, slip: float = 0.5):
        self.digits, self.slip = digits, slip

    def draw(self, rng):
        """A problem. `rng`, a random.Random, is the only source of chance."""
        digits = [rng.randrange(10) for _ in range(self.digits)]
        words = " ".join(map(str, digits))
        return {"prompt": f"reverse {words}", "key": words, "state": {"digits": digits}, "difficulty": len(digits)}

    def verify(self, state, completion):
        """The reward: a number or bool, None if the task cannot tell, or a dictionary. A completion may be any text."""
        answers = re.findall(r"<answer>(.*?)</answer>", completion, re.DOTALL)
        if not answers:
            return {"reward": 0, "reason": "no answer", "outcome": "unparsable"}
        right = answers[-1].strip() == reversed_words(state)
        return {"reward": float(right), "reason": "correct" if right else "wrong order", "parts": {"correct": right}}

    def solve(self, state):
        """Optional: a completion that earns the full reward."""
        return f"<answer>{reversed_words(state)}</answer>"

    def demonstrate(self, state, rng):
        """Optional: what a fallible person would write. The warm start teaches a new model to imitate it."""
        digits = state["digits"][::-1]
        if rng.random() < self.slip:
            i, j = rng.randrange(len(digits)), rng.randrange(len(digits))
            digits[i], digits[j] = digits[j], digits[i]
        return f"<answer>{' '.join(map(str, digits))}</answer>"


def reversed_words(state):
    return " ".join(map(str, state["digits"][::-1]))
