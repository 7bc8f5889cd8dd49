"""A task that does to its process whatever a completion names."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

held = []


def leak():
    while True:
        held.append(bytearray(1 << 26))


def deep(n):
    return deep(n + 1) + 1


def sleep_by_signal():
    """What reward functions do to limit their own time."""
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError("too slow")))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(1)


def thread():
    found = []
    worker = threading.Thread(target=lambda: found.append(1.0))
    worker.start()
    worker.join()
    return found[0]


def event_loop():
    import asyncio

    async def one():
        await asyncio.sleep(0)
        return 1.0

    return asyncio.run(one())


def stop():
    raise RuntimeError("I stop")


def printed():
    print("so far so good")
    raise ValueError("no")


def connect():
    """Reaches the machine, where nobody listens."""
    client = socket.socket()
    try:
        client.connect(("127.0.0.1", 9))
    except ConnectionRefusedError:
        pass
    return 1.0


def ran(*command):
    return subprocess.run(command, stdout=subprocess.PIPE).returncode


ACTS = {
    "right": lambda: 1.0,
    "half": lambda: 0.5,
    "true": lambda: True,
    "none": lambda: None,
    "abstain": lambda: {"reward": None, "reason": "it is night"},
    "unparsable": lambda: {"reward": 0, "reason": "nothing there", "outcome": "unparsable"},
    "reason": lambda: {"reward": 0.25, "reason": "nearly"},
    "nan": lambda: float("nan"),
    "infinite": lambda: -float("inf"),
    "huge": lambda: 10**400,
    "text": lambda: "1.0",
    "list": lambda: [1.0],
    "typo": lambda: {"rewrad": 1},
    "long_reason": lambda: {"reward": 0, "reason": "é" * 100000},
    "unknown_part": lambda: {"reward": 0, "parts": dict([("hidden", 1)])},
    "surrogate": lambda: {"reward": 0, "reason": "\ud800"},
    "stop": stop,
    "printed": printed,
    "quit": sys.exit,
    "exit": lambda: os._exit(3),
    "crash": lambda: ctypes.string_at(8),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "kill_host": lambda: os.kill(os.getppid(), signal.SIGKILL),
    "hang": lambda: [None for _ in iter(int, 1)],
    "sleep": lambda: time.sleep(100),
    "deep": lambda: deep(0),
    "leak": leak,
    "fork": os.fork,
    "program": lambda: subprocess.run(["true"]),
    "network": lambda: socket.socket(),
    "file": lambda: open("/tmp/tinyzero-hostile", "w"),
    "remove": lambda: os.remove(__file__),
    "shadow": lambda: open("/etc/shadow").read(),
    "own_file": lambda: float(len(open(__file__).read()) > 0),
    "null": lambda: float(open(os.devnull, "w").write("x")),
    "thread": thread,
    "event_loop": event_loop,
    "alarm": sleep_by_signal,
    "import": lambda: float(__import__("decimal").Decimal("1")),
    "random": lambda: random.random(),
    "hash": lambda: hash("tinyzero") % 1000 / 1000,
    "print": lambda: print("x" * 10**6) or 1.0,
    "connect": connect,
    "unix_socket": lambda: socket.socket(socket.AF_UNIX),
    "ran_program": lambda: 1.0 - ran("/bin/true"),
    "program_that_hangs": lambda: ran("/bin/sleep", "987654321"),
    "program_that_writes": lambda: float(ran("/bin/sh", "-c", "echo > /tmp/tinyzero-hostile") != 0),
    "home": lambda: float(len(os.environ["HOME"]) > 0),
}


class Hostile:
    """Judges by deeds."""

    def draw(self, rng):
        return {"prompt": "do", "key": str(rng.random()), "state": {"random": [rng.random(), random.random()]}}

    def verify(self, state, completion):
        return ACTS[completion]()

    def traits(self, state, completion):
        return {"length": len(completion) if completion != "exit" else os._exit(3)}
