"""Measures a model of Qwen2.5-0.5B's shape on this machine: loading, sampling, and steps of GRPO with LoRA and with all weights.

usage: real_size.py FOLDER [ROUNDS]      FOLDER: as random_model.py writes it, made if it is not there. Nothing else should run meanwhile.
Takes some minutes and 13 GB of memory.
"""
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).parents[2]
FOLDER, ROUNDS = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else "3"
RUN = ["configs/countdown-persistence.yaml", f"model.path={FOLDER}", "warm_start.steps=0", "rollout.prompts=8", "rollout.samples=8", "rollout.max_tokens=64",
       "train.optimizer=adamw", "train.learning_rate=1e-5", "train.random_reward=0.5", "eval.problems=8", "eval.every=0", "preflight.problems=0",
       "checkpoint.every=0"]


def tinyzero(*arguments, text=None):
    start = time.monotonic()
    done = subprocess.run(["./tinyzero", *arguments], cwd=ROOT, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout, time.monotonic() - start


def bench(what, *arguments):
    out, _ = tinyzero("bench", what, "--model", str(FOLDER), "--rounds", ROUNDS, "--json", *arguments)
    r = json.loads(out)
    rate, share = r["tokens_per_second"], r["share_of_roof"]
    print(f"{what} {' '.join(arguments)}: {rate['median']:.1f} [{rate['lowest']:.1f}, {rate['highest']:.1f}] tokens/s, "
          f"{100 * share['median']:.0f} % of the roof, {r['peak_memory_mb'] / 1e3:.1f} GB")


def steps(name, *settings):
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        tinyzero("train", *RUN, *settings, "--run", str(run))
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        times = [f"{line['time/rollout']:.1f} + {line['time/update']:.1f}" for line in lines if "time/update" in line]
        print(f"{name}: seconds of rollout and update, 64 completions of 64 tokens: {', '.join(times)}; "
              f"gap of log-probs {max(line['train/logp_gap'] for line in lines if 'train/logp_gap' in line):.4f}; "
              f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6:.1f} GB at most of all so far")


if not FOLDER.exists():
    subprocess.run([sys.executable, str(pathlib.Path(__file__).parent / "random_model.py"), str(FOLDER)], check=True)
tinyzero("--version")  # builds, if it must
prompt = '{"prompt": "1 2 3"}\n'
seconds = sorted(tinyzero("model", "generate", str(FOLDER), "--max-tokens", "1", text=prompt)[1] for _ in range(int(ROUNDS)))
print(f"load and first token: {seconds[len(seconds) // 2]:.2f} s [{seconds[0]:.2f}, {seconds[-1]:.2f}]")
for samples in ("1", "32"):
    bench("rollout", "--prompts", "1", "--samples", samples, "--mean-tokens", "64", "--max-tokens", "64")
steps("lora", "lora.rank=16", "train.steps=2")
bench("train", "--prompts", "8", "--samples", "8", "--mean-tokens", "64", "--max-tokens", "64")
steps("all weights", "train.steps=1")
