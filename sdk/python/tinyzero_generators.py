"""A generator of the package reasoning-gym as a task: `use: rg:NAME` (docs/python_tasks.md).

The package makes row i of a seed from seed + i, so neighbouring seeds share their rows. Here every problem has a seed of its own, hashed from the
host's seed and index, and is row 0 of it: streams of problems are disjoint. A state is that seed, from which the problem is made again: problems
hold values that JSON does not have.
"""

import copy
import dataclasses
import difflib
import functools
import typing
from hashlib import blake2b
from importlib.metadata import version

from tinyzero_author import About, Mistake, Param


def _found(name):
    from reasoning_gym.factory import DATASETS

    if name not in DATASETS:
        near = difflib.get_close_matches(name, DATASETS, 3) or sorted(DATASETS)
        raise Mistake(f"reasoning-gym has no generator {name!r}", f"it has {', '.join(near)}")
    return DATASETS[name]


def _settings(config):
    """The rows of the settings table for the fields of a configuration, and the names of fields that no row can hold."""
    hints, params, left_out = typing.get_type_hints(config), [], []
    for field in dataclasses.fields(config):
        if field.name in ("seed", "size"):
            continue
        try:
            default = field.default_factory() if field.default is dataclasses.MISSING else field.default
            params.append(Param(field.name, default, hints[field.name], None))
        except (Mistake, TypeError):
            left_out.append(field.name)
    return params, left_out


class Problems:
    """The problems of one configuration."""

    def __init__(self, dataset, config, values):
        self._dataset, self._config, self._values = dataset, config, values
        self._first = self._new(0)
        self._generator = self._copy if self._copies_are_new() else self._new

    def _new(self, seed):
        return self._dataset(self._config(seed=seed, size=1, **self._values))

    def _copy(self, seed):
        """The first generator with another seed: some take seconds to read their data."""
        generator = copy.copy(self._first)
        generator.config = copy.copy(generator.config)
        generator.seed = generator.config.seed = seed
        return generator

    def _copies_are_new(self):
        """Whether the seed has no part in the making of a generator, and no row in that of another."""
        expected = [repr(self._new(seed)[0]) for seed in (1, 2)]
        return [repr(self._copy(seed)[0]) for seed in (1, 2, 1)] == [*expected, expected[0]]

    @functools.lru_cache(maxsize=1024)
    def _made(self, seed):
        """The generator of a seed, and its row."""
        generator = self._generator(seed)
        return generator, generator[0]

    def _of(self, state):
        try:
            seed = int(state["seed"], 16)
        except (LookupError, TypeError, ValueError):
            raise Mistake("the state is not one of this task") from None
        return self._made(seed)

    def draw_numbered(self, seed, index):
        digest = blake2b(f"{seed}/{index}".encode(), digest_size=4).hexdigest()
        question = self._made(int(digest, 16))[1]["question"]
        return {"prompt": question, "key": question, "state": {"seed": digest}}

    def verify(self, state, completion):
        """Judges what stands between the last pair of answer tags, or else the whole completion."""
        generator, row = self._of(state)
        answer = completion.rpartition("<answer>")[2].partition("</answer>")[0].strip()
        return generator.score_answer(answer, row)

    def solve(self, state):
        answer = self._of(state)[1]["answer"]
        return answer if isinstance(answer, str) else None

    def demonstrate(self, state, rng):
        return str(self._of(state)[1]["answer"])


class Generator:
    def __init__(self, name):
        self._dataset, self._config = _found(name)
        self.about = About(self._dataset, name)
        self.about.version, self.about.parts = version("reasoning-gym"), []
        self.about.can_solve = self.about.can_demonstrate = True
        self.about.params, left_out = _settings(self._config)
        if left_out:
            self.about.doc += f" Not settings here: {', '.join(left_out)}."

    def make(self, values):
        try:
            return Problems(self._dataset, self._config, values)
        except (AssertionError, ValueError, TypeError) as error:
            raise Mistake(f"reasoning-gym does not take these settings: {error}") from None
