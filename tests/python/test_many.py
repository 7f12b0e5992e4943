# SPDX-License-Identifier: Apache-2.0
"""Many simulations: one after another in one process, and in processes of a pool."""
import multiprocessing

import pytest
import superlane


def one(dtype):
    return superlane.decode("examples/tiny-llama", tokens=1, dtype=dtype).digest


def test_a_pool_of_fresh_processes_gives_the_same():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(one, ["fp16", "int8"]) == [one("fp16"), one("int8")]


def resident_kb():
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@pytest.mark.slow
def test_a_thousand_simulations_in_a_process_take_no_more_memory():
    def run(count):
        for _ in range(count):
            superlane.gemm(1, 320, 320, dtype="int8")

    run(100)
    before = resident_kb()
    run(1000)
    assert resident_kb() - before < 4096
