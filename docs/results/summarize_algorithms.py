"""The table of docs/algorithms.md from the runs of docs/results/compare_algorithms.sh. Standard library only.

usage: summarize_algorithms.py SEED…     reads runs/algorithms/NAME-seed-SEED/metrics.jsonl; writes docs/results/algorithms/NAME-seed-SEED.jsonl
"""

import json
import pathlib
import statistics
import sys

NAMES = ["grpo", "dr_grpo", "rloo", "reinforce_pp", "dapo", "gspo", "cispo", "ppo", "prime"]
KEPT = ["step", "seconds", "eval/accuracy", "eval/accuracy_low", "eval/accuracy_high", "eval/greedy", "eval/length", "train/reward",
        "train/accuracy", "train/mixed_groups", "train/sampled", "train/kept", "train/length", "train/entropy", "train/kl",
        "train/gradient_norm", "train/skipped", "train/logp_gap", "train/value_explained", "train/reward_accuracy", "train/kl_reference"]


def read(name, seed):
    lines = pathlib.Path(f"runs/algorithms/{name}-seed-{seed}/metrics.jsonl").read_text().splitlines()
    records = [{k: round(r[k], 6) for k in KEPT if k in r} for r in map(json.loads, lines) if "eval/accuracy" in r or "train/reward" in r]
    out = pathlib.Path(__file__).parent / "algorithms"
    out.mkdir(exist_ok=True)
    (out / f"{name}-seed-{seed}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    return records


def main():
    seeds = sys.argv[1:]
    seed_columns = " | ".join(f"seed {s}" for s in seeds)
    print(f"| | {seed_columns} | rise, mean ± std | tokens sampled |\n|---|{'---|' * len(seeds)}---|---|")
    for name in NAMES:
        cells, rises, tokens = [], [], []
        for seed in seeds:
            records = read(name, seed)
            evals = [r for r in records if "eval/accuracy" in r]
            steps = [r for r in records if "train/reward" in r]
            first, last = 100 * evals[0]["eval/accuracy"], 100 * evals[-1]["eval/accuracy"]
            cells.append(f"{first:.1f} → {last:.1f}")
            rises.append(last - first)
            tokens.append(sum(r["train/length"] * r["train/sampled"] * 8 for r in steps) / 1000)
        spread = f" ± {statistics.stdev(rises):.1f}" if len(rises) > 1 else ""
        print(f"| `{name}` | {' | '.join(cells)} | {statistics.mean(rises):+.1f}{spread} | {statistics.mean(tokens):.0f}k |")


main()
