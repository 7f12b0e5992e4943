#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the tables of docs/edge.md into the page, from runs of the program: edge.py PROGRAM (some minutes)

Every line is one `superlane decode MODEL --chip CHIP`, int8, timing only, the whole model: compiled and simulated.
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- runs of scripts/edge.py -->\n", "<!-- end of the runs -->\n"
RUNS = {"edge": {"llama-3.2-1b": (4, 8, 24), "llama-3.2-3b": (8,), "llama-3-8b": (4, 3)},
        "tsp-v1-dram": {"llama-3-8b": (3,)}}
CONTEXT = 512


def output(program, *arguments):
    done = subprocess.run([program, *arguments, "--json", "-"], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def line(program, chip, model, interval):
    result = output(program, "decode", model, "--chip", chip, "--dtype", "int8", "--context", str(CONTEXT), "--position",
                    str(CONTEXT - 1), "--tokens", "1", "--prefill-rows", "1", "--set", f"dram.vector_interval={interval}")
    value = {key: row["value"] for key, row in result["parameters"].items()}
    raw = (2 * value["dram.channels_per_hemisphere"] * value["superlanes"] * 16 * value["clock.mhz"] * 1e-3 / interval)
    speed, joules = result["tokens_per_second"], result["energy_j"]
    memory = result["memory_bytes"]
    return (f"| {chip} | {model} | {interval} | {raw:.1f} | {speed:.2f} | {100 * result['dram_utilisation']:.1f} % | "
            f"{1e3 * joules:.1f} mJ | {joules * speed:.2f} W | {(memory['kv'] + memory['tables'] + memory['scratch']) / 1e6:.1f} MB | "
            f"{result['instruction_bytes'] / 1e6:.1f} MB |\n")


def tables(program):
    page = ("| chip | model | `dram.vector_interval` | GB/s of the pins | tokens/s | DRAM busy | energy a token | power | SRAM in use | text |\n"
            "|---|---|---|---|---|---|---|---|---|---|\n")
    for chip, models in RUNS.items():
        for model, intervals in models.items():
            for interval in intervals:
                page += line(program, chip, model, interval)
                print(page.splitlines()[-1], flush=True)
    return page + "\n"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    page = ROOT / "docs/edge.md"
    head, rest = page.read_text().split(BEGIN)
    page.write_text(head + BEGIN + "\n" + tables(str(pathlib.Path(sys.argv[1]).resolve())) + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
