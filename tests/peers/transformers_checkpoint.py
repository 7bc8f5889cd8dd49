"""Checkpoints of runs, opened in transformers as they stand: same tokens, same log-probabilities, same greedy completions; a critic's values.

usage: transformers_checkpoint.py PROGRAM [RUN]    without RUN, a run of seconds is made first
Prints "skipped: …" where transformers is not installed; TINYZERO_PEERS names a Python that has it.
"""

import json
import subprocess
import sys
import tempfile

try:
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForTokenClassification, AutoTokenizer
except ImportError as missing:
    print(f"skipped: {missing}; point TINYZERO_PEERS to a Python with torch and transformers")
    sys.exit(0)

TOLERANCE = 2e-3
PROMPTS = ["3 7 9 -> 20\n", "1 2 3 -> 7\n", "99 5 31 -> 64\n", "9*3=27,27-7=20!<answer>9*3-7</answer>", "äö\n <answer></answer>"]


def lines(program, arguments, objects):
    text = "".join(json.dumps(o) + "\n" for o in objects)
    out = subprocess.run([program, *arguments], input=text, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def newest_checkpoint(program, run):
    info = subprocess.run([program, "model", "info", run, "--json"], capture_output=True, text=True, check=True).stdout
    return json.loads(info)["folder"]


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


main()
