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

try:
    import gguf
    import numpy
    import xllamacpp
except ImportError as missing:
    print(f"skipped: {missing}; point TINYZERO_PEERS to a Python with xllamacpp and gguf")
    sys.exit(0)

PROGRAM = sys.argv[1]
FOLDER = pathlib.Path(__file__).parents[1] / "golden" / "hf" / "qwen2_tied"
TASK = ["--task", "countdown", "wording=long", "--problems", "40", "--max-tokens", "24", "--template", "base", "--samples", "1", "--greedy"]
NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
         "post_attention_layernorm": "ffn_norm"}


def weights():
    data = (FOLDER / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    for name, tensor in json.loads(data[8:8 + size]).items():
        if name == "__metadata__":
            continue
        assert tensor["dtype"] == "F32", name
        begin, end = tensor["data_offsets"]
        yield name, numpy.frombuffer(data[8 + size + begin:8 + size + end], numpy.float32).reshape(tensor["shape"])


def gguf_name(name):
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, rest = name.split(".", 3)
    part, kind = rest.rsplit(".", 1)
    return f"blk.{layer}.{NAMES[part]}.{kind}"


def write_gguf(path):
    config = json.loads((FOLDER / "config.json").read_text())
    tokenizer = json.loads((FOLDER / "tokenizer.json").read_text())
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    tokens = [f"[PAD{i}]" for i in range(config["vocab_size"])]
    kinds = [gguf.TokenType.UNUSED] * len(tokens)
    for text, i in tokenizer["model"]["vocab"].items():
        tokens[i], kinds[i] = text, gguf.TokenType.NORMAL
    for added in tokenizer["added_tokens"]:
        tokens[added["id"]] = added["content"]
        kinds[added["id"]] = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
    merges = tokenizer["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_add_bos_token(False)
    for name, tensor in weights():
        writer.add_tensor(gguf_name(name), tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


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
    write_gguf(folder / "model.gguf")
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
