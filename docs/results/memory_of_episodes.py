#!/usr/bin/env python3
"""usage: python3 docs/results/memory_of_episodes.py

What `tinyzero config check` predicts of memory beside what runs take, where completions and not the model are what takes it: one step of a
model of two thousand parameters whose answers are as long as they may be. Prints the table of docs/models.md."""

import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no folder of it beside this file
from peak import PROGRAM, build, peak_of  # noqa: E402

EXPERIMENT = """seed: 1
task: {use: multiplication, digits: 2}
algorithm: grpo
model: {layers: 1, width: 16, heads: 2, kv_heads: 1, mlp: 32, context: 600}
rollout: {prompts: 8, samples: 8, max_tokens: 24}
train: {steps: 1, random_reward: 0.5}
eval: {problems: 4, every: 0}
checkpoint: {every: 0}
preflight: {problems: 0}
threads: 2
"""
SHAPES = [
    ("GRPO", "1,024 problems x 64 samples of 1 token", ["rollout.prompts=1024", "rollout.samples=64", "rollout.max_tokens=1"]),
    ("GRPO", "256 x 64", ["rollout.prompts=256", "rollout.samples=64"]),
    ("GRPO", "1,024 x 64", ["rollout.prompts=1024", "rollout.samples=64"]),
    ("GRPO", "4,096 x 64", ["rollout.prompts=4096", "rollout.samples=64"]),
    ("GRPO", "512 x 64 of 96 tokens", ["rollout.prompts=512", "rollout.samples=64", "rollout.max_tokens=96"]),
    ("GRPO", "65,536 x 2 of 8 tokens", ["rollout.prompts=65536", "rollout.samples=2", "rollout.max_tokens=8"]),
    ("DAPO", "512 x 64, four rounds", ["rollout.prompts=512", "rollout.samples=64", "algorithm.variant=dapo", "train.random_reward=0"]),
    ("REINFORCE++", "512 x 64", ["rollout.prompts=512", "rollout.samples=64", "algorithm.variant=reinforce_pp"]),
    ("PPO", "512 x 64", ["rollout.prompts=512", "rollout.samples=64", "algorithm=ppo"]),
    ("PRIME", "512 x 64", ["rollout.prompts=512", "rollout.samples=64", "algorithm=prime"]),
    ("GRPO", "evaluation of 1,600 x 64", ["eval.problems=1600", "eval.samples=64"]),
]


def main():
    build()  # if it must be
    print("| algorithm | step | of it episodes, MB | predicted, MB | measured, MB | error |")
    print("|---|---|---|---|---|---|", flush=True)
    for algorithm, shape, settings in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            experiment = os.path.join(folder, "experiment.yaml")
            with open(experiment, "w") as file:
                file.write(EXPERIMENT)
            planned = subprocess.run([PROGRAM, "config", "check", experiment, "--json", *settings], check=True, capture_output=True)
            size = json.loads(planned.stdout)["bytes"]
            measured = peak_of([PROGRAM, "train", experiment, "--quiet", "--run", os.path.join(folder, "run"), *settings])
            predicted = size["total"]
            print(f"| {algorithm} | {shape} | {size['episodes'] / 1e6:,.0f} | {predicted / 1e6:,.0f} | {measured / 1e6:,.0f} "
                  f"| {100 * (predicted / measured - 1):+.0f} % |", flush=True)


main()
