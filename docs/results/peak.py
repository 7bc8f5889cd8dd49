"""Peaks of the program's memory, for the scripts that measure it."""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, "build", "tinyzero")


def build():
    subprocess.run([os.path.join(ROOT, "tinyzero"), "--version"], check=True, stdout=subprocess.DEVNULL)


def peak_of(command):
    """Bytes that a command held at most; ends this script with its words where it fails."""
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    words = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(words)
    return usage.ru_maxrss * 1024
