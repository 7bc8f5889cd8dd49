"""The program `tinyzero`, its worker and the task plugins, compiled for aarch64 by a cross compiler, with scalar kernels.

usage: aarch64.py COMPILE_COMMANDS

Libraries are this machine's: their headers are the same on every architecture, and nothing that needs them is linked. The tests of
the scalar kernels need no library. They are linked and, where qemu-user is installed, run.
"""

import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGETS = "tinyzero|tinyzero-worker|tinyzero_host|tinyzero_cli|tinyzero_cuda|countdown|arithmetic|multiplication|dataset|dataset_parts"
KERNEL_TESTS = ["tests/main.cpp", "tests/core/kernels/scalar.cpp", "tests/core/kernels/dispatch.cpp", "core/kernels/scalar.cpp",
                "core/kernels/dispatch.cpp", "core/base/error.cpp", "core/base/streams.cpp"]


def skip(why):
    print(f"skipped: {why}")
    sys.exit(0)


def sources(commands):
    """(file, its -I and -D options) of what is compiled for every architecture."""
    found = {}
    for entry in json.loads(Path(commands).read_text()):
        words = shlex.split(entry["command"])
        output = words[words.index("-o") + 1]
        if not re.search(rf"/?CMakeFiles/({TARGETS})\.dir/", output) or not entry["file"].endswith(".cpp"):
            continue
        if re.search(r"/kernels/x86/|cmake_pch", entry["file"]):
            continue
        options = []
        for i, word in enumerate(words):
            if word.startswith(("-I", "-D")):
                options.append(word)
            elif word == "-isystem" and words[i + 1] != "/usr/include":
                options += ["-isystem", words[i + 1]]
        found[entry["file"]] = options
    return sorted(found.items())


class Cross:
    def __init__(self, compiler, folder):
        cache = [shutil.which("ccache")] if shutil.which("ccache") else []
        self.compile = [*cache, compiler, "-std=c++20", "-fPIC", "-Wall", "-Wextra", "-Werror=return-type"]
        # Headers of libraries after all of the cross compiler's own; some Debian puts into a folder of the architecture.
        self.after = ["-idirafter", "/usr/include"]
        for native in Path("/usr/include").glob("x86_64-linux-gnu/curl"):
            (folder / "include").mkdir()
            (folder / "include/curl").symlink_to(native)
            self.after += ["-idirafter", str(folder / "include")]
        self.compiler = compiler
        self.folder = folder

    def object_of(self, file, options):
        out = self.folder / (str(Path(file).resolve().relative_to(ROOT)).replace("/", "+") + ".o")
        run = subprocess.run([*self.compile, *options, *self.after, "-c", file, "-o", str(out)], capture_output=True, text=True)
        return out, run

    def objects(self, files):
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            done = list(pool.map(lambda f: self.object_of(*f), files))
        failed = [run.stderr for _, run in done if run.returncode != 0]
        for error in failed[:5]:
            print(error[:2000])
        if failed:
            sys.exit(f"{len(failed)} of {len(files)} files do not compile for aarch64")
        return [out for out, _ in done]


def main():
    compiler = shutil.which("aarch64-linux-gnu-g++")
    if compiler is None:
        skip("there is no cross compiler (Debian's package g++-aarch64-linux-gnu)")
    files = sources(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        cross = Cross(compiler, Path(name))
        objects = cross.objects(files)
        print(f"{len(objects)} files compile for aarch64")
        options = ["-I" + str(ROOT), "-I" + str(ROOT / "sdk/include"), "-I" + str(ROOT / "tests"),
                   '-DTINYZERO_WORKER_PROGRAM=""', '-DTINYZERO_CCACHE=""', '-DTINYZERO_SOURCE=""']
        tests = cross.objects([(str(ROOT / file), options) for file in KERNEL_TESTS])
        program = Path(name) / "kernel_tests"
        subprocess.run([compiler, "-static", *map(str, tests), "-o", str(program)], check=True)
        qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
        if qemu is None:
            print("not run: there is no qemu-aarch64 (Debian's package qemu-user)")
            return
        subprocess.run([qemu, str(program), "--no-intro"], check=True)


if __name__ == "__main__":
    main()
