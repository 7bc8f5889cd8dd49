"""Tasks of tinyzero in Python: exact verifiers and their problems for trainers such as TRL and verl.

One file that needs only the standard library.

    from tinyzero_task import Task
    task = Task("build/plugins/countdown.so", numbers=3, largest=9)
    rows = task.rows("train", 1000)                       # dictionaries: prompt, state, key, split_key, difficulty, index
    task.verify([(rows[0]["state"], "<answer>3*7-1</answer>")])

TRL:   GRPOTrainer(..., train_dataset=Dataset.from_list(rows), reward_funcs=task.trl_reward())
verl:  a dataset with reward_model.ground_truth = state, and a file for custom_reward_function that says
           from tinyzero_task import Task
           compute_score = Task("…/countdown.so").verl_score

The reward of an answer that the task could not judge is None, never 0; TRL leaves such answers out.

This module uses the C ABI of tinyzero/task_abi.h, version 1. It checks what the ABI leaves to a host: names, types and ranges of settings,
rewards and their components, counts and lengths. A task that breaks a rule is a RuntimeError that names it. The task's library runs in
this process without a sandbox: load only what you trust.
"""

import ctypes as c
import math
import os
from dataclasses import dataclass, field

_INTEGER, _REAL, _BOOLEAN, _TEXT = 1, 2, 3, 4
_OUTCOMES = ("scored", "unparsable", "abstain", "error", "timeout")

# What a task may hand over: the limits of tinyzero/task_abi.h.
_MAX_PARTS, _MAX_REASONS, _MAX_PARAMS, _MAX_CHOICES, _MAX_TRAITS = 6, 256, 256, 256, 64
_MAX_NAME, _MAX_LINE, _MAX_DOC = 64, 4096, 65536
_MAX_PROMPT, _MAX_KEY, _MAX_STATE, _MAX_TEXT, _MAX_DETAIL = 1 << 20, 65536, 65536, 1 << 20, 4096
_MAX_DIFFICULTY = 1e15


class _Bytes(c.Structure):
    _fields_ = [("data", c.c_void_p), ("size", c.c_uint64)]

    def bytes(self):
        return c.string_at(self.data, self.size) if self.size else b""


class _Error(c.Structure):
    _fields_ = [("text", c.c_char * 1024)]


class _Param(c.Structure):
    _fields_ = [("size", c.c_uint32), ("type", c.c_uint32), ("max_count", c.c_uint32), ("n_choices", c.c_uint32), ("name", c.c_char_p),
                ("doc", c.c_char_p), ("fallback", c.c_char_p), ("low", c.c_double), ("high", c.c_double),
                ("choices", c.POINTER(c.c_char_p)), ("needs_name", c.c_char_p), ("needs_value", c.c_char_p)]


class _Value(c.Structure):
    _fields_ = [("type", c.c_uint32), ("count", c.c_uint32), ("integers", c.POINTER(c.c_int64)), ("reals", c.POINTER(c.c_double)),
                ("texts", c.POINTER(_Bytes))]


class _Draw(c.Structure):
    _fields_ = [("seed", c.c_uint64), ("index", c.c_uint64)]


class _Item(c.Structure):
    _fields_ = [("prompt", _Bytes), ("key", _Bytes), ("state", _Bytes), ("difficulty", c.c_double)]


_AddItem = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.POINTER(_Item))
_WriteText = c.CFUNCTYPE(c.c_int32, c.c_void_p, _Bytes)
_Explain = c.CFUNCTYPE(None, c.c_void_p, c.c_uint32, _Bytes)


class _ItemSink(c.Structure):
    _fields_ = [("context", c.c_void_p), ("add", _AddItem)]


class _TextSink(c.Structure):
    _fields_ = [("context", c.c_void_p), ("write", _WriteText)]


class _Answer(c.Structure):
    _fields_ = [("state", _Bytes), ("completion", _Bytes)]


class _Verdict(c.Structure):
    _fields_ = [("reward", c.c_double), ("outcome", c.c_uint32), ("reason", c.c_uint32), ("parts", c.c_double * _MAX_PARTS)]


class _Call(c.Structure):
    _fields_ = [("size", c.c_uint32), ("reserved", c.c_uint32), ("cursor", c.c_void_p), ("context", c.c_void_p), ("explain", _Explain)]


class _Host(c.Structure):
    _fields_ = [("size", c.c_uint32), ("abi_minor", c.c_uint32), ("context", c.c_void_p), ("log", c.c_void_p), ("extension", c.c_void_p)]


class _TaskTable(c.Structure):
    _fields_ = [("size", c.c_uint32), ("flags", c.c_uint32), ("id", c.c_char_p), ("title", c.c_char_p), ("version", c.c_char_p),
                ("doc", c.c_char_p), ("reward_full", c.c_double), ("reward_min", c.c_double), ("reward_max", c.c_double),
                ("n_parts", c.c_uint32), ("n_reasons", c.c_uint32), ("parts", c.POINTER(c.c_char_p)), ("reasons", c.POINTER(c.c_char_p)),
                ("params", c.c_void_p), ("n_params", c.c_uint64),
                ("create", c.CFUNCTYPE(c.c_int32, c.POINTER(_Host), c.POINTER(_Value), c.POINTER(c.c_void_p), c.POINTER(_Error))),
                ("destroy", c.CFUNCTYPE(None, c.c_void_p)),
                ("draw", c.CFUNCTYPE(c.c_int32, c.c_void_p, c.POINTER(_Draw), c.c_uint32, c.POINTER(_ItemSink), c.POINTER(_Error))),
                ("verify", c.CFUNCTYPE(c.c_int32, c.c_void_p, c.POINTER(_Call), c.POINTER(_Answer), c.c_uint32, c.POINTER(_Verdict),
                                       c.POINTER(_Error))),
                ("extension", c.CFUNCTYPE(c.c_void_p, c.c_char_p))]


class _Module(c.Structure):
    _fields_ = [("size", c.c_uint32), ("abi_major", c.c_uint32), ("abi_minor", c.c_uint32), ("n_tasks", c.c_uint32),
                ("tasks", c.POINTER(c.POINTER(_TaskTable)))]


class _Paths(c.Structure):
    _fields_ = [("size", c.c_uint32), ("n_names", c.c_uint32), ("names", c.POINTER(c.c_char_p))]


class _Solve(c.Structure):
    _fields_ = [("size", c.c_uint32), ("reserved", c.c_uint32),
                ("solve", c.CFUNCTYPE(c.c_int32, c.c_void_p, _Bytes, c.POINTER(c.c_uint32), c.POINTER(_TextSink), c.POINTER(_Error)))]


class _Trait(c.Structure):
    _fields_ = [("name", c.c_char_p), ("doc", c.c_char_p), ("per", c.c_char_p)]


class _Traits(c.Structure):
    _fields_ = [("size", c.c_uint32), ("n_traits", c.c_uint32), ("traits", c.POINTER(_Trait)),
                ("count", c.CFUNCTYPE(c.c_int32, c.c_void_p, c.POINTER(_Call), c.POINTER(_Answer), c.c_uint32, c.POINTER(c.c_double),
                                      c.POINTER(_Error)))]


@dataclass
class Verdict:
    reward: float | None  # None: the task could not judge the answer
    outcome: str  # scored, unparsable, abstain, error
    reason: str
    parts: dict = field(default_factory=dict)


def _view(data):
    """Borrowed bytes; the caller keeps `data` alive."""
    return _Bytes(c.cast(c.c_char_p(data), c.c_void_p), len(data))


def _answers(pairs):
    """The texts of (state, completion), which the caller keeps alive, and their array."""
    raw = [(s if isinstance(s, bytes) else s.encode(), t if isinstance(t, bytes) else t.encode(errors="surrogatepass")) for s, t in pairs]
    return raw, (_Answer * max(1, len(raw)))(*[_Answer(_view(s), _view(t)) for s, t in raw])


def _scalar(text, kind):
    text = text.strip()
    if kind == _INTEGER:
        return int(text)
    if kind == _REAL:
        return float(text)
    if kind == _BOOLEAN:
        return text == "true"
    return text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if text.startswith('"') else text


def _xxh64(data):
    """XXH64 with seed 0 (Yann Collet's xxHash), by which hosts divide problems into splits."""
    p1, p2, p3, p4, p5 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
    mask = (1 << 64) - 1

    def rotl(x, r):
        return ((x << r) | (x >> (64 - r))) & mask

    def round64(acc, lane):
        return rotl((acc + lane * p2) & mask, 31) * p1 & mask

    def lane(at, n):
        return int.from_bytes(data[at:at + n], "little")

    at = 0
    if len(data) >= 32:
        v = [(p1 + p2) & mask, p2, 0, -p1 & mask]
        while at + 32 <= len(data):
            v = [round64(v[i], lane(at + 8 * i, 8)) for i in range(4)]
            at += 32
        h = sum(rotl(x, r) for x, r in zip(v, (1, 7, 12, 18))) & mask
        for x in v:
            h = ((h ^ round64(0, x)) * p1 + p4) & mask
    else:
        h = p5
    h = (h + len(data)) & mask
    while at + 8 <= len(data):
        h = (rotl(h ^ round64(0, lane(at, 8)), 27) * p1 + p4) & mask
        at += 8
    if at + 4 <= len(data):
        h = (rotl(h ^ (lane(at, 4) * p1 & mask), 23) * p2 + p3) & mask
        at += 4
    while at < len(data):
        h = rotl(h ^ (data[at] * p5 & mask), 11) * p1 & mask
        at += 1
    h = (h ^ (h >> 33)) * p2 & mask
    h = (h ^ (h >> 29)) * p3 & mask
    return h ^ (h >> 32)


def split_of_key(key):
    """"train", "validation" or "test": the same as in tinyzero."""
    bucket = _xxh64(key.split("\x1f")[0].encode()) % 100  # of the group, if the key names one
    return "train" if bucket < 70 else "validation" if bucket < 80 else "test"


class Task:
    """A task of a library, with its settings.

    Raises ValueError for settings that it does not accept and RuntimeError where its code fails.
    """

    def __init__(self, library, **settings):
        self._library = c.CDLL(str(library), mode=c.RTLD_LOCAL)
        entry = self._library.tinyzero_task_v1
        entry.restype = c.POINTER(_Module)
        module = entry(c.c_uint32(1), c.c_uint32(0))
        if not module or module.contents.abi_major != 1 or module.contents.n_tasks == 0:
            raise RuntimeError(f"{library} is not a task of ABI 1")
        self._table = table = module.contents.tasks[0].contents
        if table.size < c.sizeof(_TaskTable) or not table.id:
            raise RuntimeError(f"{library}: its table of functions is not whole")
        self.id = table.id[:_MAX_NAME].decode(errors="replace")
        self._at_most("reward components", table.n_parts, _MAX_PARTS)
        self._at_most("reasons", table.n_reasons, _MAX_REASONS)
        self._at_most("settings", table.n_params, _MAX_PARAMS)
        self._text("an id", table.id, _MAX_NAME)
        self.title, self.doc = self._text("a title", table.title, _MAX_LINE), self._text("a doc", table.doc, _MAX_DOC)
        self.parts = [self._text("a name of a reward component", table.parts[i], _MAX_NAME) for i in range(table.n_parts)]
        self.reasons = [self._text("a reason", table.reasons[i], _MAX_LINE) for i in range(table.n_reasons)]
        if not (all(map(math.isfinite, (table.reward_min, table.reward_full, table.reward_max)))
                and table.reward_min <= table.reward_full <= table.reward_max):
            raise RuntimeError(f"task {self.id} declares rewards from {table.reward_min} to {table.reward_max} and {table.reward_full} for a "
                               "right answer; they must be finite and in order")
        self._params = self._read_params()
        self._folder = os.path.dirname(os.path.abspath(str(library)))
        paths = self._table.extension(b"tinyzero.paths/1")
        paths = _Paths.from_address(paths) if paths else _Paths()
        self._paths = {paths.names[i].decode() for i in range(paths.n_names)}  # settings that name a file
        self._instance = self._create(self._checked(settings))

    def __del__(self):
        if getattr(self, "_instance", None):
            self._table.destroy(self._instance)

    def _at_most(self, things, count, most):
        if count > most:
            raise RuntimeError(f"task {self.id} declares {count} {things}; at most {most} are possible")

    def _text(self, what, data, most):
        """A text of the task, of at most `most` bytes."""
        data = data or b""
        if len(data) > most:
            raise RuntimeError(f"task {self.id} gives {what} of {len(data)} bytes; at most {most} are possible")
        return data.decode(errors="replace")

    def _borrowed(self, what, view, most):
        """A text that the task lends for the duration of a call, of at most `most` bytes."""
        if view.size > most:
            raise RuntimeError(f"task {self.id} gives {what} of {view.size} bytes; at most {most} are possible")
        return view.bytes().decode(errors="replace")

    def _read_params(self):
        params, at = [], self._table.params
        for _ in range(self._table.n_params):
            row = _Param.from_address(at)
            if row.size < c.sizeof(_Param):
                raise RuntimeError(f"task {self.id} has a table of settings whose rows are too short: {row.size} bytes")
            if row.type not in (_INTEGER, _REAL, _BOOLEAN, _TEXT):
                raise RuntimeError(f"task {self.id} declares a setting of type {row.type}; there are {_INTEGER} to {_TEXT}")
            self._at_most("choices of a setting", row.n_choices, _MAX_CHOICES)
            if not row.name or not row.fallback:
                raise RuntimeError(f"task {self.id} has a setting without a name or a default")
            self._text("a name of a setting", row.name, _MAX_NAME)
            self._text("a line about a setting", row.fallback, _MAX_LINE)
            params.append(row)
            at += row.size
        names = [p.name.decode(errors="replace") for p in params]
        if len(set(names)) != len(names):
            raise RuntimeError(f"task {self.id} has two settings of one name: {', '.join(names)}")
        return params

    def _checked(self, settings):
        """One list of values for each parameter."""
        by_name = {p.name.decode(): p for p in self._params}
        for name in settings:
            if name not in by_name:
                raise ValueError(f"task {self.id} has no setting {name!r}; it has {', '.join(by_name)}")
        return [self._values(name, p, settings.get(name)) for name, p in by_name.items()]

    def _values(self, name, p, given):
        if given is None:
            text = p.fallback.decode()
            words = text[1:-1].split(",") if p.max_count > 1 and text.startswith("[") else [text]
            values = [_scalar(word, p.type) for word in words]
            return [self._whole_path(name, value, self._folder) for value in values] if name in self._paths else values
        values = list(given) if isinstance(given, (list, tuple)) else [given]
        if name in self._paths:
            values = [os.fspath(value) if isinstance(value, os.PathLike) else value for value in values]
        kinds = {_INTEGER: int, _REAL: (int, float), _BOOLEAN: bool, _TEXT: str}
        choices = [p.choices[i].decode() for i in range(p.n_choices)]
        for value in values:
            is_kind = isinstance(value, kinds[p.type]) and isinstance(value, bool) == (p.type == _BOOLEAN)
            in_range = p.type not in (_INTEGER, _REAL) or (is_kind and p.low <= value <= p.high)
            if not is_kind or not in_range or (choices and value not in choices):
                expected = f"one of {', '.join(choices)}" if choices else f"a value from {p.low:g} to {p.high:g}" if in_range is False else "another type"
                raise ValueError(f"setting {name} of task {self.id} is {value!r}, expected {expected}")
        if not 1 <= len(values) <= p.max_count:
            raise ValueError(f"setting {name} of task {self.id} takes 1 to {p.max_count} values, got {len(values)}")
        return [self._whole_path(name, value, os.getcwd()) for value in values] if name in self._paths else values

    def _whole_path(self, name, path, folder):
        """The absolute path of a file; a relative path starts at `folder`, an empty one names no file."""
        if not path:
            return ""
        whole = os.path.normpath(os.path.join(folder, path))
        if not os.path.isfile(whole):
            hint = f"; ~ is not expanded: write {os.path.expanduser(path)}" if path.startswith("~") else ""
            raise ValueError(f"setting {name} of task {self.id} names a file that does not exist: {whole}{hint}")
        return whole

    def _create(self, settings):
        values, kept = (_Value * max(1, len(settings)))(), []
        for value, p, given in zip(values, self._params, settings):
            value.type, value.count = p.type, len(given)
            if p.type == _REAL:
                value.reals = array = (c.c_double * len(given))(*given)
            elif p.type == _TEXT:
                texts = [text.encode() for text in given]
                value.texts = array = (_Bytes * len(given))(*[_view(text) for text in texts])
                kept.append(texts)
            else:
                value.integers = array = (c.c_int64 * len(given))(*[int(x) for x in given])
            kept.append(array)
        instance, error, host = c.c_void_p(), _Error(), _Host(c.sizeof(_Host), 0, None, None, None)
        status = self._table.create(c.byref(host), values, c.byref(instance), c.byref(error))
        if status != 0:
            raise (RuntimeError if status == 4 else ValueError)(f"task {self.id} cannot be set up: {error.text.decode()}")
        return instance

    def _check(self, status, error, doing, callback=None):
        if callback is not None and callback.faults:
            raise callback.faults[0]
        if status != 0:
            raise RuntimeError(f"task {self.id} {doing}: {error.text.decode(errors='replace')}")

    def _guarded(self, body):
        """A callback for the task. Its exceptions go to `faults`, and its status then tells the task to stop."""

        def callback(*arguments):
            if not callback.faults:
                try:
                    body(*arguments)
                    return 0
                except RuntimeError as fault:
                    callback.faults.append(fault)
            return 1  # TZ_BAD_ARGUMENT

        callback.faults = []
        return callback

    def draw(self, seed, indices):
        """The problems `indices` of the stream of `seed`, as dictionaries."""
        items, indices, error = [], list(indices), _Error()

        @self._guarded
        def add(_, item):
            i = item.contents
            if len(items) == len(indices):
                raise RuntimeError(f"task {self.id} drew more problems than the {len(indices)} it was asked for")
            if not abs(i.difficulty) <= _MAX_DIFFICULTY:
                raise RuntimeError(f"task {self.id} gives the difficulty {i.difficulty}; it must be a number from -1e15 to 1e15")
            key = self._borrowed("a key", i.key, _MAX_KEY)
            items.append({"prompt": self._borrowed("a prompt", i.prompt, _MAX_PROMPT), "key": key, "split_key": key.split("\x1f")[0],
                          "state": self._borrowed("a state", i.state, _MAX_STATE), "difficulty": i.difficulty})

        draws = (_Draw * max(1, len(indices)))(*[_Draw(seed, index) for index in indices])
        sink = _ItemSink(None, _AddItem(add))
        status = self._table.draw(self._instance, draws, len(indices), c.byref(sink), c.byref(error))
        self._check(status, error, "cannot draw a problem", add)
        if len(items) != len(indices):
            raise RuntimeError(f"task {self.id} drew {len(items)} problems of {len(indices)}")
        return [item | {"index": index} for item, index in zip(items, indices)]

    def rows(self, split, count, seed=1):
        """`count` problems of a split, the same that `tinyzero task draw --split` draws."""
        rows, first, misses = [], 0, 0
        while len(rows) < count:
            drawn = self.draw(seed, range(first, first + 64))
            kept = [item for item in drawn if split_of_key(item["key"]) == split]
            misses = 0 if kept else misses + 64
            if misses > 20000:
                raise ValueError(f"task {self.id} has no problem in the split {split!r} under these settings")
            rows += kept
            first += 64
        return rows[:count]

    def verify(self, pairs):
        """One verdict for each (state, completion). Texts may be str or bytes."""
        raw, answers = _answers(pairs)
        out, error, details = (_Verdict * max(1, len(raw)))(), _Error(), {}

        def explain(_, row, text):
            if row < len(raw):
                details[row] = c.string_at(text.data, min(text.size, _MAX_DETAIL)).decode(errors="ignore") if text.size else ""

        call = _Call(c.sizeof(_Call), 0, None, None, _Explain(explain))
        self._check(self._table.verify(self._instance, c.byref(call), answers, len(raw), out, c.byref(error)), error, "cannot verify")
        return [self._verdict(out[i], details.get(i, "")) for i in range(len(raw))]

    def _verdict(self, v, detail):
        outcome = _OUTCOMES[v.outcome] if v.outcome < len(_OUTCOMES) else "error"
        in_range = math.isfinite(v.reward) and self._table.reward_min <= v.reward <= self._table.reward_max
        parts, fault = list(v.parts), None
        if v.outcome > _OUTCOMES.index("error"):
            fault = f"gave the outcome {v.outcome}, which there is not"
        elif outcome in ("scored", "unparsable") and not in_range:
            fault = f"gave the reward {v.reward}, outside of what it declares, {self._table.reward_min:g} to {self._table.reward_max:g}"
        elif outcome != "error" and not all(map(math.isfinite, parts)):
            fault = f"gave {parts} as the reward components"
        elif outcome != "error" and self.reasons and v.reason >= len(self.reasons):
            fault = f"gave the reason {v.reason}; its reasons are 0 to {len(self.reasons) - 1}"
        if fault is not None:
            outcome, detail = "error", f"task {self.id} {fault}"
        if outcome == "error":
            parts = [0.0] * _MAX_PARTS
        reason = detail if outcome == "error" and detail else self.reasons[v.reason] if v.reason < len(self.reasons) else ""
        reward = v.reward if outcome in ("scored", "unparsable") else None
        return Verdict(reward, outcome, reason, {name: parts[i] for i, name in enumerate(self.parts)})

    def traits(self, pairs):
        """What each (state, completion) does, as a dictionary of numbers by name: traits that do not apply are missing.

        Raises RuntimeError if the task counts no traits.
        """
        table = self._table.extension(b"tinyzero.traits/1")
        if not table:
            raise RuntimeError(f"task {self.id} counts no traits")
        table = _Traits.from_address(table)
        self._at_most("traits", table.n_traits, _MAX_TRAITS)
        names = [self._text("a name of a trait", table.traits[i].name, _MAX_NAME) for i in range(table.n_traits)]
        raw, answers = _answers(pairs)
        out, error, call = (c.c_double * max(1, len(raw) * len(names)))(), _Error(), _Call(c.sizeof(_Call), 0, None, None, _Explain())
        self._check(table.count(self._instance, c.byref(call), answers, len(raw), out, c.byref(error)), error, "cannot count traits")
        rows = [out[i * len(names):(i + 1) * len(names)] for i in range(len(raw))]
        return [{name: value for name, value in zip(names, row) if math.isfinite(value)} for row in rows]

    def solve(self, state):
        """A completion that earns the full reward, or None if there is none. Raises RuntimeError if the task has no solver."""
        table = self._table.extension(b"tinyzero.solve/1")
        if not table:
            raise RuntimeError(f"task {self.id} has no solver")
        found, written, error = c.c_uint32(), [], _Error()

        @self._guarded
        def write(_, text):
            written[:] = [self._borrowed("a solution", text, _MAX_TEXT)]

        raw, sink = state.encode(), _TextSink(None, _WriteText(write))
        status = _Solve.from_address(table).solve(self._instance, _view(raw), c.byref(found), c.byref(sink), c.byref(error))
        self._check(status, error, "cannot solve", write)
        return "".join(written) if found.value else None

    def trl_reward(self):
        """A reward function for TRL's GRPOTrainer. The dataset's rows need the column `state` (see rows())."""

        def reward(completions, state, **_):
            texts = [t if isinstance(t, str) else t[-1]["content"] for t in completions]
            return [v.reward for v in self.verify(zip(state, texts))]

        reward.__name__ = self.id
        return reward

    def verl_score(self, data_source, solution_str, ground_truth, extra_info=None):
        """compute_score for verl's custom_reward_function; `ground_truth` is a problem's state.

        Raises RuntimeError if the task could not judge the answer, because verl cannot leave one out.
        """
        verdict = self.verify([(ground_truth, solution_str)])[0]
        if verdict.reward is None:
            raise RuntimeError(f"task {self.id} could not judge an answer: {verdict.reason}")
        return verdict.reward
