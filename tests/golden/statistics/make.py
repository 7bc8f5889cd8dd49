"""Writes rliable.json beside this file, with the package rliable: python3 make.py; README.md has the versions."""

import json
import pathlib

import numpy as np
from rliable import library, metrics

REPETITIONS, SEEDS = 2000, 10  # resamples of a bootstrap; bootstraps of each, whose spread is the tolerance
THRESHOLDS = [0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0]
AGGREGATES = {
    "mean": metrics.aggregate_mean,
    "median": metrics.aggregate_median,
    "iqm": metrics.aggregate_iqm,
    "optimality_gap": metrics.aggregate_optimality_gap,
}


def intervals(scores, statistic):
    """Mean and largest distance from it of the interval's ends, over seeds."""
    found = []
    for seed in range(SEEDS):
        _, ends = library.get_interval_estimates({"x": scores}, statistic, reps=REPETITIONS, random_state=np.random.RandomState(seed))
        found.append(np.ravel(ends["x"]))
    mean = np.mean(found, axis=0)
    return {"low": mean[0], "high": mean[1], "spread": float(np.max(np.abs(np.array(found) - mean)))}


def matrix(rng, runs, tasks, decimals):
    return np.round(np.clip(rng.normal(rng.uniform(0.2, 0.8, tasks), 0.1, (runs, tasks)), 0, 1), decimals)


def main():
    rng = np.random.RandomState(11)
    shapes = [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (7, 1), (10, 1), (3, 4), (5, 6), (8, 3)]
    cases, matrices = [], []
    for i, (runs, tasks) in enumerate(shapes):
        scores = matrix(rng, runs, tasks, 1 if i % 3 == 2 else 4)  # every third with ties
        matrices.append(scores)
        case = {"scores": scores.tolist()}
        case.update({name: float(f(scores)) for name, f in AGGREGATES.items()})
        case["profile"] = [float(library.run_score_deviation(scores, t)) for t in THRESHOLDS]
        if runs > 2:
            case["iqm_interval"] = intervals(scores, lambda x: np.array([metrics.aggregate_iqm(x)]))
            case["mean_interval"] = intervals(scores, lambda x: np.array([metrics.aggregate_mean(x)]))
        cases.append(case)
    pairs = []
    for x, y in [(1, 2), (3, 4), (4, 5), (5, 6), (6, 6), (7, 8)]:
        tasks = min(matrices[x].shape[1], matrices[y].shape[1])
        a, b = matrices[x][:, :tasks], matrices[y][:, :tasks]
        pair = {"x": a.tolist(), "y": b.tolist(), "improvement": float(metrics.probability_of_improvement(a, b))}
        if x != y and min(len(a), len(b)) > 2:
            pair["interval"] = intervals((a, b), lambda p, q: np.array([metrics.probability_of_improvement(p, q)]))
        pairs.append(pair)
    out = {"thresholds": THRESHOLDS, "repetitions": REPETITIONS, "cases": cases, "pairs": pairs}
    path = pathlib.Path(__file__).parent / "rliable.json"
    path.write_text(json.dumps(out, indent=None, default=float) + "\n")


main()
