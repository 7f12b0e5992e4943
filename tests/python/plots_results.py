# SPDX-License-Identifier: Apache-2.0
"""Results for the tests of pictures and pages: runs of the program in the build folder, each done once."""
import csv
import functools
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("SUPERLANE_BUILD", ROOT / "build")) / "superlane"
pytest.importorskip("superlane", reason="the package superlane is not built")
pytest.importorskip("matplotlib", reason="matplotlib is not installed")
pytest.importorskip("pandas", reason="pandas is not installed")

RUNS = {
    "add": ["run", "examples/asm/add_vectors.asm"],
    "gemm": ["gemm", "1", "640", "640"],
    "layer": ["decode", "llama-2-7b", "--layers", "1", "--dtype", "int8", "--context", "512", "--position", "511", "--tokens", "1", "--timing-only"],
    "short": ["decode", "llama-2-7b", "--layers", "1", "--dtype", "int8", "--context", "512", "--position", "127", "--tokens", "1", "--timing-only"],
    "two": ["decode", "llama-2-7b", "--layers", "1", "--dtype", "int8", "--context", "512", "--position", "511", "--tokens", "1", "--system", "8", "--tp", "2"],
    "four": ["decode", "llama-2-7b", "--layers", "1", "--dtype", "int8", "--context", "512", "--position", "511", "--tokens", "1", "--system", "8", "--tp", "4"],
    "sizes": ["collective", "all-reduce", "--system", "tsp-v1-node", "--sizes", "4K,16K", "--timing-only"],
    "served": ["serve", "llama-2-7b", "--step-time", "examples/serving/llama_2_7b_rack.json", "--poisson", "20", "--requests", "50", "--usd-per-hour", "20"],
}
TRACED = ("add", "gemm")


@functools.cache
def folder():
    import tempfile
    made = tempfile.TemporaryDirectory(prefix="superlane-plots-")
    folder.kept = made  # until the process ends
    return pathlib.Path(made.name)


@functools.cache
def result(name):
    """Path of the result; beside it lies the trace of those that have one."""
    if not PROGRAM.is_file():
        pytest.skip(f"{PROGRAM} is not built")
    path = folder() / f"{name}.json"
    words = [PROGRAM, *RUNS[name], "--json", path]
    if name in TRACED:
        words += ["--trace", folder() / f"{name}_trace.json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return path


def trace(name):
    result(name)
    return folder() / f"{name}_trace.json"


@functools.cache
def table():
    """A table as a sweep exports it; two of the points failed."""
    path = folder() / "sweep.csv"
    rows = [{"number": 4 * i + j, "state": "failed" if (i, j) in ((0, 0), (2, 1)) else "done", "mem.slices_per_hemisphere": slices, "stream.count": streams,
             "latency_us_per_token": 100 + 3000 / streams + 10 * i, "usd_per_million_tokens": 1 + slices / 50 + streams / 40, "reason": ""}
            for i, slices in enumerate((32, 44, 60)) for j, streams in enumerate((16, 32, 48, 64))]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


@functools.cache
def comparison():
    """A result of compare with two machines."""
    path = folder() / "compare.json"
    machines = [{"name": name, "tokens_per_second_per_user": {"p50": speed}, "usd_per_million_tokens": price,
                 "batch_curve": [{"tokens_per_second_per_user": speed / n, "usd_per_million_tokens": price * 2 / n} for n in (1, 2, 4)]}
                for name, speed, price in (("chips", 300, 0.8), ("cards & <more>", 40, 1.1))]
    path.write_text(json.dumps({"command": ["compare", "x.json"], "version": "0", "model": "m", "source": "made up", "machines": machines}))
    return path
