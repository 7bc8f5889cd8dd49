#!/usr/bin/env python3
"""usage: python3 docs/results/ranks.py [ROUNDS]

Steps of one process with two threads beside those of two ranks with one thread each, in turns on one machine of two cores: presets tiny, small and
medium. Then what `plan --ranks` predicts of the step and of a rank's memory, beside what runs of 1, 2 and 4 ranks took. Last, steps of two
ranks that sample and learn in turns, beside those of two that sample ahead. Every problem of a step
teaches (train.random_reward) and completions are as long as they may be, as in what `plan` measures. Prints the tables of docs/many_machines.md."""

import datetime
import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no folder of it beside this file
from peak import PROGRAM, ROOT, build  # noqa: E402

EXPERIMENT = """seed: 1
task: {use: countdown, numbers: 3, largest: 9}
algorithm: grpo
model: {preset: PRESET}
rollout: {prompts: PROMPTS, samples: 8, max_tokens: 128}
train: {steps: 4, random_reward: 0.5, max_logp_gap: 0, micro_batch: 1024, shards: 4}
eval: {problems: 2, every: 0}
checkpoint: {every: 0}
preflight: {problems: 0, max_truncated: 1}
"""
PROMPTS = {"tiny": 64, "small": 32, "medium": 8}
PARAMETERS = {"tiny": "1.0M", "small": "4.8M", "medium": "32M"}


def processor():
    with open("/proc/cpuinfo") as file:
        return re.search("model name\\s*: (.*)", file.read()).group(1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(experiment, folder, ranks, threads, *settings):
    """Trains on so many ranks. Returns the records of the steps and the largest peak of a rank's memory in bytes."""
    place = os.path.join(folder, "run")
    command = [PROGRAM, "train", "--quiet", experiment, "--run", place, f"threads={threads}", *settings]
    environment = dict(os.environ)
    if ranks > 1:
        environment.update(WORLD_SIZE=str(ranks), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free_port()))
    processes = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env=environment | ({"RANK": str(r)} if ranks > 1 else {}))
                 for r in range(ranks)]
    peak = 0
    for process in processes:
        words = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(words)
        peak = max(peak, usage.ru_maxrss * 1024)
    with open(os.path.join(place, "metrics.jsonl")) as file:
        records = [json.loads(line) for line in file]
    shutil.rmtree(place)
    return [record for record in records if "train/reward" in record], peak


def step_seconds(records):
    """Of every step but the first, which pays for fresh memory."""
    return [after["seconds"] - before["seconds"] for before, after in zip(records[:-1], records[1:])]


def mean(records, name):
    return statistics.mean(record[name] for record in records[1:])


def measure(preset, experiment, folder, rounds):
    alone, both, exchanges = [], [], []
    for _ in range(rounds):
        alone += step_seconds(run(experiment, folder, 1, 2)[0])
        records = run(experiment, folder, 2, 1)[0]
        both += step_seconds(records)
        exchanges += records[1:]
    sent, exchange = mean(exchanges, "ranks/sent") / 2, mean(exchanges, "ranks/exchange")
    plan = subprocess.run([PROGRAM, "plan", "--json", "--ranks", "4", "--link", f"{sent / exchange / 1e9:.4f}", experiment, "threads=1"],
                          cwd=ROOT, check=True, capture_output=True)
    forecasts = {forecast["ranks"]: forecast for forecast in json.loads(plan.stdout)["ranks"]}
    one, two = statistics.median(alone), statistics.median(both)
    predicted = forecasts[2]["steps"][0]["seconds"]
    print(f"| {PARAMETERS[preset]} | {one:.2f} ({min(alone):.2f} to {max(alone):.2f}) | {two:.2f} ({min(both):.2f} to {max(both):.2f}) | "
          f"{100 * one / two:.0f} % | {1000 * exchange:.0f} | {1000 * mean(exchanges, 'ranks/wait'):.0f} | {sent / 1e6:.1f} | "
          f"{predicted:.2f} ({100 * (predicted / two - 1):+.0f} %) |", flush=True)
    memory = []
    for ranks in (1, 2, 4):
        measured = run(experiment, folder, ranks, 1)[1]
        said = forecasts[ranks]["memory_bytes"]
        memory.append(f"| {PARAMETERS[preset]} | {ranks} | {said / 1e6:.0f} | {measured / 1e6:.0f} | {100 * (said / measured - 1):+.0f} % |")
    return memory


def measure_ahead(preset, experiment, folder, rounds):
    turns, ahead = [], []
    for _ in range(rounds):
        turns += step_seconds(run(experiment, folder, 2, 1, "train.importance_cap=2")[0])
        records = run(experiment, folder, 2, 1, "train.importance_cap=2", "rollout.ahead=1")[0]
        ahead += step_seconds(records[:-1])  # nothing is sampled beside the last step
    one, two = statistics.median(turns), statistics.median(ahead)
    return (f"| {PARAMETERS[preset]} | {one:.2f} ({min(turns):.2f} to {max(turns):.2f}) | "
            f"{two:.2f} ({min(ahead):.2f} to {max(ahead):.2f}) | {100 * (one / two - 1):+.0f} % |")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    build()  # if it must be
    print("| parameters | one process, s a step | two ranks, s a step | speed | exchange, ms | waiting, ms | sent each, MB | plan --ranks, s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    memory, sampled = [], []
    for preset, prompts in PROMPTS.items():
        with tempfile.TemporaryDirectory() as folder:
            experiment = os.path.join(folder, "experiment.yaml")
            with open(experiment, "w") as file:
                file.write(EXPERIMENT.replace("PRESET", preset).replace("PROMPTS", str(prompts)))
            memory += measure(preset, experiment, folder, rounds)
            sampled.append(measure_ahead(preset, experiment, folder, rounds))
    print("\n| parameters | ranks | plan --ranks, MB each | measured, MB | error |\n|---|---|---|---|---|")
    print("\n".join(memory))
    print("\n| parameters | two ranks in turns, s a step | with rollout.ahead, s a step | gain |\n|---|---|---|---|")
    print("\n".join(sampled))
    print(f"\n{datetime.date.today()}, {processor()}, {os.cpu_count()} cores, {platform.system()}.")


main()
