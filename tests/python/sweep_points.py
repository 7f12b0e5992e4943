# SPDX-License-Identifier: Apache-2.0
"""Points for tests of sweeps that need no simulator: importable, so that worker processes can run them."""
import json
import os
import time

import pytest

SPEC = {"name": "formula", "fixed": {"model": "llama-2-7b", "layers": 1, "dtype": "int8"},
        "axes": {"c2c.latency": [16, 24, 32, 40, 48, 64], "vxm.alus": [4, 8, 16, 32]},
        "objectives": {"latency_us_per_token": "min", "area_mm2": "min"}}


def small(**changes):
    return {**SPEC, "axes": {"c2c.latency": [16, 32, 40, 64]}, **changes}


@pytest.fixture
def spec_file(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC))
    return path


def formula(point):
    """Metrics by a formula that any process computes alike."""
    streams, alus = point.get("c2c.latency", 32), point.get("vxm.alus", 16)
    return {"metrics": {"latency_us_per_token": 1000 / streams + alus / 7, "area_mm2": 3 * streams + alus,
                        "throughput_tokens_per_second": streams * alus}}


def logged(point):
    """The same, slowly, with a line in the file SWEEP_LOG for each point that is computed."""
    with open(os.environ["SWEEP_LOG"], "a") as log:
        log.write(json.dumps(point, sort_keys=True) + "\n")
    time.sleep(0.02)
    return formula(point)


def some_fail(point):
    if point["c2c.latency"] == 32:
        return {"error": "does not compile: 32"}
    return formula(point)


def one_kills(point):
    """A worker that dies over one point, as for lack of memory."""
    if point["c2c.latency"] == 40:
        os._exit(9)
    return formula(point)


def raises(point):
    raise RuntimeError("no simulator here")


def other_files(point):
    return {"key": "another", **formula(point)}


def slow(point):
    """Takes so long that a scheduler can go away meanwhile."""
    time.sleep(0.05)
    return formula(point)
