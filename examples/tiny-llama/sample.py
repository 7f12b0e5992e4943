#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Continue a prompt greedily with the saved model, in plain numpy.

It shares no code with train.py and reads the safetensors file by itself, so
that it can serve as a second opinion on what the saved weights say.
Weights are widened to fp32, and all sums are made in fp32.
"""
import argparse
import json
import struct
from pathlib import Path

import numpy as np


def load(path):
    raw = path.read_bytes()
    size, = struct.unpack("<Q", raw[:8])
    tensors = {}
    for name, t in json.loads(raw[8:8 + size]).items():
        if name != "__metadata__":
            begin, end = t["data_offsets"]
            data = np.frombuffer(raw[8 + size + begin:8 + size + end], np.float16)
            tensors[name] = data.reshape(t["shape"]).astype(np.float32)
    return tensors


class Model:
    """One token at a time, with the keys and values of the past kept."""

    def __init__(self, folder):
        self.c = json.loads((folder / "config.json").read_text())
        self.w = load(folder / "model.safetensors")
        self.past = [([], []) for _ in range(self.c["num_hidden_layers"])]
        self.largest = 0.0  # largest value seen between two steps

    def note(self, x):
        self.largest = max(self.largest, float(np.abs(x).max()))
        return x

    def norm(self, x, name):
        return x / np.sqrt(np.mean(x * x) + self.c["rms_norm_eps"]) * self.w[name]

    def rope(self, x, position):
        half = x.shape[-1] // 2
        angle = position * self.c["rope_theta"] ** (-np.arange(half) / half)
        a, b = x[:, :half], x[:, half:]
        return np.concatenate([a * np.cos(angle) - b * np.sin(angle),
                               b * np.cos(angle) + a * np.sin(angle)], 1).astype(np.float32)

    def step(self, token):
        c, w = self.c, self.w
        d, group = c["head_dim"], c["num_attention_heads"] // c["num_key_value_heads"]
        x = w["model.embed_tokens.weight"][token]
        for i, (keys, values) in enumerate(self.past):
            n = f"model.layers.{i}."
            a = self.norm(x, n + "input_layernorm.weight")
            q, k, v = (self.note(w[f"{n}self_attn.{s}_proj.weight"] @ a).reshape(-1, d) for s in "qkv")
            q, k = self.rope(q, len(keys)), self.rope(k, len(keys))
            keys.append(k)
            values.append(v)
            mixed = []
            for head in range(c["num_attention_heads"]):
                s = self.note(np.array([key[head // group] @ q[head] for key in keys])) / np.sqrt(d)
                s = np.exp(s - s.max())
                s /= s.sum()
                mixed.append(sum(p * value[head // group] for p, value in zip(s, values)))
            x = self.note(x + w[n + "self_attn.o_proj.weight"] @ np.concatenate(mixed))
            a = self.norm(x, n + "post_attention_layernorm.weight")
            gate, up = (self.note(w[f"{n}mlp.{s}_proj.weight"] @ a) for s in ("gate", "up"))
            a = self.note(gate / (1 + np.exp(-gate)) * up)
            x = self.note(x + w[n + "mlp.down_proj.weight"] @ a)
        return self.note(w["model.embed_tokens.weight"] @ self.norm(x, "model.norm.weight"))


def main():
    ap = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("prompt", nargs="?", default="The chip ")
    ap.add_argument("--bytes", type=int, default=256, help="how many to write (default %(default)s)")
    ap.add_argument("--model", type=Path, default=Path(__file__).resolve().parent)
    ap.add_argument("--range", action="store_true", help="also print the largest value met")
    args = ap.parse_args()

    model, text = Model(args.model), list(args.prompt.encode())
    for token in text[:]:
        logits = model.step(token)
    for _ in range(args.bytes):
        text.append(int(logits.argmax()))
        logits = model.step(text[-1])
    print(bytes(text).decode("utf-8", "replace"))
    if args.range:
        weight = max(float(np.abs(t).max()) for t in model.w.values())
        print(f"[largest weight {weight:.2f}, largest activation {model.largest:.1f}]")


if __name__ == "__main__":
    main()
