"""The house in numbers: sizes, cycles, density, tests and prose. Needs universal-ctags.

usage: tests/structure/house.py [--check] [-v]
  --check   exits with 1 if a number is outside its bound
  -v        also lists what is outside: long functions, files without a test, long sentences
"""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("core", "sdk", "tasks", "plugins")
SUFFIXES = {".h", ".cpp", ".cu", ".c"}
COLUMNS = 100
WORDS = 30  # of a long sentence


def files(*folders):
    found = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return sorted(path for path in found if path.suffix in SUFFIXES)


def lines(path):
    return path.read_text().split("\n")[:-1]


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0


def spread(values):
    return f"{quantile(values, 0.5)} · {quantile(values, 0.9)} · {max(values, default=0)}"


def function_lengths(paths):
    """(lines, name, file, first line) of every function definition, longest first."""
    command = ["ctags", "-x", "--_xformat=%N\t%F\t%n\t%e", "--kinds-C++=f", "--kinds-C=f",
               "--fields=+ne", "--langmap=C++:+.cu.h", *map(str, paths)]
    out = []
    for row in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        name, path, first, last = row.split("\t")
        if last.isdigit():
            out.append((int(last) - int(first) + 1, name, str(Path(path).relative_to(ROOT)), int(first)))
    return sorted(out, reverse=True)


def includes(path):
    for name in re.findall(r'^\s*#\s*include\s*"([^"]+)"', path.read_text(), re.M):
        for base in (ROOT, ROOT / "sdk/include", path.parent):
            if (base / name).exists():
                yield (base / name).resolve()
                break


def reachable(start, edges):
    seen, todo = set(), [start]
    while todo:
        for to in edges.get(todo.pop(), ()):
            if to not in seen:
                seen.add(to)
                todo.append(to)
    return seen


def cycles(edges):
    """Groups of nodes that reach each other."""
    reach = {node: reachable(node, edges) for node in edges}
    groups = {frozenset({b for b in reach[a] if a in reach.get(b, ())} | {a}) for a in reach if a in reach[a]}
    return sorted(groups, key=lambda group: (-len(group), sorted(map(str, group))))


def graph(paths, node):
    """Which node includes which, other than itself."""
    edges = defaultdict(set)
    for path in paths:
        edges[node(path)] |= {node(to) for to in includes(path)} - {node(path)}
    return dict(edges)


def sentences(page):
    """The sentences of a page, without tables, headings, code and what is generated from code."""
    text = re.sub(r"```.*?```", "\n\n", page.read_text(), flags=re.S)
    text = re.sub(r"^    .*$", "", text, flags=re.M)
    text = re.split(r"^## Every setting$", text, flags=re.M)[0]
    blocks, block = [], []
    for line in [*map(str.strip, text.split("\n")), ""]:
        item = re.match(r"([-*]|\d+\.) (?:\[ \] )?", line)
        if block and (not line or item or line.startswith(("|", "#", "![", "<"))):
            blocks.append(" ".join(block))
            block = []
        if line and not line.startswith(("|", "#", "![", "<")):
            block.append(line[item.end():] if item else line)
    for block in blocks:
        plain = re.sub(r"\]\([^)]*\)", "]", re.sub(r"`[^`]*`", "CODE", block))
        yield from (s for s in re.split(r"(?<=[.!?:])\s+(?=[A-Z\[(*C])", plain) if re.search(r"\w", s))


def pages():
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("tasks/*/*.md"),
                   *ROOT.glob("plugins/*/*.md")])


def name(node):
    return str(node.relative_to(ROOT))


def main():
    if "Universal" not in subprocess.run([shutil.which("ctags") or "true", "--version"], capture_output=True, text=True).stdout:
        print("skipped: there is no universal-ctags")
        return 0
    source, tests = files(*SOURCES), files("tests")
    size = {path: len(lines(path)) for path in source + tests}
    total = sum(size[path] for path in source)
    text = [line for path in source for line in lines(path)]
    functions = function_lengths(source)
    lengths = [n for n, *_ in functions]
    component_cycles = cycles(graph(source, lambda path: path.with_suffix("")))
    folder_cycles = cycles(graph(source, lambda path: path.parent))
    edges = graph(source, lambda path: path)
    headers = [sum(to.suffix == ".h" for to in reachable(path, edges)) for path in source if path.suffix == ".h"]
    long_lines = [f"{name(path)}:{i + 1}" for path in source + tests
                  for i, line in enumerate(lines(path)) if len(line) > COLUMNS]
    casts = 1000 * sum(line.count("static_cast<") for line in text) / total
    stems = {path.with_suffix("") for path in source if path.suffix in (".cpp", ".cu")}
    stems |= {path.with_suffix("") for path in files("sdk/include")}
    tested = {path.stem for path in tests}
    untested = sorted(name(stem) for stem in stems if stem.name not in tested)
    words = {page: [len(s.split()) for s in sentences(page)] for page in pages()}
    means = {page: sum(n) / len(n) for page, n in words.items() if n}
    wordy = [f"{name(page)}: {s}" for page in words for s in sentences(page) if len(s.split()) > WORDS]
    first = next(i + 1 for i, line in enumerate(lines(ROOT / "README.md")) if line.startswith("./tinyzero"))

    def listed(groups):
        return "; ".join(", ".join(sorted(map(name, group))) for group in groups)

    worst_page = max(means, key=means.get)
    rows = [
        ("files, lines", f"{len(source)}, {total}", True),
        ("lines a file: p50 · p90 · max", spread([size[p] for p in source]), max(size.values()) <= 500),
        ("lines a function: p50 · p90 · max", spread(lengths), quantile(lengths, 0.9) <= 20 and max(lengths) <= 60),
        ("cycles of folders", f"{len(folder_cycles)} {listed(folder_cycles)}".strip(), not folder_cycles),
        ("cycles of files", f"{len(component_cycles)} {listed(component_cycles)}".strip(), not component_cycles),
        ("headers that a header reaches: p50 · p90 · max", spread(headers), quantile(headers, 0.9) <= 12),
        ("comment lines", f"{100 * sum(line.lstrip().startswith('//') for line in text) / total:.1f} %", True),
        (f"lines above {COLUMNS} columns", str(len(long_lines)), not long_lines),
        ("casts a thousand lines", f"{casts:.1f}", casts < 12),
        ("lines of tests to lines of sources", f"{sum(size[p] for p in tests) / total:.2f}",
         sum(size[p] for p in tests) >= 0.6 * total),
        ("sources with a test of their name", f"{100 - 100 * len(untested) / len(stems):.0f} %",
         len(untested) <= 0.4 * len(stems)),
        ("words a sentence: the wordiest page", f"{means[worst_page]:.1f} ({name(worst_page)})",
         means[worst_page] < 18),
        (f"sentences above {WORDS} words", f"{len(wordy)} of {sum(map(len, words.values()))}", len(wordy) <= 10),
        ("line of the README's first command", str(first), first <= 20),
    ]
    for label, value, holds in rows:
        print(f"{' ' if holds else '!'} {label:46} {value}")
    if "-v" in sys.argv:
        for n, function, path, line in functions:
            if n > 60:
                print(f"{n} lines: {function} ({path}:{line})")
        for label, found in (("large", [f"{name(p)}: {n}" for p, n in size.items() if n > 500]), ("long line", long_lines),
                             ("no test", untested), ("long sentence", wordy)):
            for item in found:
                print(f"{label}: {item}")
    return 0 if "--check" not in sys.argv or all(holds for *_, holds in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
