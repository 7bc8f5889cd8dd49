"""A reward function of another trainer and a file of rows as a task: the forms of TRL, verl and OpenRLHF (docs/python_tasks.md).

The function judges one completion at a time, so that a verdict does not depend on what is judged beside it.
"""

import csv
import functools
import gzip
import inspect
import json
import random
from pathlib import Path
from typing import Literal, Optional

from tinyzero_author import About, Mistake, documented, params_of, short

_PROMPT = {"trl": "prompt", "verl": "prompt", "openrlhf": "input"}
_LABEL = {"trl": "", "verl": "reward_model.ground_truth", "openrlhf": "label"}


def _form_of(function):
    """The form that the function's arguments belong to."""
    names = inspect.signature(function).parameters
    return "verl" if "solution_str" in names else "openrlhf" if "queries" in names else "trl"


# ---- rows ----


def _open(path):
    return gzip.open(path, "rt", encoding="utf-8", newline="") if path.suffix == ".gz" else open(path, encoding="utf-8", newline="")


def _json_rows(file, name):
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise Mistake(f"{name}:{number} is not JSON: {error}", "a file of rows has one JSON object a line") from None
        if not isinstance(row, dict):
            raise Mistake(f"{name}:{number} is {short(row)}, expected a JSON object")
        yield row


def read_rows(path):
    """The rows of a file of JSON lines or of comma-separated values, which may be compressed by gzip."""
    name = path.name[:-3] if path.suffix == ".gz" else path.name
    if not name.endswith((".jsonl", ".csv")):
        raise Mistake(f"{path} is neither .jsonl nor .csv, perhaps with .gz",
                      f"pandas converts it: pandas.read_parquet({path.name!r}).to_json('rows.jsonl', orient='records', lines=True)")
    try:
        with _open(path) as file:
            rows = list(csv.DictReader(file) if name.endswith(".csv") else _json_rows(file, path.name))
    except (OSError, UnicodeError, csv.Error) as error:
        raise Mistake(f"cannot read {path}: {error}") from None
    if not rows:
        raise Mistake(f"{path} has no rows")
    return rows


def column(row, name):
    """The value of a column; "a.b" is the field b of the column a. None if the row has no such column."""
    if name in row:
        return row[name]
    value = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def prompt_text(prompt):
    """A prompt as one text; of messages their contents."""
    if isinstance(prompt, str):
        return prompt
    return "\n\n".join(str(message["content"]) for message in prompt)


def _checked_rows(rows, path, prompt):
    for number, row in enumerate(rows, 1):
        value = column(row, prompt)
        is_text = isinstance(value, str) and value
        is_messages = isinstance(value, list) and value and all(isinstance(m, dict) and "content" in m for m in value)
        if not is_text and not is_messages:
            raise Mistake(f"row {number} of {path} has {short(value)} in the column {prompt!r}, expected a text or messages",
                          f"set task.prompt to one of its columns: {', '.join(map(str, row))}")
    return rows


# ---- the forms ----


def _only(results):
    """The result for the only completion of a call."""
    try:
        count = len(results)
    except TypeError:
        raise Mistake(f"the reward function gave {short(results)}, expected a list of one reward") from None
    if count != 1:
        raise Mistake(f"the reward function gave {count} rewards for 1 completion")
    return results[0]


class Rows:
    """Rows of a file, judged by a function.

    reward: the form of the function; the default is what its arguments look like
    file: the rows, as JSON lines or CSV, perhaps with .gz
    prompt: the column of prompts; empty: prompt, or for OpenRLHF input
    label: the column of right answers; empty: reward_model.ground_truth for verl, label for OpenRLHF
    """

    def __init__(self, function, reward: Literal["trl", "verl", "openrlhf"] = "trl", file: Optional[Path] = None, prompt: str = "", label: str = ""):
        self._function, self._judge = function, getattr(self, "_" + reward)
        self._prompt, self._label = prompt or _PROMPT[reward], label or _LABEL[reward]
        self._rows = _checked_rows(read_rows(file), file, self._prompt) if file else []
        self._takes = inspect.signature(function).parameters
        self._takes_all = any(p.kind == p.VAR_KEYWORD for p in self._takes.values())
        if label and file and column(self._rows[0], label) is None:
            raise Mistake(f"the first row of {file} has no column {label!r}", f"set task.label to one of its columns: {', '.join(self._rows[0])}")

    @functools.lru_cache(maxsize=8)
    def _order(self, seed, pass_number):
        rows = list(range(len(self._rows)))
        random.Random(f"{seed}/{pass_number}").shuffle(rows)
        return rows

    def draw_numbered(self, seed, index):
        if not self._rows:
            raise Mistake("a reward function needs rows", "set task.file to a .jsonl or .csv file")
        pass_number, at = divmod(index, len(self._rows))
        row = self._order(seed, pass_number)[at]
        text = prompt_text(column(self._rows[row], self._prompt))
        return {"prompt": text, "key": text, "state": {"row": row}}

    def verify(self, state, completion):
        at = state.get("row") if isinstance(state, dict) else None
        if type(at) is not int or not 0 <= at < len(self._rows):
            raise Mistake(f"the state {short(state)} names no row of the file")
        row = self._rows[at]
        return self._judge(row, column(row, self._prompt), completion)

    def _taken(self, arguments):
        return arguments if self._takes_all else {name: value for name, value in arguments.items() if name in self._takes}

    def _trl(self, row, prompt, completion):
        columns = {name: [value] for name, value in row.items() if name not in (self._prompt, "prompt", "completion", "completion_ids")}
        said = completion if isinstance(prompt, str) else [{"role": "assistant", "content": completion}]
        return _only(self._function(**self._taken({**columns, "prompts": [prompt], "completions": [said]})))

    def _verl(self, row, prompt, completion):
        score = self._function(**self._taken({"data_source": row.get("data_source"), "solution_str": completion,
                                              "ground_truth": column(row, self._label), "extra_info": row.get("extra_info")}))
        return score["score"] if isinstance(score, dict) else score

    def _openrlhf(self, row, prompt, completion):
        text = prompt_text(prompt)
        rewards = self._function([text + completion], [text], [column(row, self._label)])
        return _only(rewards["rewards"] if isinstance(rewards, dict) else rewards)


class RewardTask:
    """A function and the rows that its settings name."""

    def __init__(self, function, name):
        self._function = function
        self.about = About(function, name)
        self.about.params = params_of(Rows, documented(Rows.__doc__), first=2)
        self.about.params[0].fallback = _form_of(function)

    def make(self, values):
        return Rows(self._function, **values)
