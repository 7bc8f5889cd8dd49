"""From the runs of several seeds to what the documents show: a table, small records, a curve. Standard library only.

usage: summarize.py NAME SEED…     reads runs/NAME-seed-SEED/metrics.jsonl; writes docs/results/NAME/seed-*.jsonl and
docs/results/NAME.svg, prints the table and the other figures
"""

import json
import pathlib
import statistics
import sys

KEPT = ["step", "seconds", "eval/accuracy", "eval/accuracy_low", "eval/accuracy_high", "eval/greedy", "eval/length", "eval/truncated",
        "eval/reasons/wrong_value", "eval/difficulty_3", "eval/difficulty_4", "eval/difficulty_6", "eval/problems", "eval/keys", "warm_start/step", "train/reward", "train/accuracy",
        "train/mixed_groups", "train/length", "train/entropy", "train/truncated", "time/rollout", "time/update", "speed/rollout_tokens"]
COLORS = ["#2563eb", "#d97706", "#059669", "#9333ea", "#dc2626"]
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 360, 56, 48, 36, 120


def small(record):
    return {k: round(record[k], 6) for k in KEPT if k in record}


def read(run):
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    warm_start = [r for r in records if "warm_start/step" in r]
    return [small(r) for r in warm_start[-1:] + [r for r in records if "eval/accuracy" in r or "train/reward" in r]]


def table(runs):
    rows = ["| seed | start: sampled [95 %] | greedy | end: sampled [95 %] | greedy | rise | minutes |", "|---|---|---|---|---|---|---|"]

    def cell(r):
        return f"{100 * r['eval/accuracy']:.1f} % [{100 * r['eval/accuracy_low']:.1f}, {100 * r['eval/accuracy_high']:.1f}]"

    for seed, evals in runs.items():
        first, last = evals[0], evals[-1]
        rise = 100 * (last["eval/accuracy"] - first["eval/accuracy"])
        rows.append(f"| {seed} | {cell(first)} | {100 * first['eval/greedy']:.1f} % | {cell(last)} | {100 * last['eval/greedy']:.1f} % "
                    f"| {rise:+.1f} | {last['seconds'] / 60:.1f} |")

    def spread(pick):
        values = [pick(evals) for evals in runs.values()]
        return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}" if len(values) > 1 else f"{values[0]:.1f}"

    rows.append(f"| mean ± std | {spread(lambda e: 100 * e[0]['eval/accuracy'])} % | {spread(lambda e: 100 * e[0]['eval/greedy'])} % "
                f"| {spread(lambda e: 100 * e[-1]['eval/accuracy'])} % | {spread(lambda e: 100 * e[-1]['eval/greedy'])} % "
                f"| {spread(lambda e: 100 * (e[-1]['eval/accuracy'] - e[0]['eval/accuracy']))} "
                f"| {spread(lambda e: e[-1]['seconds'] / 60)} |")
    return "\n".join(rows)


def facts(records):
    """What docs/results.md says beside the table, of all seeds: (name, mean, lowest, highest) a line."""

    def line(name, pick):
        values = [pick(r) for r in records.values()]
        return f"{name:<44} {statistics.mean(values):10.3f}   [{min(values):.3f}, {max(values):.3f}]"

    def evaluation(key, at):
        return lambda records: [r[key] for r in records if "eval/accuracy" in r][at]

    def steps(key):
        return lambda records: statistics.mean(r[key] for r in records if "train/reward" in r)

    lines = [line("seconds of the warm start", lambda records: next(r["seconds"] for r in records if "warm_start/step" in r))]
    first = next(r for r in next(iter(records.values())) if "eval/accuracy" in r)
    for key in ["eval/length", "eval/truncated", "eval/reasons/wrong_value"] + [k for k in KEPT if k.startswith("eval/difficulty_") and k in first]:
        lines += [line(f"{key}, start", evaluation(key, 0)), line(f"{key}, end", evaluation(key, -1))]
    for key in ("time/rollout", "time/update", "speed/rollout_tokens"):
        lines.append(line(f"{key}, mean of the steps", steps(key)))
    lines.append(line("train/accuracy of the last five steps", lambda records: statistics.mean(
        r["train/accuracy"] for r in [r for r in records if "train/reward" in r][-5:])))
    return "\n".join(lines)


def curve(name, runs):
    last_step = max(e[-1]["step"] for e in runs.values())
    x = lambda step: LEFT + step / last_step * (WIDTH - LEFT - RIGHT)
    y = lambda share: HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
           f'<text x="{LEFT}" y="20" fill="#111827">{name}: held-out accuracy, sampled, with 95 % intervals</text>']
    for percent in range(0, 101, 20):
        at = y(percent / 100)
        out.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}" stroke="#e5e7eb"/>')
        out.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end" fill="#4b5563">{percent} %</text>')
    steps = sorted({r["step"] for e in runs.values() for r in e})
    for step in steps:
        out.append(f'<text x="{x(step):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#4b5563">{step}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{HEIGHT - 8}" text-anchor="middle" fill="#4b5563">RL step</text>')
    for i, (seed, evals) in enumerate(runs.items()):
        color = COLORS[i % len(COLORS)]
        band = [(x(r["step"]), y(r["eval/accuracy_high"])) for r in evals] + [(x(r["step"]), y(r["eval/accuracy_low"])) for r in evals[::-1]]
        out.append(f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in band)}" fill="{color}" opacity="0.12"/>')
        line = " ".join(f'{x(r["step"]):.1f},{y(r["eval/accuracy"]):.1f}' for r in evals)
        out.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        out.append(f'<line x1="{WIDTH - RIGHT + 16}" y1="{TOP + 20 * i + 10}" x2="{WIDTH - RIGHT + 40}" y2="{TOP + 20 * i + 10}" '
                   f'stroke="{color}" stroke-width="2"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 46}" y="{TOP + 20 * i + 14}" fill="#111827">seed {seed}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"


def main():
    name, seeds = sys.argv[1], sys.argv[2:]
    results = pathlib.Path(__file__).parent
    (results / name).mkdir(exist_ok=True)
    runs, everything = {}, {}
    for seed in seeds:
        records = read(pathlib.Path(f"runs/{name}-seed-{seed}"))
        (results / name / f"seed-{seed}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
        everything[seed] = records
        runs[seed] = [r for r in records if "eval/accuracy" in r]
    (results / f"{name}.svg").write_text(curve(name, runs))
    print(table(runs), facts(everything), sep="\n\n")


main()
