"""Facts about an interpreter as one line of JSON, for the host of a task in Python. Runs in every version, so that an old one can be named."""

import json
import os
import sys


def folders():
    prefixes = [getattr(sys, name, "") for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix")]
    return sorted({os.path.abspath(path) for path in prefixes + sys.path if path and os.path.exists(path)})


def generators():
    """The list of reasoning-gym's files with their hashes; "" without the package."""
    try:
        from importlib.metadata import distribution

        paths = [file for file in distribution("reasoning-gym").files or [] if file.name == "RECORD"]
        return str(paths[0].locate()) if paths else ""
    except ImportError:  # of the package too: PackageNotFoundError is one
        return ""


print(json.dumps({"version": list(sys.version_info[:2]), "program": sys.executable, "folders": folders(), "generators": generators()}))
