"""How the process of a task in Python gives up what the host does not allow it (docs/python_tasks.md).

The host computes the rules: bytes of memory, the filter of system calls, and which files can be used how. They are in its first request. This
process submits to them for good, before any code of the task runs.
"""

import contextlib
import ctypes
import os
import platform
import resource
import stat
import struct

from tinyzero_author import Mistake

_libc = ctypes.CDLL(None, use_errno=True)


def _system_call(name, *arguments):
    numbers = {"capget": (125, 90), "capset": (126, 91), "landlock_create_ruleset": (444, 444), "landlock_add_rule": (445, 445),
               "landlock_restrict_self": (446, 446), "unshare": (272, 97)}
    return _libc.syscall(numbers[name][platform.machine() == "aarch64"], *arguments)


def _rule_files(rights, rules):
    """Landlock: files can be used as `rules` say, pairs of a path and rights."""
    ruleset = _system_call("landlock_create_ruleset", ctypes.byref(ctypes.c_uint64(rights)), ctypes.c_size_t(8), 0)
    of_files = ~(1 << 3)  # all rights but that of reading a folder
    for path, granted in rules:
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # a path that does not exist needs no rule
        granted &= rights if stat.S_ISDIR(os.fstat(fd).st_mode) else rights & of_files
        _system_call("landlock_add_rule", ruleset, 1, struct.pack("<Qi", granted, fd), 0)
        os.close(fd)
    if ruleset < 0 or _system_call("landlock_restrict_self", ruleset, 0) != 0:
        raise Mistake("this kernel cannot confine a task in Python (no Landlock rules)", is_failure=True)
    os.close(ruleset)


def _drop_powers():
    """Leaves root's powers, except for reading what other users own."""
    header, own = struct.pack("<Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
    if _system_call("capget", header, own) == 0:
        effective = struct.unpack_from("<I", own, 0)[0] & 0b110
        _system_call("capset", header, struct.pack("<6I", effective, effective, 0, 0, 0, 0))


def _limit(which, value):
    resource.setrlimit(which, (value, value))


def confine(request):
    memory, count = request.number(), request.number()
    code = request.bytes(8 * count)
    rights, rules = request.number(), [(request.bytes(), request.number()) for _ in range(request.number())]
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # the first to end when memory runs out
    _libc.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
    if _libc.prctl(38, 1, 0, 0, 0) != 0:  # PR_SET_NO_NEW_PRIVS
        raise Mistake("this kernel cannot confine a task in Python (no PR_SET_NO_NEW_PRIVS)", is_failure=True)
    if rights:
        _rule_files(rights, rules)
    elif os.geteuid() != 0:
        _system_call("unshare", 0x10000000)  # CLONE_NEWUSER
    _drop_powers()
    for which, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 256), (resource.RLIMIT_MEMLOCK, 0)):
        _limit(which, value)
    if memory:
        with open("/proc/self/statm") as file:
            _limit(resource.RLIMIT_AS, int(file.read().split()[0]) * resource.getpagesize() + memory)
    code = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("<HxxxxxxQ", count, ctypes.addressof(code))  # struct sock_fprog
    if _libc.prctl(22, 2, program, 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise Mistake("this kernel cannot confine a task in Python (no seccomp)", "every current kernel has it; a container may forbid it", is_failure=True)
