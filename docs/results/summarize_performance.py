"""From docs/results/performance.jsonl to the tables of docs/performance.md. Standard library only.

usage: summarize_performance.py FILE
"""

import json
import sys


def k(x):
    return f"{x / 1e3:.2f}k" if x < 1e4 else f"{x / 1e3:.1f}k"


def spread(s, form):
    return f"{form(s['median'])} [{form(s['lowest'])}, {form(s['highest'])}]"


def percent(x):
    return f"{100 * x:.1f} %"


def model_rows(records):
    print("| | model | completions | tokens/s | of the roof | roof, GFLOP/s | slots | memory |")
    print("|---|---|---|---|---|---|---|---|")
    for r in records:
        slots = percent(r["slot_use"]) if "slot_use" in r else ""
        completions = r["workload"]["prompts"] * r["workload"]["samples"]
        print(f"| {r['bench']} | {r['model']} | {completions} | {spread(r['tokens_per_second'], k)} | {spread(r['share_of_roof'], percent)} "
              f"| {r['roof_gflops']['median']:.0f} | {slots} | {r['peak_memory_mb']:.0f} MB |")
    print()
    for r in records:
        parts = " · ".join(f"{name} {percent(share)}" for name, share in r["time"].items())
        print(f"{r['bench']} {r['model']} ({r['seconds']['median']:.2f} s): {parts}")
    print()


def peer_rows(records):
    print("| | model | completions | LibTorch | tokens/s | this program, times as fast |")
    print("|---|---|---|---|---|---|")
    for r in records:
        for p in r["peers"]:
            completions = r["workload"]["prompts"] * r["workload"]["samples"]
            print(f"| {r['bench']} | {r['model']} | {completions} | {p['name'].removeprefix('LibTorch ')} "
                  f"| {spread(p['tokens_per_second'], k)} | {spread(p['ratio'], lambda x: f'{x:.1f}')} |")
    print()


def curve(title, records, key):
    print(f"| {title} | rollout, tokens/s | of the roof | update, tokens/s | of the roof |")
    print("|---|---|---|---|---|")
    values = []
    for r in records:
        if key(r) not in values:
            values.append(key(r))
    for value in values:
        cells = []
        for bench in ("rollout", "train"):
            r = next(r for r in records if r["bench"] == bench and key(r) == value)
            cells += [spread(r["tokens_per_second"], k), percent(r["share_of_roof"]["median"])]
        print(f"| {value} | " + " | ".join(cells) + " |")
    print()


def main():
    with open(sys.argv[1]) as file:
        records = [json.loads(line) for line in file]
    print("machine:", records[0]["machine"], "\nceilings:", records[0]["ceilings"], "\n")

    def section(name):
        return [r for r in records if r["section"] == name]

    model_rows(section("models"))
    peer_rows(section("peers"))
    curve("kernels", section("kernels"), lambda r: r["ceilings"]["kernels"])
    curve("tokens of a completion", section("lengths"), lambda r: r["workload"]["mean_tokens"])
    curve("samples per prompt", section("samples"), lambda r: r["workload"]["samples"])
    curve("threads", section("threads"), lambda r: r["ceilings"]["threads"])
    (start,) = section("start")
    for name in ("help_seconds", "first_token_seconds"):
        print(f"{name}: {spread(start[name], lambda x: f'{1e3 * x:.1f} ms')}")


main()
