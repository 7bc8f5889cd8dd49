"""From a comparison to what docs/results.md shows: the table, the file it is from, curves over tokens. Standard library only.

usage: summarize_comparison.py FOLDER|FILE NAME     reads FOLDER/comparison.json, or what `tinyzero compare FILE.json --json` printed;
                                                    writes docs/results/NAME.json and docs/results/NAME.svg, prints the table
"""

import json
import pathlib
import statistics
import sys

COLORS = ["#2563eb", "#d97706", "#059669", "#9333ea", "#dc2626", "#6b7280"]
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 380, 56, 48, 36, 130
POINTS = 60


def rounded(value):
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else value


def number(value, scale, sign, digits):
    return format(scale * value, f"{sign}.{digits}f")


def estimate(e, scale=100, sign="", digits=1):
    if not e:
        return ""
    value, low, high = (e[name] is not None and number(e[name], scale, sign, digits) for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]" if low else value


def p_text(p):
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def table(comparison):
    first = comparison["arms"][0]["name"]
    unit = comparison["budget"]["unit"]
    rows = [f"| | test, % [95 %] | by seed | against {first}, points | p (Holm) | P(better) | verdict | area over {unit}, % | against {first} | steps |",
            "|---|---|---|---|---|---|---|---|---|---|"]
    for arm in comparison["arms"]:
        ok = [run for run in arm["runs"] if run["state"] == "ok"]
        against = arm.get("against_first") or {}
        seeds = " ".join(f"{100 * run['test_accuracy']:.1f}" for run in ok)
        rows.append(f"| {arm['name']} | {estimate(arm['test_accuracy'])} | {seeds} | {estimate(against.get('difference'), sign='+')} "
                    f"| {p_text(against.get('p_holm'))} | {estimate(against.get('probability_of_improvement'), 1, digits=2)} | {against.get('verdict', '')} "
                    f"| {estimate((arm.get('area') or {}).get(unit))} | {estimate((against.get('area_difference') or {}).get(unit), sign='+')} "
                    f"| {statistics.mean(run['steps'] for run in ok):.0f} |")
    return "\n".join(rows)


def at(curve, tokens):
    """Accuracy of a curve at so many tokens, between its evaluations; its last one after them."""
    for before, after in zip(curve, curve[1:]):
        if before["tokens"] <= tokens <= after["tokens"]:
            share = (tokens - before["tokens"]) / max(1, after["tokens"] - before["tokens"])
            return before["accuracy"] + share * (after["accuracy"] - before["accuracy"])
    return curve[-1]["accuracy"]


def curves(comparison, name):
    budget = comparison["budget"]["amount"]
    shown = [arm for arm in comparison["arms"] if arm["role"] in ("arm", "random_reward", "best_of", "more_imitation")]
    lines = {arm["name"]: [[at(run["curve"], budget * i / POINTS) for i in range(POINTS + 1)] for run in arm["runs"] if run["state"] == "ok"] for arm in shown}
    bands = [[point for point in arm["curve"] if point["low"] is not None] for arm in shown]
    values = [v for runs in lines.values() for run in runs for v in run]
    low, high = int(min(values) * 20) / 20, int(max(values) * 20 + 1) / 20
    x = lambda i: LEFT + i / POINTS * (WIDTH - LEFT - RIGHT)
    y = lambda v: HEIGHT - BOTTOM - (v - low) / (high - low) * (HEIGHT - BOTTOM - TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
           f'<text x="{LEFT}" y="20" fill="#111827">{name}: accuracy on validation problems; thick: mean of the seeds and its 95 % interval, read at the same places</text>']
    for step in range(round(low * 20), round(high * 20) + 1):
        height = y(step / 20)
        out.append(f'<line x1="{LEFT}" y1="{height:.1f}" x2="{WIDTH - RIGHT}" y2="{height:.1f}" stroke="#e5e7eb"/>')
        out.append(f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end" fill="#4b5563">{5 * step} %</text>')
    for i in range(0, POINTS + 1, POINTS // 6):
        out.append(f'<text x="{x(i):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#4b5563">{budget * i / POINTS / 1e6:.2f}M</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{HEIGHT - 8}" text-anchor="middle" fill="#4b5563">tokens of the budget</text>')
    draw = lambda run, color, width, opacity: (f'<polyline points="{" ".join(f"{x(i):.1f},{y(v):.1f}" for i, v in enumerate(run))}" fill="none" '
                                               f'stroke="{color}" stroke-width="{width}" opacity="{opacity}"/>')
    place = lambda point, name: f"{x(POINTS * point['tokens'] / budget):.1f},{y(min(high, max(low, point[name]))):.1f}"
    for color, band in zip(COLORS, bands):
        edge = [place(point, "high") for point in band] + [place(point, "low") for point in reversed(band)]
        out.append(f'<polygon points="{" ".join(edge)}" fill="{color}" opacity="0.1"/>')
    for color, runs in zip(COLORS, lines.values()):
        out += [draw(run, color, 1, 0.3) for run in runs]
    for row, (color, arm) in enumerate(zip(COLORS, shown)):
        mean = " ".join(place(point, "value") for point in arm["curve"])
        out.append(f'<polyline points="{mean}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        middle = TOP + 20 * row + 10
        out.append(f'<line x1="{WIDTH - RIGHT + 12}" y1="{middle}" x2="{WIDTH - RIGHT + 34}" y2="{middle}" stroke="{color}" stroke-width="2.5"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 40}" y="{middle + 4}" fill="#111827">{arm["name"]}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"


def main():
    path, name = pathlib.Path(sys.argv[1]), sys.argv[2]
    comparison = json.loads((path / "comparison.json" if path.is_dir() else path).read_text())
    results = pathlib.Path(__file__).parent
    (results / f"{name}.json").write_text(json.dumps(rounded(comparison), separators=(",", ":")) + "\n")
    (results / f"{name}.svg").write_text(curves(comparison, name))
    print(table(comparison))


main()
