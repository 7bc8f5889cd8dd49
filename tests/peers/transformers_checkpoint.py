"""Model folders in both directions. Checkpoints of runs, opened in transformers as they stand: same tokens, same log-probabilities, same greedy
completions; a critic's values. Exports in every type, whole and in shards, of checkpoints and of the golden folders: the same weights and
log-probabilities. Folders that transformers writes, of every family and kind of rope: the same log-probabilities and end tokens here.

usage: transformers_checkpoint.py PROGRAM [RUN]    without RUN, a run of seconds is made first
Prints "skipped: …" where transformers is not installed; TINYZERO_PEERS names a Python that has it.
"""

import json
import os
import subprocess
import sys
import tempfile

try:
    import torch
    from transformers import (AutoModelForCausalLM, AutoModelForTokenClassification, AutoTokenizer, GenerationConfig, LlamaConfig, MistralConfig,
                              Qwen2Config, Qwen3Config)
except ImportError as missing:
    print(f"skipped: {missing}; point TINYZERO_PEERS to a Python with torch and transformers")
    sys.exit(0)

TOLERANCE = 2e-3
PROMPTS = ["3 7 9 -> 20\n", "1 2 3 -> 7\n", "99 5 31 -> 64\n", "9*3=27,27-7=20!<answer>9*3-7</answer>", "äö\n <answer></answer>"]


def lines(program, arguments, objects):
    text = "".join(json.dumps(o) + "\n" for o in objects)
    out = subprocess.run([program, *arguments], input=text, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in out.split("\n") if line]


def info(program, folder):
    return json.loads(subprocess.run([program, "model", "info", folder, "--json"], capture_output=True, text=True, check=True).stdout)


def newest_checkpoint(program, run):
    return info(program, run)["folder"]


def difference(program, folder, model):
    """The largest difference of log-probabilities between this program on a folder and a model of transformers, over some texts of ids."""
    generator, worst = torch.Generator().manual_seed(1), 0.0
    for length in (2, 17, min(150, model.config.max_position_embeddings)):
        ids = torch.randint(model.config.vocab_size, (1, length), generator=generator)
        scored = lines(program, ["model", "score", folder], [{"ids": ids[0].tolist()}])[0]["logprobs"]
        with torch.no_grad():
            logp = model(ids).logits[0, :-1].log_softmax(-1)
        expected = logp.gather(1, ids[0, 1:].unsqueeze(1)).squeeze(1)
        worst = max(worst, (torch.tensor(scored) - expected).abs().max().item())
    return worst


def check_exports(program, source):
    with tempfile.TemporaryDirectory() as folder:
        before = AutoModelForCausalLM.from_pretrained(newest_checkpoint(program, source), dtype=torch.float32).state_dict()
        worst = 0.0
        for name, dtype in {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}.items():
            for shards in ([], ["--shard-size", "20KB"]):
                out = f"{folder}/{name}{len(shards)}"
                subprocess.run([program, "model", "export", source, "--out", out, "--dtype", name, *shards], check=True, capture_output=True)
                assert os.path.exists(out + "/model.safetensors.index.json") == bool(shards), os.listdir(out)
                model, loading = AutoModelForCausalLM.from_pretrained(out, dtype="auto", output_loading_info=True)
                assert not any(loading[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys")), loading
                assert model.dtype == dtype, f"{out} opens as {model.dtype}"
                for key, weight in model.state_dict().items():
                    assert torch.equal(weight, before[key].to(dtype)), f"{key} of {out} is not the weight, rounded to nearest"
                worst = max(worst, difference(program, out, model.float().eval()))
        assert worst < TOLERANCE, f"log-probs of exports differ by {worst}"
        print(f"{source}: 6 exports open with the same weights, log-probs within {worst:.1e}")


def check_foreign_folders(program):
    small = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=96,
                 max_position_embeddings=256, eos_token_id=3, bos_token_id=1, pad_token_id=None)
    linear = {"rope_type": "linear", "factor": 2.5, "rope_theta": 10000.0}
    llama3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
              "rope_theta": 500000.0}
    configs = {"linear rope": LlamaConfig(**small, rope_parameters=linear),
               "llama3 rope, tied": LlamaConfig(**small, rope_parameters=llama3, tie_word_embeddings=True),
               "llama without grouping": LlamaConfig(**{**small, "num_key_value_heads": None}),
               "mistral": MistralConfig(**small, sliding_window=None),
               "mistral, window of the context": MistralConfig(**small, sliding_window=256),
               "qwen2": Qwen2Config(**small),
               "qwen2, tied, linear rope": Qwen2Config(**small, tie_word_embeddings=True, rope_parameters=linear),
               "qwen3": Qwen3Config(**small, head_dim=16),
               "qwen3 with the family's heads": Qwen3Config(**small)}
    for name, config in configs.items():
        for dtype in (torch.float32, torch.bfloat16, torch.float16):
            with tempfile.TemporaryDirectory() as folder:
                torch.manual_seed(7)
                model = AutoModelForCausalLM.from_config(config)
                for weight in model.parameters():
                    torch.nn.init.normal_(weight, std=0.4)
                model = model.to(dtype)
                model.generation_config = GenerationConfig(eos_token_id=[5, 6], bos_token_id=1)
                model.save_pretrained(folder, max_shard_size="10KB" if dtype == torch.float16 else "1GB")
                again = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
                worst = difference(program, folder, again)
                assert worst < TOLERANCE, f"{name} in {dtype}: log-probs differ by {worst}"
                assert info(program, folder)["eos"] == again.generation_config.eos_token_id, name
    print(f"{len(configs)} kinds of folders that transformers wrote, in three types: the same log-probs and end tokens")


def check(program, run):
    folder = newest_checkpoint(program, run)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    ours = lines(program, ["model", "tokenize", run], [{"text": p} for p in PROMPTS])
    for prompt, line in zip(PROMPTS, ours):
        assert tokenizer(prompt)["input_ids"] == line["ids"], f"tokens of {prompt!r} differ"
        assert tokenizer.decode(line["ids"]) == prompt, f"{prompt!r} does not come back"

    generated = lines(program, ["model", "generate", run, "--max-tokens", "48", "--temperature", "0", "--ignore-eos"],
                      [{"ids": line["ids"]} for line in ours])
    worst, compared = 0.0, 0
    for line, mine in zip(ours, generated):
        ids = torch.tensor([line["ids"]])
        theirs = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=48, min_new_tokens=48, do_sample=False,
                                eos_token_id=None, pad_token_id=0)[0, ids.shape[1]:]
        assert theirs.tolist() == mine["ids"], f"greedy tokens after {line['text']!r} differ"

        whole = line["ids"] + mine["ids"]
        scored = lines(program, ["model", "score", run], [{"ids": whole}])[0]["logprobs"]
        with torch.no_grad():
            logp = model(torch.tensor([whole])).logits[0, :-1].log_softmax(-1)
        expected = logp.gather(1, torch.tensor(whole[1:]).unsqueeze(1)).squeeze(1)
        worst = max(worst, (torch.tensor(scored) - expected).abs().max().item())
        compared += len(scored)
    assert worst < TOLERANCE, f"log-probs differ by {worst}"
    print(f"{folder}: {compared} log-probs within {worst:.1e}, {len(ours)} greedy completions equal")


def check_bf16_run(program, run):
    """A run whose weights are numbers of bf16, rounded stochastically: its checkpoint opens as such, with the log-probabilities of this program."""
    subprocess.run([program, "train", "tests/integration/small.yaml", "train.weights=bf16", "train.optimizer_state=int8", "--run", run, "--quiet"],
                   check=True)
    folder = newest_checkpoint(program, run)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto").eval()
    assert model.dtype == torch.bfloat16, model.dtype
    worst = difference(program, folder, model.float())
    assert worst < TOLERANCE, f"log-probs differ by {worst}"
    print(f"{folder}: opens in bf16, log-probs within {worst:.1e}")


def check_critic(program, run):
    folder = newest_checkpoint(program, run) + "/trainer/critic"
    critic, loading = AutoModelForTokenClassification.from_pretrained(folder, output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"], loading
    ids = torch.tensor([AutoTokenizer.from_pretrained(folder)(PROMPTS[0])["input_ids"]])
    values = critic(ids).logits
    assert values.shape == (1, ids.shape[1], 1) and values.isfinite().all(), values
    print(f"{folder}: {ids.shape[1]} values")


def main():
    program = sys.argv[1]
    if len(sys.argv) > 2:
        check(program, sys.argv[2])
        return
    with tempfile.TemporaryDirectory() as folder:
        run = folder + "/run"
        subprocess.run([program, "train", "tests/integration/small.yaml", "--run", run, "--quiet"], check=True)
        check(program, run)
        subprocess.run([program, "train", "tests/integration/small.yaml", "algorithm.use=ppo", "--run", run + "-ppo", "--quiet"], check=True)
        check_critic(program, run + "-ppo")
        check_exports(program, run)
        check_bf16_run(program, run + "-bf16")
    golden = os.path.join(os.environ.get("TINYZERO_GOLDEN") or "tests/golden", "hf")
    for name in sorted(os.listdir(golden)):
        if os.path.exists(os.path.join(golden, name, "config.json")):
            check_exports(program, os.path.join(golden, name))
    check_foreign_folders(program)


main()
