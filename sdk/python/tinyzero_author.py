"""A task as its author wrote it: what a class or a function in a Python file says about itself (docs/python_tasks.md).

A class has `draw` and `verify`, and what it likes of `solve`, `demonstrate` and `traits`. Its settings are the keyword arguments of __init__, with
their annotations and defaults. The names of reward components and traits, which a host must know before it asks, stand in `parts` and
`trait_names`, or are read from the dictionaries in the source.
"""

import ast
import importlib.util
import inspect
import math
import os
import re
import sys
import textwrap
import traceback
import typing
from pathlib import Path

_INTEGER, _REAL, _BOOLEAN, _TEXT = 1, 2, 3, 4
_MOST_VALUES = 64  # of a list
_MOST_REWARD = 1e9

# Words of an experiment's section that are not the task's.
_RESERVED = ("use", "in_process", "tasks", "levels", "weight", "python", "network", "processes", "variables", "answer_seconds", "memory_gib")


class Mistake(Exception):
    """What the host shows to a person: something to change in the experiment or the task's file, or a failure of the task's code."""

    def __init__(self, text, hint="", is_failure=False):
        super().__init__(text)
        self.hint, self.is_failure = hint, is_failure


def short(value):
    try:
        words = repr(value)
    except Exception:
        words = f"a {type(value).__name__}"
    return words if len(words) <= 80 else words[:79] + "…"


# ---- the file ----

_file = ""  # of the task, as Python names it


def line_of(error):
    """"mine.py:12: ", the last line of the task's file, or of its folder, that led to an exception; or nothing."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{os.path.basename(error.filename)}:{error.lineno}: "
    own = [(path, line) for path, line in ((f.f_code.co_filename, n) for f, n in traceback.walk_tb(error.__traceback__))
           if _file and (path == _file or path.startswith(os.path.dirname(_file) + os.sep))]
    return f"{os.path.basename(own[-1][0])}:{own[-1][1]}: " if own else ""


def _import(path):
    global _file
    _file = path
    name = Path(path).stem
    if name in sys.modules or not name.isidentifier():
        name = "task_" + re.sub(r"\W", "_", name)
    sys.path[0] = os.path.dirname(path)  # in place of this file's folder
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except MemoryError:
        raise
    except BaseException as error:
        raise Mistake(f"cannot load {path}: {line_of(error)}{type(error).__name__}: {error}", _import_hint(error)) from None
    return module


def _import_hint(error):
    if isinstance(error, ModuleNotFoundError):
        return f"the interpreter is {sys.executable}: install the module there, or set task.python to another one"
    if isinstance(error, PermissionError):
        return "docs/python_tasks.md says what a task may do"
    return ""


def load(path, name):
    """The task that `name` is in a file; the only class with draw() and verify() if it is empty."""
    if not path:
        import tinyzero_generators

        return tinyzero_generators.Generator(name)
    import tinyzero_rewards  # before the path of modules is the task's

    module = _import(path)
    if name:
        found = getattr(module, name, None)
        if found is None:
            raise Mistake(f"{path} has no class or function {name}", f"it has {', '.join(_names(module)) or 'none'}")
        if inspect.isclass(found):
            return ClassTask(found, path)
        if callable(found):
            return tinyzero_rewards.RewardTask(found, name)
        raise Mistake(f"{name} in {path} is {short(found)}, expected a class or a function")
    classes = [value for value in vars(module).values() if _is_own_task(value, module)]
    if len(classes) == 1:
        return ClassTask(classes[0], path)
    what = f"has {len(classes)} classes with draw() and verify()" if classes else "has no class with draw() and verify()"
    names = ", ".join(f"{os.path.basename(path)}:{name}" for name in _names(module))
    raise Mistake(f"{path} {what}", f"name one of what it has: {names}" if names else "docs/python_tasks.md begins with one")


def _names(module):
    return [name for name, value in vars(module).items() if callable(value) and getattr(value, "__module__", "") == module.__name__]


def _is_own_task(value, module):
    return (inspect.isclass(value) and value.__module__ == module.__name__ and callable(getattr(value, "draw", None))
            and callable(getattr(value, "verify", None)))


# ---- settings ----


class Param:
    """A row of the settings table, and how a checked value becomes an argument."""

    def __init__(self, name, default, annotation, doc):
        self.name, self.doc = name, doc or name.replace("_", " ")
        self.low, self.high, self.choices, self.most, self.is_path = -math.inf, math.inf, [], 1, False
        self._optional, self._literals = False, {}
        annotation = self._unwrapped(annotation, default)
        self._convert = tuple if isinstance(default, tuple) else list
        self.type = self._type_of(annotation)
        self.fallback = self._fallback(default)

    def _unwrapped(self, annotation, default):
        """The annotation without Annotated, Optional and list, whose meaning is noted."""
        while True:
            origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
            if origin is typing.Annotated:
                annotation = arguments[0]
                for extra in arguments[1:]:
                    self._note(extra)
            elif type(None) in arguments:
                annotation, self._optional = next(a for a in arguments if a is not type(None)), True
            elif origin in (list, tuple) or annotation in (list, tuple):
                self.most = _MOST_VALUES
                annotation = arguments[0] if arguments else type(default[0]) if default else str
            else:
                return annotation

    def _note(self, extra):
        if isinstance(extra, str):
            self.doc = extra
        elif isinstance(extra, range) and len(extra) > 0:
            self.low, self.high = float(min(extra)), float(max(extra))
        else:  # such as annotated_types.Interval and pydantic's Field
            low, high = getattr(extra, "ge", None), getattr(extra, "le", None)
            self.low, self.high = self.low if low is None else float(low), self.high if high is None else float(high)

    def _type_of(self, annotation):
        if typing.get_origin(annotation) is typing.Literal:
            self._literals = {str(choice): choice for choice in typing.get_args(annotation)}
            self.choices = list(self._literals)
            return _TEXT
        if annotation is Path or annotation is os.PathLike:
            self.is_path = True
            return _TEXT
        types = {int: _INTEGER, float: _REAL, bool: _BOOLEAN, str: _TEXT}
        if annotation in types:
            return types[annotation]
        raise Mistake(f"the setting {self.name} has the type {getattr(annotation, '__name__', annotation)}",
                      "settings are int, float, bool, str, pathlib.Path, Literal[…], or a list of one of these")

    def _fallback(self, default):
        """The default as YAML."""
        if self.most > 1:
            if not isinstance(default, (list, tuple)) or not default:
                raise Mistake(f"the setting {self.name} is {short(default)} by default, expected a list of at least one value")
            return "[" + ", ".join(self._scalar(value) for value in default) + "]"
        return self._scalar(default)

    def _scalar(self, value):
        if value is None and self._optional and self.type == _TEXT and not self.choices:
            return '""'
        fits = {_INTEGER: int, _REAL: (int, float), _BOOLEAN: bool, _TEXT: (str, os.PathLike)}[self.type]
        known = str(value) in self._literals if self.choices else isinstance(value, fits) and isinstance(value, bool) == (self.type == _BOOLEAN)
        if not known or (isinstance(value, float) and not math.isfinite(value)):
            raise Mistake(f"the setting {self.name} is {short(value)} by default, which is not of its type",
                          "a text may be None; every other setting needs a value" if value is None else "")
        if self.type == _BOOLEAN:
            return "true" if value else "false"
        if self.type != _TEXT:
            return repr(value)
        words = str(value)
        plain = re.fullmatch(r"[A-Za-z_/][A-Za-z0-9_/.-]*", words) and words not in ("true", "false", "null")
        return words if plain else '"' + words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'

    def value(self, given):
        """The argument that a list of checked values is."""
        values = [self._one(value) for value in given]
        return self._convert(values) if self.most > 1 else values[0]

    def _one(self, value):
        if self.choices:
            return self._literals[value]
        if self.type == _BOOLEAN:
            return bool(value)
        if self._optional and value == "":
            return None
        return Path(value) if self.is_path else value


def documented(*docs):
    """What docstrings say about arguments: lines of the form "name: words", also behind "Args:" or ":param"."""
    found = {}
    for doc in docs:
        for match in re.finditer(r"^[ \t]*(?::param )?(\w+)(?: *\([^)\n]*\))?: +(\S.*)$", doc or "", re.M):
            found.setdefault(match[1], match[2].strip().rstrip("."))
    return found


def params_of(task, docs, first=1):
    """The settings table of a class: the arguments of its __init__ from the one at `first` on."""
    try:
        hints = typing.get_type_hints(task.__init__, include_extras=True)
    except Exception as error:
        raise Mistake(f"the annotations of {task.__name__}'s settings cannot be read: {type(error).__name__}: {error}") from None
    params = []
    for name, argument in list(inspect.signature(task.__init__).parameters.items())[first:]:
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            continue
        if name in _RESERVED:
            raise Mistake(f"{task.__name__} has a setting {name}, which is a word of the experiment", "give it another name")
        if argument.default is argument.empty:
            raise Mistake(f"the setting {name} of {task.__name__} has no default", f"give it one in __init__: {name}=…")
        params.append(Param(name, argument.default, hints.get(name, type(argument.default)), docs.get(name)))
    return params


# ---- names in the source ----


def _dict_keys(node):
    if isinstance(node, ast.Dict):
        return [key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        return [word.arg for word in node.keywords if word.arg]
    return []


def _tree(code):
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError, SyntaxError):
        return ast.Module(body=[], type_ignores=[])


def _is_named(node, name):
    return isinstance(node, ast.Name) and node.id == name


def names_of_parts(code):
    """The keys of dictionaries that stand for "parts" in the source of a class or function."""
    found = {}
    for node in ast.walk(_tree(code)):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                if isinstance(key, ast.Constant) and key.value == "parts":
                    found.update(dict.fromkeys(_dict_keys(value)))
        if isinstance(node, ast.keyword) and node.arg == "parts":
            found.update(dict.fromkeys(_dict_keys(node.value)))
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if _is_named(target, "parts"):
                    found.update(dict.fromkeys(_dict_keys(node.value)))
                elif isinstance(target, ast.Subscript) and _is_named(target.value, "parts") and isinstance(target.slice, ast.Constant):
                    found[target.slice.value] = None
    return [name for name in found if isinstance(name, str)]


def names_of_traits(method):
    """The keys of all dictionaries in the source of traits()."""
    found = {}
    for node in ast.walk(_tree(method)):
        found.update(dict.fromkeys(_dict_keys(node)))
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                    found[target.slice.value] = None
    return [name for name in found if isinstance(name, str)]


# ---- classes ----


def snake_case(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _named_docs(names):
    """(name, doc) of names, or of a dictionary of names and their docs."""
    if isinstance(names, dict):
        return [(str(name), str(doc)) for name, doc in names.items()]
    return [(str(name), str(name).replace("_", " ")) for name in names]


class About:
    most_reward = _MOST_REWARD

    def __init__(self, task, name):
        doc = inspect.cleandoc(task.__doc__ or "")
        self.id = str(getattr(task, "id", "") or snake_case(name))
        self.doc = re.split(r"\n\s*(?:Args|Arguments|Settings|Parameters|Attributes):", doc)[0].strip() or self.id
        self.title = self.doc.split("\n")[0].rstrip(".")
        self.version = str(getattr(task, "version", "1"))
        self.full_reward = float(getattr(task, "full_reward", 1.0))
        self.parts = [str(name) for name in getattr(task, "parts", None) or names_of_parts(task)]
        self.can_solve, self.can_demonstrate = hasattr(task, "solve"), hasattr(task, "demonstrate")
        self.params, self.traits = [], []


class ClassTask:
    """A class with draw() and verify()."""

    def __init__(self, task, path):
        for method in ("draw", "verify"):
            if not callable(getattr(task, method, None)):
                raise Mistake(f"the class {task.__name__} in {path} has no {method}()", "a task draws problems and verifies completions")
        self._task = task
        self.about = About(task, task.__name__)
        self.about.params = params_of(task, documented(task.__doc__, task.__init__.__doc__))
        if hasattr(task, "traits"):
            names = getattr(task, "trait_names", None) or names_of_traits(task.traits)
            if not names:
                raise Mistake(f"the names that traits() of {task.__name__} counts cannot be read from its source", "write in the class: trait_names = (…)")
            self.about.traits = _named_docs(names)

    def make(self, values):
        """The object of these settings."""
        try:
            return self._task(**values)
        except MemoryError:
            raise
        except Exception as error:
            what = f"task \"{self.about.id}\" cannot be set up: {line_of(error)}{type(error).__name__}: {error}"
            raise Mistake(what, "docs/python_tasks.md says what a task may do" if isinstance(error, PermissionError) else "") from None
