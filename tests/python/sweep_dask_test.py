# SPDX-License-Identifier: Apache-2.0
"""A real Dask scheduler and workers over TCP: the same table as the process pool."""
import contextlib
import socket
import subprocess
import sys
import threading
import time

import pytest
import sweep_points
from superlane.sweep import SweepError, load, sweep

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

SPEC = {"fixed": {"model": "llama-2-7b", "layers": 1, "dtype": "int8"}, "axes": {"c2c.latency": [16, 24, 32, 40, 48, 64], "vxm.alus": [4, 16]}}


@pytest.fixture(scope="module")
def address():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, protocol="tcp", host="127.0.0.1",
                                  dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def test_pool_and_dask_give_the_same_table(address):
    assert address.startswith("tcp://")
    pool = sweep(SPEC, workers=2, evaluate=sweep_points.some_fail)
    dask = sweep(SPEC, scheduler=address, evaluate=sweep_points.some_fail)
    assert dask.rows == pool.rows and dask.computed == 12 and dask.count("failed") == 2


def test_dask_runs_the_simulator_and_resumes(address, tmp_path):
    spec = {**SPEC, "axes": {"c2c.latency": [16, 32]}}
    dask = sweep(spec, tmp_path / "r.sqlite", scheduler=address)
    pool = sweep(spec, tmp_path / "r.sqlite", workers=1)
    alone = sweep(spec, workers=1)
    assert dask.rows == pool.rows == alone.rows and (dask.computed, pool.computed) == (2, 0)
    assert dask.count("done") == 2


def test_a_dask_worker_that_dies_costs_its_point_alone(address):
    result = sweep({**SPEC, "axes": {"c2c.latency": [16, 40, 64]}}, scheduler=address, evaluate=sweep_points.one_kills)
    assert [row["state"] for row in result.rows] == ["done", "crashed", "done"]


def free_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{free.getsockname()[1]}"


def test_a_scheduler_that_goes_away_is_one_line_and_what_is_done_stays(tmp_path):
    results, address = tmp_path / "r.sqlite", free_address()
    spec = {**SPEC, "axes": {"c2c.latency": list(range(16, 216)), "vxm.alus": [4, 8, 16, 32]}}

    def start(what, *words):
        return subprocess.Popen([sys.executable, "-m", f"distributed.cli.dask_{what}", *words, "--no-dashboard"], stderr=subprocess.DEVNULL)

    def kill_when_some_are_done():
        done = 0
        while not done:
            time.sleep(0.1)
            with contextlib.suppress(SweepError):  # as long as there is no file, or no sweep in it
                done = load(results).count("done")
        scheduler.kill()

    with start("scheduler", "--host", "127.0.0.1", "--port", address.split(":")[-1]) as scheduler, start("worker", address, "--nthreads", "1") as worker:
        try:
            threading.Thread(target=kill_when_some_are_done, daemon=True).start()
            with pytest.raises(SweepError, match=f"{address}: the connection is lost") as error:
                sweep(spec, results, scheduler=address, evaluate=sweep_points.slow)
        finally:
            scheduler.kill()
            worker.kill()
    assert "\n" not in str(error.value)
    done = load(results).count("done")
    assert 0 < done < 800
    assert sweep(spec, results, workers=2, evaluate=sweep_points.formula).computed == 800 - done


def test_a_scheduler_that_is_not_there_is_one_line(tmp_path):
    for bad in (free_address(), "no address"):
        with pytest.raises(SweepError, match="not reachable") as error:
            sweep(SPEC, tmp_path / "r.sqlite", scheduler=bad, evaluate=sweep_points.formula)
        assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())
