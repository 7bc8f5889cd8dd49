"""Writes Hugging Face folders of Qwen2's family with random bf16 weights, to measure with.

usage: random_model.py FOLDER [5M | 50M | 150M | 500M]     500M if not given: Qwen2.5-0.5B's shape, with a tokenizer of its size; the others have a small one
"""

import array
import json
import math
import pathlib
import random
import shutil
import struct
import sys

# layers, width, heads, key/value heads, MLP, vocabulary; the last is Qwen2.5-0.5B
SHAPES = {
    "5M": (6, 256, 4, 2, 704, 4096),
    "50M": (8, 512, 8, 2, 1408, 50304),
    "150M": (14, 768, 12, 2, 2304, 65536),
    "500M": (24, 896, 14, 2, 4864, 151936),
}
TOKENS = 151643  # of Qwen2.5's tokenizer, without the special ones
SMALL = pathlib.Path(__file__).parents[2] / "tests/golden/hf/qwen2_tied"


def tensors(layers, width, heads, kv_heads, mlp, vocab):
    kv = width // heads * kv_heads
    yield "model.embed_tokens.weight", (vocab, width)
    for i in range(layers):
        layer = f"model.layers.{i}."
        yield layer + "input_layernorm.weight", (width,)
        for name, rows in (("q", width), ("k", kv), ("v", kv)):
            yield layer + f"self_attn.{name}_proj.weight", (rows, width)
            yield layer + f"self_attn.{name}_proj.bias", (rows,)
        yield layer + "self_attn.o_proj.weight", (width, width)
        yield layer + "post_attention_layernorm.weight", (width,)
        yield layer + "mlp.gate_proj.weight", (mlp, width)
        yield layer + "mlp.up_proj.weight", (mlp, width)
        yield layer + "mlp.down_proj.weight", (width, mlp)
    yield "model.norm.weight", (width,)


def bf16(value):
    return struct.unpack("<I", struct.pack("<f", value))[0] >> 16


def write_weights(path, shape):
    """Parts of one block of noise, from random places; norms are 1. Returns the number of weights."""
    header, end = {}, 0
    for name, tensor in tensors(*shape):
        header[name] = {"dtype": "BF16", "shape": tensor, "data_offsets": [end, end + 2 * math.prod(tensor)]}
        end += 2 * math.prod(tensor)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    rng = random.Random(1)
    noise = array.array("H", (bf16(rng.gauss(0, 0.02)) for _ in range(1 << 20))).tobytes()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, tensor in tensors(*shape):
            if name.endswith("norm.weight"):
                file.write(struct.pack("<H", bf16(1.0)) * tensor[0])
                continue
            left = 2 * math.prod(tensor)
            while left > 0:
                start = 2 * rng.randrange(len(noise) // 4)
                left -= file.write(noise[start : start + left])
    return end // 2


def write_large_tokenizer(path):
    """The small one with random merges up to Qwen2.5's size. Returns the special tokens with their ids."""
    tokenizer = json.loads((SMALL / "tokenizer.json").read_text(encoding="utf-8"))
    vocab, merges = tokenizer["model"]["vocab"], tokenizer["model"]["merges"]
    rng, tokens = random.Random(1), [token for token in vocab if len(token) < 12]
    while len(vocab) < TOKENS:
        a, b = rng.choice(tokens), rng.choice(tokens)
        if len(a + b) > 14 or a + b in vocab:
            continue
        vocab[a + b] = len(vocab)
        merges.append(f"{a} {b}")
        tokens.append(a + b)
    for i, token in enumerate(tokenizer["added_tokens"]):
        token["id"] = TOKENS + i
    path.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    return {token["content"]: token["id"] for token in tokenizer["added_tokens"]}


def write(folder, name, large_tokenizer=False):
    """Makes the folder, of the shape of that name. Returns the number of weights."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    layers, width, heads, kv_heads, mlp, vocab = SHAPES[name]
    config = json.loads((SMALL / "config.json").read_text())
    config.update(num_hidden_layers=layers, hidden_size=width, num_attention_heads=heads, num_key_value_heads=kv_heads, intermediate_size=mlp,
                  vocab_size=vocab, torch_dtype="bfloat16")
    if large_tokenizer:
        special = write_large_tokenizer(folder / "tokenizer.json")
        config.update(eos_token_id=special["<|endoftext|>"], bos_token_id=special["<|endoftext|>"], max_position_embeddings=32768,
                      rope_theta=1000000.0)
    else:
        for file in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
            shutil.copy(SMALL / file, folder)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    return write_weights(folder / "model.safetensors", SHAPES[name])


if __name__ == "__main__":
    shape = sys.argv[2] if len(sys.argv) > 2 else "500M"
    write(sys.argv[1], shape, large_tokenizer=shape == "500M")
