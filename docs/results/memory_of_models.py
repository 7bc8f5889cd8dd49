#!/usr/bin/env python3
"""usage: python3 docs/results/memory_of_models.py [5M 50M 150M 500M]

What `tinyzero config check` predicts of memory beside what runs take: Qwen2 shapes with random weights, trained whole and by LoRA, with and
without train.recompute. Each run is one step of GRPO; its peak is that of the resident memory, as the kernel counts it. Prints the table of
docs/models.md. The largest takes 12 GB of memory and a few minutes a run."""

import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no folder of it beside this file
import random_model  # noqa: E402
from peak import PROGRAM, ROOT, build, peak_of  # noqa: E402

EXPERIMENT = """seed: 1
task: {use: countdown, numbers: 3, wording: tinyzero}
algorithm: {use: grpo}
model: {path: MODEL, template: base}
rollout: {prompts: 4, samples: 4, max_tokens: 64, wave: 4}
train: {steps: 1, random_reward: 0.5}
eval: {problems: 2, every: 0}
preflight: {max_truncated: 1}
"""


def processor():
    with open("/proc/cpuinfo") as file:
        return re.search("model name\\s*: (.*)", file.read()).group(1)


def main():
    build()  # if it must be
    print("| parameters | trained | recompute | predicted, MB | measured, MB | error |")
    print("|---|---|---|---|---|---|", flush=True)
    for name in sys.argv[1:] or random_model.SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            model = os.path.join(folder, "model")
            parameters = random_model.write(model, name)
            experiment = os.path.join(folder, "experiment.yaml")
            with open(experiment, "w") as file:
                file.write(EXPERIMENT.replace("MODEL", model))
            for trained, rank in (("whole", 0), ("LoRA of rank 8", 8)):
                for recompute in ("false", "true"):
                    settings = [experiment, f"lora.rank={rank}", f"train.recompute={recompute}"]
                    plan = subprocess.run([PROGRAM, "config", "check", "--json"] + settings, cwd=ROOT, check=True, capture_output=True)
                    predicted = json.loads(plan.stdout)["bytes"]["total"]
                    measured = peak_of([PROGRAM, "train", "--quiet", "--run", os.path.join(folder, "run")] + settings)
                    shutil.rmtree(os.path.join(folder, "run"))
                    print(f"| {parameters / 1e6:.0f}M | {trained} | {'yes' if recompute == 'true' else 'no'} | {predicted / 1e6:,.0f} | "
                          f"{measured / 1e6:,.0f} | {100 * (predicted / measured - 1):+.0f} % |", flush=True)
    print(f"\n{datetime.date.today()}, {processor()}, {os.cpu_count()} cores, {platform.system()}.")


if __name__ == "__main__":
    main()
