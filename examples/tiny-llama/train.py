#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Train the tiny byte-level Llama model of this folder from nothing.

The model is a standard Hugging Face LlamaForCausalLM (RMSNorm, rotary
positions, grouped-query attention, SwiGLU, tied embeddings). A token is a
byte, so there is no tokenizer. The text comes from three places: prose.txt
beside this file, the repository's LICENSE, and seeded sentence templates
below. Needs: pip install "jax[cpu]" safetensors. One thread is enough.
"""
import argparse
import json
import math
import os
import random
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# Sizes are on purpose no multiples of a chip's vector or tile lengths, so
# that every padding path of the compiler is exercised by this model.
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 256,
    "hidden_size": 168,
    "num_hidden_layers": 5,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "head_dim": 28,
    "intermediate_size": 456,
    "max_position_embeddings": 1024,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "rope_scaling": None,
    "attention_bias": False,
    "attention_dropout": 0.0,
    "mlp_bias": False,
    "tie_word_embeddings": True,
    "bos_token_id": None,
    "eos_token_id": None,
    "initializer_range": 0.02,
    "use_cache": True,
    "torch_dtype": "float16",
}


# ---------------------------------------------------------------- the text

NAMES = ("Ada Ben Clara Dora Emil Finn Greta Hugo Ida Jonas Kira Leo Mina Nils "
         "Olga Paul Rosa Sam Tara Vera Wim Yara").split()
ANIMALS = ("fox hare mouse bear crow turtle goat cat dog owl frog otter "
           "hedgehog sparrow horse lamb").split()
ADJECTIVES = ("small old clever quiet brave tired gentle curious proud hungry "
              "patient cheerful shy lonely").split()
PLACES = ["near a deep lake", "at the edge of the forest", "under a tall oak",
          "beside the old mill", "on a green hill", "in a house of stone",
          "behind the garden wall", "by the slow river", "in a warm barn",
          "at the end of a long road", "on a farm in the north"]
THINGS = ["a golden key", "a red ball", "a broken clock", "a loaf of bread",
          "a silver bell", "a letter without a name", "a bag of seeds",
          "a blue lantern", "a map of the hills", "a round white stone",
          "a wooden boat", "a jar of honey"]
TIMES = ["One morning", "One cold evening", "On a bright day in spring",
         "Late in the summer", "When the first snow fell", "After a long rain",
         "Early one day", "On a windy afternoon"]
FEELINGS = ("happy sad afraid surprised glad worried calm angry thankful "
            "sleepy").split()
LESSONS = ["a small gift can be a great help", "a friend is worth more than gold",
           "slow work is often the best work", "it is good to ask before you take",
           "the one who waits will see the sun", "kind words cost nothing",
           "a plan is only as good as its first step",
           "nobody is too small to help", "honest work brings quiet sleep"]


def story(r):
    """A short tale: someone, a wish or a find, a meeting, an ending."""
    name, other = r.sample(NAMES, 2)
    animal, second = r.sample(ANIMALS, 2)
    adj, adj2 = r.sample(ADJECTIVES, 2)
    place, place2 = r.sample(PLACES, 2)
    thing, thing2 = r.sample(THINGS, 2)
    the_thing = thing.replace("a ", "the ", 1)
    feel, feel2 = r.sample(FEELINGS, 2)
    article = "an" if adj[0] in "aeiou" else "a"
    article2 = "an" if adj2[0] in "aeiou" else "a"
    opening = r.choice([
        f"Once upon a time there was {article} {adj} {animal} named {name} who lived {place}.",
        f"Once upon a time {article} {adj} {animal} lived {place}. The {animal} was called {name}.",
        f"There once was {article} {adj} {animal} called {name}, and {name} lived {place}.",
        f"Long ago, {place}, lived {article} {adj} {animal} whose name was {name}."])
    wish = r.choice([
        f"Every day {name} looked for {thing}, but there was none to be found.",
        f"More than anything else, {name} wanted {thing}.",
        f"{name} had only one thing in the world, and that was {thing}.",
        f"The neighbours said that {name} once owned {thing}, but it was lost.",
        f"At night {name} used to dream of {thing}."])
    meeting = r.choice([
        f"{r.choice(TIMES)} {name} went for a walk and met {article2} {adj2} {second} called {other}.",
        f"{r.choice(TIMES)} there was a knock at the door, and outside stood {article2} {adj2} {second} called {other}.",
        f"{r.choice(TIMES)} {name} heard a voice {place2}. It was {other}, {article2} {adj2} {second}.",
        f"{r.choice(TIMES)} {article2} {adj2} {second} named {other} came along the road and sat down to rest."])
    talk = r.choice([
        f'"Why are you so {feel}?" asked {other}. "Because I have lost {the_thing}," said {name}.',
        f'"Good day," said {other}. "Have you seen {thing2}?" "No," said {name}, "but I can help you to look."',
        f'"I am {feel} today," said {name}. "Then sit with me," said {other}, "and tell me all about it."',
        f'{other} looked at {name} and said, "You may have {thing2}, if you tell me a story."',
        f'"I know where {the_thing} is," said {other}, "but the way is long and dark."'])
    action = r.choice([
        "So they walked together for three days and two nights until they came to a bridge.",
        "They looked behind every door, under every stone and up in every tree.",
        "Together they built a small boat and sailed across the water.",
        "They waited until the moon was high, and then they went out without a sound.",
        f"The {animal} ran ahead while the {second} followed slowly behind.",
        "They shared their bread, drank from the spring and slept under the stars."])
    turn = r.choice([
        f"There, {place2}, they found {thing2} that nobody had seen for years.",
        f"In the end it was {other} who saw it first: {thing}, half hidden in the grass.",
        f"But when they came home, {the_thing} was lying in front of the door.",
        f"Then the wind blew, the clouds moved away, and {name} was no longer {feel}.",
        f"An old woman gave them {thing2} and asked for nothing in return."])
    ending = r.choice([
        f"{name} was {feel2} and gave half of it to {other}. From that day on they were friends.",
        f"They laughed until the sun went down, and {other} stayed for the whole winter.",
        f"And so {name} learned that {r.choice(LESSONS)}.",
        f'"You see," said {other}, "{r.choice(LESSONS)}." And that was true.',
        f"When they were old they still told the story, and they always said that {r.choice(LESSONS)}."])
    return " ".join([opening, wish, meeting, talk, action, turn, ending])


UNITS = {
    "memory unit": ["reads a vector from its slice", "writes a vector into its slice",
                    "keeps the weights close to the place where they are used",
                    "sends two vectors to the left in one cycle"],
    "matrix unit": ["multiplies a vector by a block of weights",
                    "loads new weights while it waits for data",
                    "adds its products into a wide sum",
                    "holds one tile of the model at a time"],
    "vector unit": ["adds two streams lane by lane", "scales each number by a constant",
                    "computes the square root of a sum", "rounds the result to half precision"],
    "switch unit": ["moves the lanes of a vector up or down", "turns rows into columns",
                    "selects the lanes that are needed next", "copies one lane into all the others"],
    "control unit": ["starts every program at the same moment", "sends instructions to the slices",
                     "counts the cycles of the clock", "stops the chip when the work is done"],
}
REASONS = ["because the compiler has planned every cycle",
           "so that the next unit never has to wait",
           "since nothing on the chip happens by chance",
           "and the result arrives exactly on time",
           "while other streams pass by without a stop",
           "so no cache and no arbiter is needed",
           "and the schedule says when the answer is ready",
           "because time and place are known in advance"]
DIRECTIONS = ["to the east", "to the west", "toward the memory",
              "toward the matrix unit", "to the edge of the chip"]
WHEN = ["First", "Next", "Then", "After that", "A few cycles later",
        "At the same time", "Finally"]


def chip(r):
    """A walk through the units of a streaming chip."""
    units = r.sample(sorted(UNITS), r.randint(3, 5))
    n = r.randint(2, 60)
    lines = [r.choice([
        "The chip runs a program that has no branches.",
        f"The chip is ready, and a layer with {n} tiles begins.",
        "The chip works like a long belt in a factory.",
        "The chip has many slices, and each slice does one kind of work.",
        f"Streams move {r.choice(DIRECTIONS)}, one step in every cycle.",
        "Streams move across the chip and never stop.",
        "Streams carry the vectors from one unit to another.",
        f"A vector of {r.choice([16, 32, 64, 160, 320])} bytes starts its way {r.choice(DIRECTIONS)}."])]
    for i, unit in enumerate(units):
        when = "First" if i == 0 else "Finally" if i == len(units) - 1 else r.choice(WHEN[1:-1])
        line = f"{when} the {unit} {r.choice(UNITS[unit])}"
        if r.random() < 0.5:
            line += r.choice([" ", ", "]).strip(" ") + " " + r.choice(REASONS)
        lines.append(line + ".")
        if r.random() < 0.4:
            lines.append(r.choice([
                f"This takes {r.randint(2, 40)} cycles.",
                f"The stream then flows {r.choice(DIRECTIONS)}.",
                "Nothing else may use that stream until it is free again.",
                "A reader can check this step with a pencil and a sheet of paper.",
                f"The same step is done {r.randint(2, 12)} times, once for each block."]))
    lines.append(r.choice([
        "When the last number has arrived, the next token can be chosen.",
        "The same program takes the same number of cycles every time.",
        "That is why two runs always give the same answer.",
        "So a whole layer is finished, and the next layer may start.",
        "In this way a model of words is made from sums and products.",
        "No step was late, and no step was early."]))
    return " ".join(lines)


def trace(r):
    """A log of cycles: teaches that numbers grow."""
    t = r.randint(1, 90)
    s = r.sample(range(32), 6)
    lines = []
    for i in range(r.randint(5, 9)):
        unit = r.choice(sorted(UNITS))
        lines.append(f"At cycle {t} the {unit} {r.choice(UNITS[unit])} on stream {s[i % 6]}.")
        t += r.randint(1, 12)
    return "\n".join(lines)


QUESTIONS = [
    ("What is a stream?", "A stream is a vector in motion, one step in each cycle."),
    ("What is a token?", "A token is a piece of text, and here it is a single byte."),
    ("What is a vector?", "A vector is a row of numbers that travel together."),
    ("What is a compiler?", "A compiler turns a model into a plan that the chip can follow."),
    ("What is a cycle?", "A cycle is one beat of the clock, the same for every unit."),
    ("What is a weight?", "A weight is a number that the model has learned."),
    ("What is a layer?", "A layer is one step of the model, with attention and a gate."),
    ("What is attention?", "Attention lets a token look back at the tokens before it."),
    ("What is a slice?", "A slice is a column of the chip that does one kind of work."),
    ("What is a schedule?", "A schedule says where each vector is at each moment."),
    ("Why is there no cache?", "The compiler knows where the data is, so nothing has to be guessed."),
    ("Why is the chip fast?", "The data flows past the units, and nobody waits."),
    ("Why are two runs equal?", "Every step has a fixed time, so nothing can change."),
    ("Who wrote this text?", "It was written by a small model with five layers."),
    ("How does a model write?", "It picks the most likely byte, adds it to the text and begins again."),
    ("How large is the model?", "It has about one and a half million numbers."),
    ("Where do the weights live?", "They live in the memory of the chip, near the matrix unit."),
    ("When is the answer ready?", "It is ready after a number of cycles that is known in advance."),
]


def questions(r):
    """A few questions, none of them twice."""
    return "\n".join(f"Question: {q}\nAnswer: {a}"
                     for q, a in r.sample(QUESTIONS, r.randint(4, 7)))


def corpus(seed, size, texts):
    """Mix template text and the paragraphs of the real texts.

    Real paragraphs are few, so they come round many times; the templates are
    nearly always new. A paragraph keeps its successor, so that the model can
    carry on from one paragraph to the next.
    """
    r = random.Random(seed)
    books = [t.strip() for t in texts]
    weights = [3] + [1] * (len(books) - 1)  # the first text is the one to know well
    parts, total = [], 0
    while total < size:
        kind = r.random()
        if kind < 0.55 or not books:
            text = r.choices([story, chip, trace, questions], [5, 4, 1, 1])[0](r)
        else:
            paragraphs = r.choices(books, weights)[0].split("\n\n")
            at = r.randrange(len(paragraphs))
            text = "\n\n".join(paragraphs[at:at + r.randint(2, 5)])
        parts.append(text)
        total += len(text) + 2
    return parts


# --------------------------------------------------------------- the model

def init(rng, np):
    c = CONFIG
    h, f, d = c["hidden_size"], c["intermediate_size"], c["head_dim"]
    q, kv = c["num_attention_heads"] * d, c["num_key_value_heads"] * d
    layers = c["num_hidden_layers"]

    def normal(rows, cols, scale=1.0):
        return (rng.standard_normal((rows, cols)) * scale / math.sqrt(cols)).astype(np.float32)

    p = {"model.embed_tokens.weight": normal(c["vocab_size"], h),
         "model.norm.weight": np.ones(h, np.float32)}
    small = 1 / math.sqrt(2 * layers)  # keeps the residual sum near one at the start
    for i in range(layers):
        n = f"model.layers.{i}."
        p[n + "input_layernorm.weight"] = np.ones(h, np.float32)
        p[n + "post_attention_layernorm.weight"] = np.ones(h, np.float32)
        p[n + "self_attn.q_proj.weight"] = normal(q, h)
        p[n + "self_attn.k_proj.weight"] = normal(kv, h)
        p[n + "self_attn.v_proj.weight"] = normal(kv, h)
        p[n + "self_attn.o_proj.weight"] = normal(h, q, small)
        p[n + "mlp.gate_proj.weight"] = normal(f, h)
        p[n + "mlp.up_proj.weight"] = normal(f, h)
        p[n + "mlp.down_proj.weight"] = normal(h, f, small)
    return p


def forward(jnp, jax, p, tokens):
    """Logits [batch, time, vocab] of int tokens [batch, time]."""
    c = CONFIG
    heads, kvs, d = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
    b, t = tokens.shape

    def norm(x, w):
        return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + c["rms_norm_eps"]) * w

    angle = jnp.arange(t)[:, None] / c["rope_theta"] ** (jnp.arange(0, d, 2) / d)
    cos = jnp.concatenate([jnp.cos(angle)] * 2, -1)[None, :, None]
    sin = jnp.concatenate([jnp.sin(angle)] * 2, -1)[None, :, None]

    def rope(x):
        rotated = jnp.concatenate([-x[..., d // 2:], x[..., :d // 2]], -1)
        return x * cos + rotated * sin

    mask = jnp.where(jnp.tril(jnp.ones((t, t), bool)), 0.0, -1e9)
    x = p["model.embed_tokens.weight"][tokens]
    for i in range(c["num_hidden_layers"]):
        n = f"model.layers.{i}."
        a = norm(x, p[n + "input_layernorm.weight"])
        q = rope((a @ p[n + "self_attn.q_proj.weight"].T).reshape(b, t, heads, d))
        k = rope((a @ p[n + "self_attn.k_proj.weight"].T).reshape(b, t, kvs, d))
        v = (a @ p[n + "self_attn.v_proj.weight"].T).reshape(b, t, kvs, d)
        q, k, v = (z.transpose(0, 2, 1, 3) for z in (q, k, v))  # [b, head, t, d]
        k, v = (jnp.repeat(z, heads // kvs, 1) for z in (k, v))
        s = q @ k.transpose(0, 1, 3, 2) / math.sqrt(d) + mask
        a = jax.nn.softmax(s, -1) @ v
        a = a.transpose(0, 2, 1, 3).reshape(b, t, heads * d)
        x = x + a @ p[n + "self_attn.o_proj.weight"].T
        a = norm(x, p[n + "post_attention_layernorm.weight"])
        a = jax.nn.silu(a @ p[n + "mlp.gate_proj.weight"].T) * (a @ p[n + "mlp.up_proj.weight"].T)
        x = x + a @ p[n + "mlp.down_proj.weight"].T
    return norm(x, p["model.norm.weight"]) @ p["model.embed_tokens.weight"].T


def save(out, p, np):
    from safetensors.numpy import save_file
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    save_file({k: np.asarray(v).astype(np.float16) for k, v in p.items()},
              str(out / "model.safetensors"), metadata={"format": "pt"})
    (out / "model.safetensors").chmod(0o644)


def main():
    ap = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--steps", type=int, default=1250, help="optimizer steps (default %(default)s)")
    ap.add_argument("--out", type=Path, default=HERE, help="folder for config.json and model.safetensors")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--tokens", type=int, default=1536, help="bytes per step (default %(default)s)")
    ap.add_argument("--lr", type=float, default=4e-3, help="peak learning rate (default %(default)s)")
    ap.add_argument("--text", type=Path, action="append",
                    help="text file to learn; repeatable (default: prose.txt and LICENSE)")
    ap.add_argument("--print-text", type=int, metavar="BYTES",
                    help="print that much training text and stop")
    args = ap.parse_args()

    files = args.text or [HERE / "prose.txt", ROOT / "LICENSE"]
    parts = corpus(args.seed, args.print_text or args.steps * args.tokens // 2 + 100000,
                   [f.read_text(encoding="ascii") for f in files if f.exists()])
    if args.print_text:
        print("\n\n".join(parts))
        return

    # One thread: the sums are then made in one order, and a run can be repeated.
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    import jax
    import jax.numpy as jnp
    import numpy as np

    rng = np.random.default_rng(args.seed)
    data = np.frombuffer("\n\n".join(parts).encode("ascii") + b"\n\n", np.uint8)
    starts = np.cumsum([0] + [len(t) + 2 for t in parts])

    def batch(length):
        """Windows that begin with a text (as a prompt does) or anywhere."""
        at = np.where(rng.random(args.tokens // length) < 0.5,
                      rng.choice(starts, args.tokens // length),
                      rng.integers(len(data), size=args.tokens // length))
        at = np.minimum(at, len(data) - length - 1)
        return np.stack([data[a:a + length + 1] for a in at]).astype(np.int32)

    def loss_of(p, rows):
        logits = forward(jnp, jax, p, rows[:, :-1])
        picked = jnp.take_along_axis(logits, rows[:, 1:, None], -1)[..., 0]
        return jnp.mean(jax.nn.logsumexp(logits, -1) - picked) / math.log(2)

    def rate(step):
        warm = min(1.0, (step + 1) / 50)
        left = 1 - step / args.steps
        return args.lr * warm * min(1.0, left / 0.6 + 0.01)  # flat, then a line to zero

    @jax.jit
    def update(p, m, v, rows, step, lr):
        """AdamW with the gradient's norm held to one."""
        loss, g = jax.value_and_grad(loss_of)(p, rows)
        size = jnp.sqrt(sum(jnp.sum(x * x) for x in g.values()))
        g = {k: x / jnp.maximum(size, 1.0) for k, x in g.items()}
        m = {k: 0.9 * m[k] + 0.1 * g[k] for k in p}
        v = {k: 0.98 * v[k] + 0.02 * g[k] ** 2 for k in p}
        new = {}
        for k in p:
            move = (m[k] / (1 - 0.9 ** step)) / (jnp.sqrt(v[k] / (1 - 0.98 ** step)) + 1e-8)
            if p[k].ndim == 2:  # decay keeps the weights well inside fp16's range
                move = move + 0.1 * p[k]
            new[k] = p[k] - lr * move
        return new, m, v, loss

    p = {k: jnp.asarray(x) for k, x in init(rng, np).items()}
    m = {k: jnp.zeros_like(x) for k, x in p.items()}
    v = dict(m)
    print(f"{sum(x.size for x in p.values())} parameters, {len(data)} bytes of text", flush=True)
    begin, recent = time.time(), []
    for step in range(args.steps):
        # Short windows are cheap and teach words; long ones then teach places.
        part = step / args.steps
        length = 128 if part < 0.45 else 256 if part < 0.85 else 512
        p, m, v, loss = update(p, m, v, batch(length), step + 1.0, rate(step))
        recent = (recent + [float(loss)])[-100:]
        if (step + 1) % 50 == 0 or step + 1 == args.steps:
            print(f"step {step + 1}: {sum(recent) / len(recent):.3f} bits per byte, "
                  f"{time.time() - begin:.0f} s", flush=True)
        if (step + 1) % 250 == 0:
            save(args.out, p, np)  # something to look at, should the run be cut short
    save(args.out, p, np)


if __name__ == "__main__":
    main()
