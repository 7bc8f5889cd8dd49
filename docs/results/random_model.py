"""Writes a Hugging Face folder of Qwen2.5-0.5B's shape with random bf16 weights and a tokenizer of its size, to measure with.

usage: random_model.py FOLDER
"""
import array
import json
import pathlib
import random
import struct
import sys

WIDTH, LAYERS, MLP, VOCAB, HEADS, KV_HEADS = 896, 24, 4864, 151936, 14, 2
TOKENS = 151643  # of the tokenizer, without the special ones
TOKENIZER = pathlib.Path(__file__).parents[2] / "tests/golden/hf/qwen2_tied/tokenizer.json"


def shapes():
    yield "model.embed_tokens.weight", (VOCAB, WIDTH)
    for i in range(LAYERS):
        layer = f"model.layers.{i}."
        yield layer + "input_layernorm.weight", (WIDTH,)
        for name, rows in (("q", WIDTH), ("k", WIDTH // HEADS * KV_HEADS), ("v", WIDTH // HEADS * KV_HEADS)):
            yield layer + f"self_attn.{name}_proj.weight", (rows, WIDTH)
            yield layer + f"self_attn.{name}_proj.bias", (rows,)
        yield layer + "self_attn.o_proj.weight", (WIDTH, WIDTH)
        yield layer + "post_attention_layernorm.weight", (WIDTH,)
        yield layer + "mlp.gate_proj.weight", (MLP, WIDTH)
        yield layer + "mlp.up_proj.weight", (MLP, WIDTH)
        yield layer + "mlp.down_proj.weight", (WIDTH, MLP)
    yield "model.norm.weight", (WIDTH,)


def bf16(value):
    return struct.unpack("<I", struct.pack("<f", value))[0] >> 16


def write_weights(path):
    header, at = {}, 0
    for name, shape in shapes():
        size = 2 * shape[0] * (shape[1] if len(shape) == 2 else 1)
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    rng = random.Random(1)
    noise = array.array("H", (bf16(rng.gauss(0, 0.02)) for _ in range(1 << 20))).tobytes()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in shapes():
            begin, end = header[name]["data_offsets"]
            if name.endswith("norm.weight"):
                file.write(struct.pack("<H", bf16(1.0)) * shape[0])
                continue
            left = end - begin
            while left > 0:  # parts of the noise from random places
                start = 2 * rng.randrange(len(noise) // 4)
                piece = noise[start : start + left]
                file.write(piece)
                left -= len(piece)


def write_tokenizer(path):
    tokenizer = json.loads(TOKENIZER.read_text(encoding="utf-8"))
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


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True)
special = write_tokenizer(folder / "tokenizer.json")
end = special.get("<|endoftext|>", TOKENS)
(folder / "config.json").write_text(json.dumps({
    "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": WIDTH, "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "intermediate_size": MLP, "vocab_size": VOCAB,
    "hidden_act": "silu", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
    "tie_word_embeddings": True, "torch_dtype": "bfloat16", "eos_token_id": end, "bos_token_id": end, "use_sliding_window": False,
}, indent=2))
write_weights(folder / "model.safetensors")
