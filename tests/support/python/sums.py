"""A task with everything that a class can have."""

from pathlib import Path
from typing import Annotated, List, Literal, Optional


class Sums:
    """Add whole numbers.

    The answer stands behind the last equals sign.

    Args:
        terms: how many numbers a problem adds
        words (path): a file of words
    """

    version = "1.2"
    trait_names = {"digits": "digits of the answer", "signs": "signs of the answer"}

    def __init__(
        self,
        terms: int = 2,
        largest: Annotated[int, range(1, 100), "the largest number"] = 9,
        share: float = 0.5,
        loud: bool = False,
        style: Literal["plain", "two words"] = "plain",
        level: Literal[1, 2, 3] = 1,
        signs: List[str] = ["+", "-"],
        weights: List[int] = (1, 2),
        name: Optional[str] = None,
        words: Optional[Path] = None,
        note='a "quoted" text',
    ):
        if largest < terms:
            raise ValueError(f"largest {largest} is below terms {terms}")
        self.terms, self.largest = terms, largest
        self.given = [share, loud, style, level, signs, weights, name, words and words.read_text().split(), note]

    def draw(self, rng):
        numbers = [rng.randint(0, self.largest) for _ in range(self.terms)]
        return {
            "prompt": "+".join(map(str, numbers)) + "=",
            "key": str(sorted(numbers)),
            "state": {"numbers": numbers, "words": "größer"},
            "difficulty": sum(numbers),
        }

    def verify(self, state, completion):
        if completion == "settings":
            return {"reward": 0, "reason": repr(self.given)}
        answer = completion.split("=")[-1].strip()
        if not answer:
            return None
        right = answer == str(sum(state["numbers"]))
        return {"reward": float(right), "reason": "correct" if right else "wrong sum", "parts": {"correct": right, "short": len(answer) < 3}}

    def solve(self, state):
        return str(sum(state["numbers"])) if state["numbers"] else None

    def demonstrate(self, state, rng):
        return str(sum(state["numbers"]) + (rng.random() < 0.2))

    def traits(self, state, completion):
        counted = {"digits": sum(c.isdigit() for c in completion)}
        if counted["digits"]:
            counted["signs"] = completion.count("+")
        return counted
