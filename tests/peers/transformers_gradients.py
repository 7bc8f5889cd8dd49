"""Gradients of the whole model, held against transformers' own: on the golden folders, and on folders that transformers writes for every kind of
head, bias, norm and rope of the family; sequences of different lengths packed together and behind shared prompts, alone, on several replicas, with
layers recomputed, and with more completion tokens than the head is given at once. A critic's too.

usage: transformers_gradients.py GRADIENTS [FOLDER…]    the program of gradients.cpp; FOLDER: only these
Prints "skipped: …" where transformers is not installed; TINYZERO_PEERS names a Python that has it.
"""

import json
import os
import subprocess
import sys
import tempfile

try:
    import torch
    from safetensors.torch import load_file
    from transformers import (AutoModelForCausalLM, AutoModelForTokenClassification, GenerationConfig, LlamaConfig, MistralConfig, Qwen2Config,
                              Qwen3Config)
except ImportError as missing:
    print(f"skipped: {missing}; point TINYZERO_PEERS to a Python with torch and transformers")
    sys.exit(0)

sys.dont_write_bytecode = True
sys.path.insert(0, "tests/golden/gradients")
from make import case_for, reference  # noqa: E402

TOLERANCE = 1e-4  # of each tensor's gradient, to its norm
PATHS = [[], ["recompute=1"], ["micro_batch=1"], ["micro_batch=200", "replicas=2"], ["micro_batch=200", "replicas=2", "recompute=1"]]


def check(program, folder, paths, kind=AutoModelForCausalLM, seed=1):
    """The largest distance of a gradient from transformers', relative to its norm."""
    model = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    case = case_for(model.config.vocab_size, model.config.max_position_embeddings, seed)
    loss, expected = reference(model, case)
    worst = 0.0
    with tempfile.TemporaryDirectory() as out:
        for path in paths:
            printed = subprocess.run([program, folder, out + "/gradients.safetensors", *path], input=json.dumps(case), capture_output=True, text=True,
                                     check=True).stdout
            assert abs(float(printed) - loss) <= TOLERANCE * max(1.0, abs(loss)), f"{folder}: the loss is {printed}, in transformers {loss}"
            found = load_file(out + "/gradients.safetensors")
            assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
            for name, gradient in expected.items():
                assert gradient.norm() > 0, f"{name} has no gradient"
                distance = ((found[name] - gradient).norm() / gradient.norm()).item()
                assert distance <= TOLERANCE, f"{folder} {path}: the gradient of {name} differs by {distance} of its norm"
                worst = max(worst, distance)
    return worst


def foreign_configs():
    small = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=96,
                 max_position_embeddings=512, eos_token_id=3, bos_token_id=1, pad_token_id=None)
    linear = {"rope_type": "linear", "factor": 2.5, "rope_theta": 10000.0}
    llama3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
              "rope_theta": 500000.0}
    return {"llama, untied": LlamaConfig(**small),
            "llama, tied, llama3 rope": LlamaConfig(**small, rope_parameters=llama3, tie_word_embeddings=True),
            "llama, linear rope": LlamaConfig(**small, rope_parameters=linear),
            "llama without grouping": LlamaConfig(**{**small, "num_key_value_heads": None}),
            "mistral": MistralConfig(**small, sliding_window=None),
            "qwen2, untied": Qwen2Config(**small),
            "qwen2, tied, linear rope": Qwen2Config(**small, tie_word_embeddings=True, rope_parameters=linear),
            "qwen3, untied": Qwen3Config(**small, head_dim=16),
            "qwen3, tied": Qwen3Config(**small, head_dim=16, tie_word_embeddings=True)}


def check_foreign(program, config, kind):
    config.num_labels = 1
    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(7)
        model = kind.from_config(config)
        for name, weight in model.named_parameters():
            mean = 1.0 if name.endswith("norm.weight") else 0.0
            torch.nn.init.normal_(weight, mean=mean, std=0.2)
        model.generation_config = GenerationConfig(eos_token_id=3, bos_token_id=1)
        model.save_pretrained(folder)
        return check(program, folder, [PATHS[0], PATHS[-1]], kind)


def main():
    program, *folders = sys.argv[1:]
    golden = os.path.join(os.environ.get("TINYZERO_GOLDEN") or "tests/golden", "hf")
    if not folders:
        folders = [os.path.join(golden, name) for name in sorted(os.listdir(golden)) if os.path.exists(os.path.join(golden, name, "config.json"))]
    for folder in folders:
        print(f"{folder}: within {check(program, folder, PATHS):.1e} of transformers' in {len(PATHS)} ways")
    if len(sys.argv) > 2:
        return
    for name, config in foreign_configs().items():
        for kind in (AutoModelForCausalLM, AutoModelForTokenClassification):
            if kind is AutoModelForTokenClassification and config.tie_word_embeddings:
                continue
            print(f"{name}, {kind.__name__}: within {check_foreign(program, config, kind):.1e}")


main()
