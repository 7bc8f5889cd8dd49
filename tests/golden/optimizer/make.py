"""Writes bitsandbytes.json beside this file, with the package bitsandbytes: python3 make.py; README.md has the versions."""

import json
import pathlib

import bitsandbytes
import torch
from bitsandbytes import functional
from bitsandbytes.backends.cpu import ops

SIZE, STEPS, SHOWN, EVERY = 5000, 20, (1, 2, 5, 20), 13
OPTIONS = dict(lr=3e-3, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)


def nearest(numbers, code):
    """Of f64, bitsandbytes takes the nearest level, as on CUDA; of f32 on a CPU, one from a table that is too coarse for small numbers."""
    return torch.ops.bitsandbytes.quantize_blockwise(numbers.double(), code, 256)


def requantize(numbers, code, scales, codes, blocksize):
    """In place of what its optimizer calls."""
    for out, found in zip((codes, scales), nearest(numbers, code)):
        out.copy_(found)


ops._quant_blockwise_fp32_direct = requantize


def quantized(numbers, code):
    codes, scales = nearest(numbers, code)
    back = code[codes.long()] * scales.repeat_interleave(256)[:len(codes)]
    return {"numbers": numbers.tolist(), "codes": codes.tolist(), "scales": scales.tolist(), "back": back.tolist()}


def gradient(step):
    """Numbers over three decades, the same from the formula in C++."""
    i = torch.arange(SIZE, dtype=torch.float64)
    return ((torch.sin(0.37 * i + step) + 1.2 * (1 - 2 * (i % 2))) * 10.0 ** -(i % 3)).float()


def trajectory():
    i = torch.arange(SIZE, dtype=torch.float64)
    weight = torch.nn.Parameter(torch.cos(0.11 * i).float())
    optimizer = bitsandbytes.optim.AdamW8bit([weight], **OPTIONS)
    out = {}
    for step in range(1, STEPS + 1):
        weight.grad = gradient(step)
        optimizer.step()
        if step in SHOWN:
            state = optimizer.state[weight]
            out[str(step)] = {"weights": weight.detach()[::EVERY].tolist(), "first_codes": state["state1"][::EVERY].tolist(),
                              "second_codes": state["state2"][::EVERY].tolist(), "first_scales": state["absmax1"].tolist(),
                              "second_scales": state["absmax2"].tolist()}
    return out


def main():
    torch.manual_seed(3)
    signed, unsigned = functional.create_dynamic_map(True), functional.create_dynamic_map(False)
    heavy = torch.randn(700) * 10.0 ** torch.randint(-6, 2, (700,))  # the last block is a part of one
    heavy[256:300] = 0
    out = {"signed": {"levels": signed.tolist(), **quantized(heavy, signed)},
           "unsigned": {"levels": unsigned.tolist(), **quantized(heavy.square(), unsigned)},
           "adamw": {"size": SIZE, "every": EVERY, **{k: v for k, v in OPTIONS.items()}, "steps": trajectory()}}
    (pathlib.Path(__file__).parent / "bitsandbytes.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
