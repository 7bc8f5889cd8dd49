"""`eval` of an endpoint that is llama.cpp's own server, on a model of tests/golden/hf: it must say what this program says for the same folder.

usage: llama_cpp_server.py PROGRAM
The server is that of the package xllamacpp; the GGUF file is written here with the package gguf from the folder's weights and vocabulary.
Prints "skipped: …" where one of them is not installed; TINYZERO_PEERS names a Python that has them.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
try:
    import xllamacpp
    from gguf_file import write_gguf
except ImportError as missing:
    print(f"skipped: {missing}; point TINYZERO_PEERS to a Python with xllamacpp and gguf")
    sys.exit(0)

PROGRAM = sys.argv[1]
FOLDER = pathlib.Path(__file__).parents[1] / "golden" / "hf" / "qwen2_tied"
TASK = ["--task", "countdown", "wording=long", "--problems", "40", "--max-tokens", "24", "--template", "base", "--samples", "1", "--greedy"]
def greedy(arguments, save):
    f32 = os.environ | {"TINYZERO_CPU": "scalar"}  # bf16 would take other tokens
    done = subprocess.run([PROGRAM, "eval", *arguments, *TASK, "--save", save], capture_output=True, text=True, env=f32)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in save.read_text().split("\n") if line]
    return {line["problem"]: line["completion"] for line in lines if line.get("greedy")}, [line for line in lines if "problem" in line]


def equal(ours, theirs):
    """Whether both are the same, up to tokens whose names tell llama.cpp that they end a text or are none: the folder does not say so."""
    return ours == theirs or re.sub(r"<\|[a-z_]+\|>", "", re.split(r"<\|(?:file_sep|repo_name|fim_pad)\|>", ours)[0]) == re.sub(r"<\|[a-z_]+\|>", "", theirs)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    write_gguf(FOLDER, folder / "model.gguf")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(folder / "model.gguf")
    parameters.n_ctx = 1024
    parameters.n_parallel = 2
    parameters.port = 0
    # Flash attention rounds to f16, as cached keys and values are by default.
    parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    server = xllamacpp.Server(parameters)
    url = server.listening_address
    ours, _ = greedy([FOLDER], folder / "ours.jsonl")
    theirs, lines = greedy(["--endpoint", url, "--model", "qwen2_tied", "--completions", "--concurrency", "2"], folder / "theirs.jsonl")
    assert len(lines) == 80 and not any(line.get("failed") for line in lines), f"{len(lines)} answers"
    assert len({(line["problem"], line["greedy"], line["sample"]) for line in lines}) == 80, "an answer came twice"
    other = [(ours[problem], theirs[problem]) for problem in ours if not equal(ours[problem], theirs[problem])]
    # Both compute in f32 with sums in another order: where two tokens are almost as likely, either may be taken.
    assert len(other) <= 2, f"{len(other)} of 40 greedy completions are not this program's: {other[:2]}"
    print(f"llama.cpp's server: 80 of 80 answers, {40 - len(other)} of 40 greedy completions are this program's own")
