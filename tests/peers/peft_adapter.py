"""LoRA adapters and PEFT: what a run trained, applied by PEFT, gives the log-probs of the run's model; what PEFT wrote merges as PEFT merges it.

usage: peft_adapter.py PROGRAM
Prints "skipped: …" where PEFT is not installed; TINYZERO_PEERS names a Python that has it.
"""

import json
import subprocess
import sys
import tempfile

try:
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import AutoModelForCausalLM
except ImportError as missing:
    print(f"skipped: {missing}; point TINYZERO_PEERS to a Python with torch, transformers and peft")
    sys.exit(0)

CONFIG = "tests/integration/small.yaml"
TOLERANCE = 2e-3  # of log-probs: the program decodes in bf16 where the CPU computes with it
IDS = [5, 9, 30, 7, 100, 42, 200, 3, 3, 8, 77]


def program(*arguments, text=None):
    return subprocess.run([sys.argv[1], *arguments], input=text, capture_output=True, text=True, check=True).stdout


def base_of(folder):
    return folder + "/base/checkpoints/step-000000"


def ours(model):
    return torch.tensor(json.loads(program("model", "score", model, text=json.dumps({"ids": IDS}) + "\n"))["logprobs"])


def theirs(model):
    with torch.no_grad():
        logp = model(torch.tensor([IDS])).logits[0, :-1].log_softmax(-1)
    return logp.gather(1, torch.tensor(IDS[1:]).unsqueeze(1)).squeeze(1)


def base(folder):
    return AutoModelForCausalLM.from_pretrained(base_of(folder), dtype=torch.float32).eval()


def largest(a, b):
    return (a - b).abs().max().item()


def check_trained(folder):
    run = folder + "/run"
    program("train", CONFIG, f"model.path={base_of(folder)}", "warm_start.steps=0", "lora.rank=4", "lora.alpha=6",
            "train.random_reward=0.5", "preflight.max_truncated=1", "train.learning_rate=1e-2", "--run", run, "--quiet")
    checkpoint = json.loads(program("model", "info", run, "--json"))["folder"]
    applied = PeftModel.from_pretrained(base(folder), checkpoint + "/adapter").eval()
    distance = largest(ours(run), theirs(applied))
    moved = largest(theirs(applied), theirs(base(folder)))
    assert distance < TOLERANCE < moved, (distance, moved)
    merged, written = applied.merge_and_unload().state_dict(), AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).state_dict()
    weights = max(largest(merged[name], written[name]) for name in merged)
    assert weights < 1e-6, weights
    print(f"a run's adapter in PEFT: log-probs within {distance:.1e}, having moved by {moved:.2f}; merged weights within {weights:.1e}")


def check_read(folder, name, **settings):
    torch.manual_seed(1)
    peft = get_peft_model(base(folder), LoraConfig(r=3, lora_alpha=5, init_lora_weights=False, **settings)).eval()
    peft.save_pretrained(folder + "/" + name)
    program("model", "merge", base_of(folder), "--adapter", folder + "/" + name, "--out", folder + "/" + name + "-merged")
    expected = theirs(peft)
    distance = largest(ours(folder + "/" + name + "-merged"), expected)
    assert distance < TOLERANCE < largest(expected, theirs(base(folder))), distance
    merged = AutoModelForCausalLM.from_pretrained(folder + "/" + name + "-merged", dtype=torch.float32).state_dict()
    theirs_merged = peft.merge_and_unload().state_dict()
    weights = max(largest(merged[key], theirs_merged[key]) for key in theirs_merged)
    assert weights < 1e-6, weights
    print(f"PEFT's adapter ({name}) in ours: log-probs within {distance:.1e}, merged weights within {weights:.1e}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        program("train", CONFIG, "model.layers=2", "train.steps=0", "--run", folder + "/base", "--quiet")
        check_trained(folder)
        check_read(folder, "some", target_modules=["q_proj", "down_proj"])
        check_read(folder, "all", target_modules="all-linear")
        check_read(folder, "one-layer-rslora", target_modules=["v_proj", "up_proj"], layers_to_transform=[1], use_rslora=True)


main()
