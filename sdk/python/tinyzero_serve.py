"""Runs a task written in Python for tinyzero: the process that `use: FILE.py` starts (docs/python_tasks.md).

The host and this process share the memory at descriptor 3 (core/plugin/worker/region.h): a header, an area for requests and one for replies.
Numbers are 8 bytes in the machine's order, texts their length and their bytes (wire.h). The first request holds the limits of this process,
which it accepts before it imports the task's file: nothing of the file ever runs without them.

An exception of the task's code is an error of the row or the call that it happened in, with its type, message and line. Whatever else it does
to this process is for the host to notice. Needs Python 3.9 and the standard library.
"""

import ctypes
import io
import json
import math
import mmap
import os
import platform
import random
import resource
import signal
import struct
import sys
from hashlib import blake2b

import tinyzero_author as author
from tinyzero_confine import confine

# struct WireHeader
_TURN, _OPERATION, _STATUS, _REQUEST_SIZE, _REPLY_SIZE, _CURSOR, _AREAS = 0, 4, 8, 16, 24, 32, 4096
_HOST, _WORKER = 0, 1
_OK, _ERROR, _FAILURE = 0, 1, 2
_ABOUT, _CREATE, _DRAW, _VERIFY, _SOLVE, _DEMONSTRATE, _COUNT_TRAITS, _INSPECT, _VERIFY_IN_THREADS, _MEASURE = range(10)

_SCORED, _UNPARSABLE, _ABSTAIN, _FAILED = 0, 1, 2, 3  # enum Outcome
_OUTCOMES = {"scored": _SCORED, "unparsable": _UNPARSABLE, "abstain": _ABSTAIN}

# What a task may hand over: the limits of tinyzero/task_abi.h.
_MAX_PARTS, _MAX_DETAIL = 6, 4096
_MAX_BYTES = {"prompt": 1 << 20, "key": 65536, "state": 65536}
_MAX_TEXT = 1 << 20

_OUT_OF_MEMORY = 112  # exit code; the host knows it (worker_process.cpp)
_PRINTED = 300  # characters of what the task printed that a message shows

_libc = ctypes.CDLL(None, use_errno=True)
_number = struct.Struct("<Q")
_pair = struct.Struct("<QQ")
_verdict = struct.Struct("<dII6dQ")  # tz_verdict and the length of its detail


# ---- the shared memory ----


class Region:
    def __init__(self):
        size = os.fstat(3).st_size
        self._memory = mmap.mmap(3, size)
        os.close(3)
        self._area = (size - _AREAS) // 2
        self._turn = ctypes.c_uint32.from_buffer(self._memory, _TURN)
        self._futex = {"x86_64": 202, "aarch64": 98}[platform.machine()]

    def request(self):
        """Waits for the host. Returns the operation and the request's bytes."""
        while self._turn.value != _WORKER:
            _libc.syscall(self._futex, ctypes.byref(self._turn), 0, _HOST, None, None, 0)
        self._fence()
        size = struct.unpack_from("<Q", self._memory, _REQUEST_SIZE)[0]
        return struct.unpack_from("<I", self._memory, _OPERATION)[0], self._memory[_AREAS:_AREAS + size]

    def reply(self, status, data):
        if len(data) > self._area:
            status, data = _FAILURE, text(f"a reply of {len(data)} bytes is too long") + text("")
        start = _AREAS + self._area
        self._memory[start:start + len(data)] = data
        struct.pack_into("<I", self._memory, _STATUS, status)
        struct.pack_into("<Q", self._memory, _REPLY_SIZE, len(data))
        self._fence()
        self._turn.value = _HOST
        self._wake()

    def work_on(self, row):
        """Tells the host which row to blame if this process ends."""
        struct.pack_into("<I", self._memory, _CURSOR, row)

    def _wake(self):
        _libc.syscall(self._futex, ctypes.byref(self._turn), 1, 1, None, None, 0)

    _fence = _wake  # the kernel's futex calls order memory


class Request:
    def __init__(self, data):
        self._data, self._at = data, 0

    def number(self):
        self._at += 8
        return _number.unpack_from(self._data, self._at - 8)[0]

    def numbers(self, code):
        count = self.number()
        self._at += 8 * count
        return list(struct.unpack_from(f"<{count}{code}", self._data, self._at - 8 * count))

    def bytes(self, size=None):
        size = self.number() if size is None else size
        self._at += size
        return self._data[self._at - size:self._at]

    def text(self):
        return self.bytes().decode("utf-8", "replace")

    def texts(self):
        return [self.text() for _ in range(self.number())]

    def answers(self):
        return [(self.bytes(), self.text()) for _ in range(self.number())]


def number(value):
    return _number.pack(value)


def text(value):
    data = value if isinstance(value, bytes) else value.encode("utf-8", "replace")
    return _number.pack(len(data)) + data


def texts(values):
    return number(len(values)) + b"".join(map(text, values))


# ---- what the task's code does ----


class Printed(io.TextIOBase):
    """Holds the end of what the task prints."""

    def __init__(self):
        self.tail = ""

    def writable(self):
        return True

    def write(self, words):
        self.tail = (self.tail + words[-_PRINTED:])[-_PRINTED:]
        return len(words)


_printed = Printed()


def fault(error):
    """An exception in words: where in the task's file, its type, its message, and what the task printed before."""
    if isinstance(error, MemoryError):
        os._exit(_OUT_OF_MEMORY)  # what is left of this process may be in any state
    if isinstance(error, author.Mistake):
        return str(error)
    try:
        words = str(error)
    except Exception:
        words = "its message cannot be made"
    line = author.line_of(error)
    said = f"; printed before: {_printed.tail.strip()}" if _printed.tail.strip() else ""
    if isinstance(error, PermissionError):
        said += "; what a task may do: docs/python_tasks.md"
    _printed.tail = ""
    return f"{line}{type(error).__name__}: {words}{said}"


def _digest(*parts):
    hashed = blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        hashed.update(_number.pack(len(data)) + data)
    return int.from_bytes(hashed.digest(), "little")


def _repeatable(seed, call):
    """What `call` gives after all global generators of random numbers were seeded."""
    numpy = sys.modules.get("numpy")
    random.seed(seed)
    if numpy is not None:
        numpy.random.seed(seed & 0xFFFFFFFF)
    result = call()
    if numpy is None and "numpy" in sys.modules:  # imported by this call, and so not seeded
        return _repeatable(seed, call)
    return result


def written(value):
    """A state as a text: itself, unless it would be read as JSON."""
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError:
            return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def read(data):
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


def _real(value, what):
    """A finite number of the task's, also of NumPy's."""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
        raise author.Mistake(f"{what} is {author.short(value)}, expected a number")
    try:
        real = float(value)
    except OverflowError:
        real = math.inf
    if not math.isfinite(real):
        raise author.Mistake(f"{what} is {author.short(value)}, expected a finite number")
    return real


class Served:
    """The task that the host asks about."""

    def __init__(self, path, name):
        self._task = author.load(path, name)
        self._about = self._task.about
        self._object = None

    def about(self):
        a = self._about
        out = [text(a.id), text(a.title), text(a.version), text(a.doc), struct.pack("<3d", a.full_reward, -a.most_reward, a.most_reward), texts(a.parts),
               texts([])]
        out += [number(int(flag)) for flag in (a.can_solve, a.can_demonstrate, False)]
        out.append(number(len(a.params)))
        for p in a.params:
            out += [number(p.type), number(p.most), text(p.name), text(p.doc), text(p.fallback), text(""), text("")]
            out += [struct.pack("<dd", p.low, p.high), number(int(p.is_path)), texts(p.choices)]
        out.append(number(len(a.traits)))
        out += [text(name) + text(doc) + text("") for name, doc in a.traits]
        return b"".join(out)

    def create(self, request):
        request.number()
        values = {}
        for p in self._about.params[:request.number()]:
            integers, reals, words = request.numbers("q"), request.numbers("d"), request.texts()
            values[p.name] = p.value(integers or reals or words)
        self._object = _repeatable(0, lambda: self._task.make(values))
        return texts([])  # notes for people: a task in Python has none

    def draw(self, request):
        seed, indices = request.number(), request.numbers("Q")
        return number(len(indices)) + b"".join(self._item(seed, index) for index in indices)

    def _item(self, seed, index):
        chance = _digest("draw", seed, index)
        by_number = getattr(self._object, "draw_numbered", None)  # of tasks of this program
        if by_number:
            return self._checked_item(_repeatable(chance, lambda: by_number(seed, index)))
        try:
            return self._checked_item(_repeatable(chance, lambda: self._object.draw(random.Random(chance))))
        except Exception as error:
            raise author.Mistake(f"task \"{self._about.id}\" cannot draw problem {index} of seed {seed}: {fault(error)}", is_failure=True) from None

    def _checked_item(self, item):
        if not isinstance(item, dict) or not {"prompt", "key", "state"} <= item.keys() <= {"prompt", "key", "state", "difficulty"}:
            raise author.Mistake(f'draw() gave {author.short(item)}, expected {{"prompt", "key", "state"}} and perhaps "difficulty"')
        prompt, key, state = item["prompt"], item["key"], item["state"]
        if not isinstance(prompt, str):
            raise author.Mistake(f"draw() gave the prompt {author.short(prompt)}, expected a text")
        fields = {"prompt": text(prompt), "key": text(key if isinstance(key, str) else written(key)), "state": text(written(state))}
        for name, data in fields.items():
            if len(data) - 8 > _MAX_BYTES[name]:
                raise author.Mistake(f"draw() gave a {name} of {len(data) - 8} bytes; at most {_MAX_BYTES[name]} are possible")
        return b"".join(fields.values()) + struct.pack("<d", _real(item.get("difficulty", 0.0), "the difficulty"))

    def verify(self, request, region):
        out = []
        for row, (state, completion) in enumerate(request.answers()):
            region.work_on(row)
            out.append(self._judge(state, completion))
        return number(len(out)) + b"".join(out)

    def _judge(self, state, completion):
        try:
            chance = _digest("verify", state, completion)
            result = _repeatable(chance, lambda: self._object.verify(read(state), completion))
            reward, outcome, reason, parts = self._judged(result)
        except BaseException as error:
            reward, outcome, reason, parts = 0.0, _FAILED, fault(error), ()
        detail = reason.encode("utf-8", "replace")[:_MAX_DETAIL].decode("utf-8", "ignore").encode()
        padding = (0.0,) * (_MAX_PARTS - len(parts))
        return _verdict.pack(reward, outcome, 0, *parts, *padding, len(detail)) + detail

    def _judged(self, result):
        """(reward, outcome, reason, parts) of what verify() gave."""
        fields = result if isinstance(result, dict) else {"reward": result}
        if not {"reward"} <= fields.keys() <= {"reward", "reason", "parts", "outcome"}:
            raise author.Mistake(f'verify() gave {author.short(result)}, expected {{"reward", "reason", "parts"}}')
        outcome = _OUTCOMES.get(fields.get("outcome", "scored"))
        if outcome is None:
            raise author.Mistake(f"verify() gave the outcome {author.short(fields['outcome'])}, expected one of {', '.join(_OUTCOMES)}")
        value = fields["reward"]
        parts = self._parts(fields.get("parts") or {})
        if value is None or outcome == _ABSTAIN:
            return 0.0, _ABSTAIN, str(fields.get("reason") or "the task cannot tell"), parts
        reward = _real(value, "the reward")
        reason = fields.get("reason") or ("right" if reward >= self._about.full_reward else "not right")
        return reward, outcome, str(reason), parts

    def _parts(self, given):
        names = self._about.parts
        if not isinstance(given, dict):
            raise author.Mistake(f"the parts are {author.short(given)}, expected a dictionary of numbers")
        for name in given:
            if name not in names:
                raise author.Mistake(f"the part {author.short(name)} is not declared; write in the class: parts = {tuple([*names, name])!r}")
        return [_real(given[name], f"the part {name}") if given.get(name) is not None else 0.0 for name in names]

    def solve(self, request):
        state = request.bytes()
        completion = self._call("solve", _digest("solve", state), lambda: self._object.solve(read(state)))
        return number(0) if completion is None else number(1) + self._checked_text("solve", completion)

    def demonstrate(self, request):
        state, seed, index = request.bytes(), request.number(), request.number()
        chance = _digest("demonstrate", state, seed, index)
        trace = self._call("demonstrate", chance, lambda: self._object.demonstrate(read(state), random.Random(chance)))
        return self._checked_text("demonstrate", trace)

    def _call(self, method, chance, call):
        try:
            return _repeatable(chance, call)
        except Exception as error:
            raise author.Mistake(f"task \"{self._about.id}\": {method}() failed: {fault(error)}", is_failure=True) from None

    def _checked_text(self, method, completion):
        if not isinstance(completion, str) or len(text(completion)) - 8 > _MAX_TEXT:
            raise author.Mistake(f"task \"{self._about.id}\": {method}() gave {author.short(completion)}, expected a text of at most {_MAX_TEXT} bytes",
                            is_failure=True)
        return text(completion)

    def count_traits(self, request, region):
        out = []
        for row, (state, completion) in enumerate(request.answers()):
            region.work_on(row)
            out.append(self._trait_row(state, completion))
        return number(len(out)) + b"".join(out)

    def _trait_row(self, state, completion):
        try:
            counted = _repeatable(_digest("traits", state, completion), lambda: self._object.traits(read(state), completion))
            names = [name for name, _ in self._about.traits]
            unknown = [name for name in counted if name not in names]
            if unknown:
                raise author.Mistake(f"traits() gave {author.short(unknown[0])}; write in the class: trait_names = {tuple([*names, *unknown])!r}")
            row = [counted.get(name) for name in names]
            return struct.pack(f"<{len(row)}d", *[math.nan if value is None else float(value) for value in row])
        except Exception as error:
            raise author.Mistake(f"task \"{self._about.id}\" cannot count traits: {fault(error)}", is_failure=True) from None

    def measure(self):
        with open("/proc/self/statm") as file:
            resident = int(file.read().split()[1]) * resource.getpagesize()
        return number(resident) + number(len(os.listdir("/proc/self/fd"))) + number(len(os.listdir("/proc/self/task")))


class Server:
    def __init__(self, region):
        self._region, self._served = region, None

    def answer(self, operation, request):
        """The status and the bytes of a reply."""
        try:
            return _OK, self._perform(operation, request)
        except author.Mistake as error:
            what, hint, status = str(error), error.hint, _FAILURE if error.is_failure else _ERROR
        except BaseException as error:
            what, hint, status = fault(error), "", _FAILURE
        return status, text(what.encode("utf-8", "replace")[:3000]) + text(hint.encode("utf-8", "replace")[:1000])

    def _perform(self, operation, request):
        _printed.tail = ""
        served = self._served
        if operation == _ABOUT:
            confine(request)
            self._served = Served(request.text(), request.text())
            return self._served.about()
        if operation == _CREATE:
            return served.create(request)
        if operation == _DRAW:
            return served.draw(request)
        if operation == _VERIFY:
            return served.verify(request, self._region)
        if operation == _SOLVE:
            return served.solve(request)
        if operation == _DEMONSTRATE:
            return served.demonstrate(request)
        if operation == _COUNT_TRAITS:
            return served.count_traits(request, self._region)
        if operation == _MEASURE:
            return served.measure()
        raise author.Mistake("a task's worker was asked for what it does not know", is_failure=True)


def serve(host):
    _libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    if os.getppid() != host:
        return  # the host ended before that
    for number_of_signal in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number_of_signal, signal.SIG_IGN)
    for fd in map(int, os.listdir("/proc/self/fd")):  # what the host had open
        if fd > 3:
            os.closerange(fd, fd + 1)
    sys.stdout = sys.stderr = _printed
    region = Region()
    server = Server(region)
    while True:
        operation, data = region.request()
        region.reply(*server.answer(operation, Request(data)))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
