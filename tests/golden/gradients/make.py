"""Writes a JSON file for each model of golden/hf beside this file, with transformers: python3 make.py; README.md has the versions.

`case_for` and `reference` are also what tests/peers/transformers_gradients.py compares with.
"""

import json
import math
import pathlib
import random

import torch

HERE = pathlib.Path(__file__).parent
ENTRIES = 24  # of each gradient, evenly spaced
TEMPERATURE = 0.8


def case_for(vocab, context, seed):
    """Sequences of different lengths: alone, and several behind one prompt; more completion tokens than are given to the head at once (256)."""
    rng = random.Random(seed)

    def ids(count):
        return [rng.randrange(vocab) for _ in range(count)]

    sequences = []
    for prompt, completions in [(1, [1]), (5, [3, 70, 1, 26]), (30, [90, 12, 60]), (2, [2]), (9, [min(330, context - 9)]), (17, [40])]:
        start = ids(prompt)
        sequences += [{"ids": start + ids(count), "prompt": prompt} for count in completions]
    total = sum(len(s["ids"]) - s["prompt"] for s in sequences)
    weights = [[round(rng.uniform(-2, 2), 3) for _ in range(total)] for _ in range(2)]
    return {"temperature": TEMPERATURE, "sequences": sequences, "logp_weights": weights[0], "entropy_weights": weights[1]}


def reference(model, case):
    """Loss and gradients by name, from transformers: every sequence in a pass of its own, all its logits at once."""
    model.zero_grad()
    at, total = 0, 0.0
    for sequence in case["sequences"]:
        ids, prompt = torch.tensor(sequence["ids"]), sequence["prompt"]
        count = len(ids) - prompt
        logits = model(ids[None, :-1]).logits[0, prompt - 1:]
        weight, entropy_weight = (torch.tensor(case[name][at:at + count]) for name in ("logp_weights", "entropy_weights"))
        if logits.shape[1] == 1:  # values
            loss = (logits[:, 0] * weight).sum()
        else:
            logp = (logits / case["temperature"]).log_softmax(-1)
            entropy = -(logp.exp() * logp).sum(-1)
            loss = (logp.gather(1, ids[prompt:, None])[:, 0] * weight + entropy * entropy_weight).sum()
        loss.backward()
        total += loss.item()
        at += count
    return total, {name: weight.grad.clone() for name, weight in model.named_parameters()}


def entries_of(gradient):
    flat = gradient.flatten()
    count = min(ENTRIES, flat.numel())
    return [flat[i * flat.numel() // count].item() for i in range(count)]


def main():
    from transformers import AutoModelForCausalLM

    for seed, folder in enumerate(sorted(path.parent for path in HERE.parent.glob("hf/*/config.json"))):
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        case = case_for(model.config.vocab_size, model.config.max_position_embeddings, seed)
        loss, gradients = reference(model, case)
        assert math.isfinite(loss), folder
        case["model"], case["loss"] = folder.name, loss
        case["gradients"] = {name: {"norm": g.double().norm().item(), "entries": entries_of(g)} for name, g in gradients.items()}
        (HERE / f"{folder.name}.json").write_text(json.dumps(case) + "\n")


if __name__ == "__main__":
    main()
