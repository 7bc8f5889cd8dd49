"""Measures this program beside others on this machine, with one model folder: sampling beside transformers, torch.compile, CTranslate2 and
llama.cpp, steps of GRPO beside TRL, verdicts beside reasoning-gym. Prints the tables of docs/performance.md; writes docs/results/peers.jsonl.

usage: peers.py [FOLDER] [ROUNDS]      FOLDER: a Hugging Face folder with f32 weights; a small model is trained for some seconds if there is none
Needs a Python with transformers, trl, datasets, ctranslate2, xllamacpp, gguf and reasoning-gym; what is missing is left out, and named.
Everything is measured once a round, one after another; ratios are those within a round. Nothing else should run meanwhile.
"""

import concurrent.futures
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests/peers"), str(ROOT / "sdk/python")]
os.environ["CT2_VERBOSE"] = "-1"

PROMPTS, SAMPLES, PROMPT_TOKENS, TOKENS = 8, 8, 50, 150
TASK = ["numbers=3", "largest=9", "targets=values"]
THREADS = len(os.sched_getaffinity(0))


def tinyzero(*arguments, text=None):
    done = subprocess.run([os.environ.get("TINYZERO", "./tinyzero"), *map(str, arguments)], cwd=ROOT, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout


def small_model(folder):
    tinyzero("train", "configs/countdown-grpo.yaml", "warm_start.steps=300", "train.steps=0", "eval.problems=16", "--run", folder, "--quiet")
    return next((folder / "checkpoints").glob("step-*"))


def prompt_ids(count):
    """Token ids of prompts, none of them special: numbers of one digit."""
    return [[48 + (7 * i + 3 * j) % 10 for j in range(PROMPT_TOKENS)] for i in range(count)]


def timed(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start


# ---- sampling: every completion has TOKENS tokens, drawn at temperature 1; each peer is kept at the best of its number types ----


class Ours:
    name = "this program"

    def __init__(self, folder):
        self.folder = folder

    def greedy(self, prompts, tokens):
        lines = "".join(json.dumps({"prompt": p}) + "\n" for p in prompts)
        out = tinyzero("model", "generate", self.folder, "--temperature", 0, "--precision", "f32", "--max-tokens", tokens, text=lines)
        return [json.loads(line)["text"] for line in out.splitlines()]

    def rate(self):
        out = tinyzero("bench", "rollout", "--model", self.folder, "--prompts", PROMPTS, "--samples", SAMPLES, "--prompt-tokens", PROMPT_TOKENS,
                       "--mean-tokens", TOKENS, "--max-tokens", TOKENS, "--rounds", 1, "--json")
        return json.loads(out)["tokens_per_second"]["median"]


class Transformers:
    name = "transformers"
    compiled = False

    def __init__(self, folder):
        import torch
        import transformers
        transformers.logging.set_verbosity_error()
        self.torch = torch
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.models = {}
        for dtype in (torch.float32, torch.bfloat16):
            model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
            if self.compiled:
                model.forward = torch.compile(model.forward)
            self.models[str(dtype).removeprefix("torch.")] = model
        self.best = max(self.models, key=self.measure_warm)

    def generate(self, model, ids, **options):
        with self.torch.inference_mode():
            return model.generate(ids, attention_mask=self.torch.ones_like(ids), pad_token_id=0, **options)

    def greedy(self, prompts, tokens):
        end = self.tokenizer.eos_token
        out = []
        for prompt in prompts:
            ids = self.tokenizer(prompt, return_tensors="pt").input_ids
            text = self.tokenizer.decode(self.generate(self.models["float32"], ids, do_sample=False, max_new_tokens=tokens)[0][ids.shape[1]:])
            out.append(text.split(end)[0])
        return out

    def measure(self, kind):
        ids = self.torch.tensor([p for p in prompt_ids(PROMPTS) for _ in range(SAMPLES)])
        options = {"cache_implementation": "static"} if self.compiled else {}
        seconds = timed(lambda: self.generate(self.models[kind], ids, do_sample=True, top_k=0, min_new_tokens=TOKENS, max_new_tokens=TOKENS, **options))
        return ids.shape[0] * TOKENS / seconds

    def measure_warm(self, kind):
        self.measure(kind)  # compiles, and pays for fresh memory
        return self.measure(kind)

    def rate(self):
        return self.measure(self.best)


class Compiled(Transformers):
    name = "transformers with torch.compile"
    compiled = True


class CTranslate2:
    name = "CTranslate2"

    def __init__(self, folder):
        import ctranslate2
        import transformers
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.made = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.made.name) / "model"
        ctranslate2.converters.TransformersConverter(str(folder)).convert(str(path))
        settings = json.loads((path / "config.json").read_text())  # it reads no null, for special tokens that the model does not have
        (path / "config.json").write_text(json.dumps({k: "" if v is None else v for k, v in settings.items()}))
        kinds = sorted({"float32", "int8_float32", "bfloat16"} & set(ctranslate2.get_supported_compute_types("cpu")))
        self.models = {k: ctranslate2.Generator(str(path), device="cpu", compute_type=k, intra_threads=THREADS) for k in kinds}
        self.best = max(self.models, key=self.measure)

    def greedy(self, prompts, tokens):
        out = []
        for prompt in prompts:
            start = self.tokenizer.convert_ids_to_tokens(self.tokenizer(prompt).input_ids)
            done = self.models["float32"].generate_batch([start], max_length=tokens, beam_size=1, sampling_topk=1, include_prompt_in_result=False)
            out.append(self.tokenizer.decode(done[0].sequences_ids[0]).split(self.tokenizer.eos_token)[0])
        return out

    def measure(self, kind):
        starts = [self.tokenizer.convert_ids_to_tokens(p) for p in prompt_ids(PROMPTS) for _ in range(SAMPLES)]
        done = []
        seconds = timed(lambda: done.extend(self.models[kind].generate_batch(
            starts, max_batch_size=PROMPTS * SAMPLES, min_length=TOKENS, max_length=TOKENS, beam_size=1, sampling_topk=0, sampling_temperature=1,
            include_prompt_in_result=False)))
        return sum(len(d.sequences_ids[0]) for d in done) / seconds

    def rate(self):
        return self.measure(self.best)


class LlamaCpp:
    name = "llama.cpp"

    def __init__(self, folder):
        import xllamacpp
        from gguf_file import write_gguf
        import transformers
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.made = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.made.name) / "model.gguf"
        write_gguf(folder, path)
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.n_parallel = PROMPTS * SAMPLES
        parameters.n_ctx = parameters.n_parallel * 256
        parameters.n_batch = parameters.n_ubatch = 2048
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = THREADS
        parameters.port = 0
        self.server = xllamacpp.Server(parameters)
        self.best = "f32"
        self.rate()

    def ask(self, ids, **options):
        body = json.dumps({"prompt": ids, "cache_prompt": True, "return_tokens": True, **options}).encode()
        request = urllib.request.Request(self.server.listening_address + "/completion", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)

    def greedy(self, prompts, tokens):
        ask = lambda prompt: self.ask(self.tokenizer(prompt).input_ids, n_predict=tokens, temperature=0)["tokens"]
        return [self.tokenizer.decode(ask(p)).split(self.tokenizer.eos_token)[0] for p in prompts]

    def rate(self):
        every = [p for p in prompt_ids(PROMPTS) for _ in range(SAMPLES)]
        options = {"n_predict": TOKENS, "ignore_eos": True, "temperature": 1, "top_k": 0, "top_p": 1, "min_p": 0, "samplers": ["temperature"]}
        with concurrent.futures.ThreadPoolExecutor(len(every)) as pool:
            seconds = timed(lambda: list(pool.map(lambda p: self.ask(p, **options), every)))
        return len(every) * TOKENS / seconds


# ---- a step of GRPO: sampling TOKENS tokens of each completion, and one update on all of them ----


class OurStep:
    name = "this program"

    def __init__(self, folder, prompts, _kinds=None):
        self.folder, self.prompts = folder, prompts
        self.best = ""

    def rate(self):
        out = tinyzero("bench", "step", "--model", self.folder, "--prompts", self.prompts, "--samples", SAMPLES, "--prompt-tokens", 10,
                       "--mean-tokens", TOKENS, "--max-tokens", TOKENS, "--rounds", 1, "--json")
        return json.loads(out)["tokens_per_second"]["median"]


class TrlStep:
    name = "TRL"

    def __init__(self, folder, prompts, kinds=("f32", "bf16")):
        import datasets
        import torch
        import transformers
        import trl
        self.output = tempfile.TemporaryDirectory()
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
        rows = datasets.Dataset.from_list([{"prompt": f"{i % 9 + 1} {i // 9 % 9 + 1} 7 -> 20\n"} for i in range(prompts)])
        self.prompts, self.trainers = prompts, {}
        for kind in kinds:
            model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
            config = trl.GRPOConfig(output_dir=self.output.name, max_steps=1, per_device_train_batch_size=PROMPTS * SAMPLES,
                                    gradient_accumulation_steps=prompts // PROMPTS, num_generations=SAMPLES, max_completion_length=TOKENS,
                                    generation_kwargs={"min_new_tokens": TOKENS}, report_to=[], use_cpu=True, save_strategy="no", bf16=kind == "bf16",
                                    disable_tqdm=True, logging_strategy="no")
            self.trainers[kind] = trl.GRPOTrainer(model=model, reward_funcs=lambda completions, **_: [float(len(c) % 2) for c in completions],
                                                  args=config, train_dataset=rows, processing_class=tokenizer)
            self.trainers[kind].remove_callback(transformers.PrinterCallback)
        self.best = max(kinds, key=self.measure_warm) if len(kinds) > 1 else kinds[0]

    def measure_warm(self, kind):
        self.trainers[kind].train()  # pays for what comes once
        return self.measure(kind)

    def measure(self, kind):
        return self.prompts * SAMPLES * TOKENS / timed(self.trainers[kind].train)

    def rate(self):
        return self.measure(self.best)


# ---- verdicts on Countdown's answers ----


class OurVerdicts:
    name = "this program"
    best = ""

    def rate(self):
        return json.loads(tinyzero("bench", "verify", "countdown", *TASK, "--seconds", 1, "--json"))["verdicts"]["median"]


class ReasoningGym:
    name = "reasoning-gym"
    best = ""

    def __init__(self):
        import reasoning_gym
        self.task = reasoning_gym.create_dataset("countdown", seed=1, size=500)
        self.rows = [(row, row["metadata"]["expression"]) for row in self.task]

    def rate(self):
        seconds = timed(lambda: [self.task.score_answer(answer=answer, entry=row) for row, answer in self.rows])
        return len(self.rows) / seconds


# ---- tables ----


def opened(kinds, *arguments):
    peers = []
    for kind in kinds:
        try:
            peers.append(kind(*arguments))
        except Exception as e:  # a peer that cannot be had is named, and left out
            print(f"{kind.name} is left out: {type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}", file=sys.stderr)
    return peers


def spread(values, digits=0):
    form = lambda v: f"{v:,.{digits}f}"
    return f"{form(statistics.median(values))} [{form(min(values))}, {form(max(values))}]"


def compare(what, unit, peers, rounds, records):
    rates = {peer.name: [] for peer in peers}
    for _ in range(rounds):
        for peer in peers:
            rates[peer.name].append(peer.rate())
    ours = rates[peers[0].name]
    print(f"\n{what}\n\n| | type | {unit} | this program, times as fast |\n|---|---|---|---|")
    for peer in peers:
        theirs, kind = rates[peer.name], getattr(peer, "best", "")
        ratios = [a / b for a, b in zip(ours, theirs)]
        print(f"| {peer.name} | {kind} | {spread(theirs)} | {spread(ratios, 1) if peer is not peers[0] else ''} |", flush=True)
        records.append({"what": what, "peer": peer.name, "type": kind, "unit": unit, "rates": theirs})


def agreement(peers):
    prompts = [json.loads(line)["prompt"] + "\n" for line in tinyzero("task", "draw", "countdown", *TASK, "--count", 32).splitlines()]
    ours = peers[0].greedy(prompts, 40)
    for peer in peers[1:]:
        same = sum(a == b for a, b in zip(ours, peer.greedy(prompts, 40)))
        print(f"{peer.name}: {same} of {len(prompts)} greedy completions in f32 are this program's")


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    records = []
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else small_model(pathlib.Path(made) / "run")
        samplers = opened([Ours, Transformers, Compiled, CTranslate2, LlamaCpp], folder)
        agreement(samplers)
        compare(f"Sampling {PROMPTS * SAMPLES} completions of {TOKENS} tokens", "tokens/s", samplers, rounds, records)
        del samplers
        arguments = [folder, PROMPTS]
        for _ in range(2):  # the larger step in the number type that was best for the smaller one
            steps = opened([OurStep, TrlStep], *arguments)
            compare(f"A step of GRPO on {arguments[1]} x {SAMPLES} completions of {TOKENS} tokens", "tokens/s", steps, rounds, records)
            arguments = [folder, 8 * PROMPTS, (steps[-1].best,)]
    compare("Verdicts on right answers to Countdown", "verdicts/s", opened([OurVerdicts, ReasoningGym]), rounds, records)
    (pathlib.Path(__file__).parent / "peers.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))


main()
