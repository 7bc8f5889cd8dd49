#!/usr/bin/env python3
"""usage: python3 docs/results/memory_of_models.py [5M 50M 150M 500M]

What `tinyzero config check` predicts of memory beside what runs take: Qwen2 shapes with random weights, trained whole and by LoRA, with and
without train.recompute. Each run is one step of GRPO; its peak is that of the resident memory, as the kernel counts it. Prints the table of
docs/models.md. The largest takes 12 GB of memory and a few minutes a run."""

import datetime
import json
import os
import platform
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, "build", "tinyzero")
TOKENIZER = os.path.join(ROOT, "tests", "golden", "hf", "qwen2_tied")
# layers, width, heads, key/value heads, MLP, vocabulary; the last is Qwen2.5-0.5B
SHAPES = {
    "5M": (6, 256, 4, 2, 704, 4096),
    "50M": (8, 512, 8, 2, 1408, 50304),
    "150M": (14, 768, 12, 2, 2304, 65536),
    "500M": (24, 896, 14, 2, 4864, 151936),
}
EXPERIMENT = """seed: 1
task: {use: countdown, numbers: 3, wording: tinyzero}
algorithm: {use: grpo}
model: {path: MODEL, template: base}
rollout: {prompts: 4, samples: 4, max_tokens: 64, wave: 4}
train: {steps: 1, random_reward: 0.5}
eval: {problems: 2, every: 0}
preflight: {max_truncated: 1}
"""


def tensors(layers, width, heads, kv_heads, mlp, vocab):
    kv = width // heads * kv_heads
    yield "model.embed_tokens.weight", [vocab, width]
    for i in range(layers):
        p = f"model.layers.{i}."
        yield p + "input_layernorm.weight", [width]
        for name, rows in (("q", width), ("k", kv), ("v", kv)):
            yield p + f"self_attn.{name}_proj.weight", [rows, width]
            yield p + f"self_attn.{name}_proj.bias", [rows]
        yield p + "self_attn.o_proj.weight", [width, width]
        yield p + "post_attention_layernorm.weight", [width]
        yield p + "mlp.gate_proj.weight", [mlp, width]
        yield p + "mlp.up_proj.weight", [mlp, width]
        yield p + "mlp.down_proj.weight", [width, mlp]
    yield "model.norm.weight", [width]


def numbers(shape):
    count = 1
    for n in shape:
        count *= n
    return count


def make_model(folder, shape):
    """Weights in bf16: matrices of one random block, again and again, norms 1, biases 0."""
    layers, width, heads, kv_heads, mlp, vocab = shape
    with open(os.path.join(TOKENIZER, "config.json")) as file:
        config = json.load(file)
    config.update(num_hidden_layers=layers, hidden_size=width, num_attention_heads=heads, num_key_value_heads=kv_heads,
                  intermediate_size=mlp, vocab_size=vocab, torch_dtype="bfloat16")
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file)
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copy(os.path.join(TOKENIZER, name), folder)
    generator = random.Random(1)
    block = b"".join(struct.pack("<f", generator.gauss(0, 0.02))[2:] for _ in range(1 << 18))
    header, end = {}, 0
    for name, tensor in tensors(*shape):
        header[name] = {"dtype": "BF16", "shape": tensor, "data_offsets": [end, end + 2 * numbers(tensor)]}
        end += 2 * numbers(tensor)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(folder, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, tensor in tensors(*shape):
            left = 2 * numbers(tensor)
            if len(tensor) == 1:
                file.write((b"\x00\x00" if name.endswith("bias") else struct.pack("<f", 1.0)[2:]) * tensor[0])
                continue
            while left > 0:
                file.write(block[:left])
                left -= len(block)
    return end // 2


def peak_of(command):
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    words = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(words)
    return usage.ru_maxrss * 1024


def processor():
    with open("/proc/cpuinfo") as file:
        return re.search("model name\\s*: (.*)", file.read()).group(1)


def main():
    subprocess.run([os.path.join(ROOT, "tinyzero"), "--version"], check=True, stdout=subprocess.DEVNULL)  # builds, if it must
    print("| parameters | trained | recompute | predicted, MB | measured, MB | error |")
    print("|---|---|---|---|---|---|", flush=True)
    for name in sys.argv[1:] or SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            model = os.path.join(folder, "model")
            os.mkdir(model)
            parameters = make_model(model, SHAPES[name])
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
