# SPDX-License-Identifier: Apache-2.0
"""Sweeps on the process pool: tables, failures, kills and resumption, two processes on one file."""
import collections
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
import sweep_points
from sweep_points import SPEC, small, spec_file  # noqa: F401
from superlane.sweep import SweepError, load, sweep
from superlane.sweep.store import LEASE_S, Store

HERE = pathlib.Path(__file__).parent


def table(result):
    return json.dumps(result.rows)


def drive(results, spec_file, log, **options):
    environment = {**os.environ, "SWEEP_LOG": str(log)}
    return subprocess.Popen([sys.executable, str(HERE / "sweep_driver.py"), str(results), str(spec_file)], env=environment,
                            stderr=subprocess.PIPE, text=True, **options)


def runs(log):
    return collections.Counter(pathlib.Path(log).read_text().splitlines())


def test_the_table_does_not_depend_on_the_number_of_workers():
    one, two = (sweep(SPEC, workers=n, evaluate=sweep_points.formula) for n in (1, 2))
    assert len(one) == 24 and one.count("done") == 24 and table(one) == table(two)


def test_a_file_computes_nothing_twice_and_is_shared_by_sweeps(tmp_path):
    results = tmp_path / "r.sqlite"
    assert sweep(small(), results, 1, evaluate=sweep_points.formula).computed == 4
    assert sweep(small(), results, 1, evaluate=sweep_points.formula).computed == 0
    wider = small(name="wider", axes={"c2c.latency": [16, 32, 40, 48, 64]})
    assert sweep(wider, results, 1, evaluate=sweep_points.formula).computed == 1
    assert table(load(results, "wider")) == table(sweep(wider, workers=1, evaluate=sweep_points.formula))
    assert [row["c2c.latency"] for row in load(results, "formula").rows] == [16, 32, 40, 64]
    with pytest.raises(SweepError, match="0 sweeps that match 'formla' .nearest: 'formula'"):
        load(results, "formla")


def test_equal_points_written_otherwise_are_one(tmp_path):
    results = tmp_path / "r.sqlite"
    sweep(small(), results, 1, evaluate=sweep_points.formula)
    other = small(fixed={**SPEC["fixed"], "chip": "tsp-v1", "context": 256, "mem.read": 1, "position": 255})
    other["axes"] = {"chip.c2c.latency": [16, 64]}
    assert sweep(other, results, 1, evaluate=sweep_points.formula).computed == 0


def test_failures_are_recorded_and_the_rest_goes_on(tmp_path):
    result = sweep(small(), tmp_path / "r.sqlite", 2, evaluate=sweep_points.some_fail)
    assert [row["state"] for row in result.rows] == ["done", "failed", "done", "done"]
    assert result.rows[1]["reason"] == "does not compile: 32"
    assert sweep(small(), tmp_path / "r.sqlite", 2, evaluate=sweep_points.some_fail).computed == 0


def test_points_that_cannot_be_are_recorded_with_the_simulators_reason():
    result = sweep({"fixed": {"layers": 1, "context": 64, "dtype": "int8"}, "axes": {"model": ["llama-2-7b", "lama-2-7b"], "tp": [1, 3]}}, workers=1)
    assert [row["state"] for row in result.rows] == ["done", "failed", "failed", "failed"]
    assert "needs 3 chips" in result.rows[1]["reason"] or "need 3 chips" in result.rows[1]["reason"]
    assert "llama-2-7b" in result.rows[2]["reason"]


def test_a_worker_that_dies_costs_its_point_alone(tmp_path):
    result = sweep(SPEC, tmp_path / "r.sqlite", 2, evaluate=sweep_points.one_kills)
    assert {row["c2c.latency"] for row in result.rows if row["state"] == "crashed"} == {40}
    assert result.count("done") == 20 and result.count("crashed") == 4
    again = sweep(SPEC, tmp_path / "r.sqlite", 2, evaluate=sweep_points.formula)
    assert again.computed == 4 and again.count("done") == 24


def test_workers_that_cannot_compute_end_the_sweep(tmp_path):
    with pytest.raises(SweepError, match="no simulator here"):
        sweep(small(), tmp_path / "r.sqlite", 1, evaluate=sweep_points.raises)
    with pytest.raises(SweepError, match="another version"):
        sweep(small(), tmp_path / "r.sqlite", 1, evaluate=sweep_points.other_files)
    assert sweep(small(), tmp_path / "r.sqlite", 1, evaluate=sweep_points.formula).computed == 4


@pytest.mark.slow
def test_a_killed_sweep_resumes_to_the_same_table(tmp_path, spec_file):
    results, log = tmp_path / "r.sqlite", tmp_path / "log"
    log.touch()
    kills, draw = 0, random.Random(3).random
    while True:
        process = drive(results, spec_file, log)
        begun, wait = sum(runs(log).values()), int(1 + 8 * draw())
        while process.poll() is None and sum(runs(log).values()) < begun + wait:
            time.sleep(0.005)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
        kills += 1
    assert kills >= 2
    whole = sweep(SPEC, workers=1, evaluate=sweep_points.formula)
    assert table(load(results)) == table(whole)
    count = runs(log)
    assert len(count) == 24 and sum(count.values()) <= 24 + kills * 4  # two workers, four points in flight


@pytest.mark.slow
def test_two_processes_on_one_file_share_the_work(tmp_path, spec_file):
    results, log = tmp_path / "r.sqlite", tmp_path / "log"
    log.touch()
    both = [drive(results, spec_file, log) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert set(runs(log).values()) == {1} and len(runs(log)) == 24
    assert table(load(results)) == table(sweep(SPEC, workers=1, evaluate=sweep_points.formula))


def test_a_claim_holds_while_its_process_lives_and_lapses_with_its_lease(tmp_path, monkeypatch):
    with Store(tmp_path / "r.sqlite") as mine, Store(tmp_path / "r.sqlite") as other:
        other.owner = "another-host/1/1/0"
        assert other.claim("k", "v", {}) and not mine.claim("k", "v", {})
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + LEASE_S / 2)
        other.renew()
        monkeypatch.setattr(time, "time", lambda: now + LEASE_S + 1)
        assert not mine.claim("k", "v", {})
        monkeypatch.setattr(time, "time", lambda: now + 2 * LEASE_S)
        assert mine.claim("k", "v", {})
        mine.finish("k", "done", {"x": 1})
        other.finish("k", "failed", reason="late")
        assert mine.states(["k"]) == {"k": "done"}


def test_reading_a_file_takes_no_claim_away_and_makes_no_file(tmp_path):
    with Store(tmp_path / "r.sqlite") as mine:
        mine.register("id", "name", {"axes": {}, "objectives": {}}, [])
        assert mine.claim("k", "v", {})
        assert len(load(tmp_path / "r.sqlite")) == 0
        assert mine.states(["k"]) == {"k": "claimed"}
    with pytest.raises(SweepError, match="there is none"):
        load(tmp_path / "other.sqlite")
    assert not (tmp_path / "other.sqlite").exists()


def test_constraints_on_points_leave_them_out_and_on_metrics_mark_them():
    result = sweep({**SPEC, "constraints": ["c2c.latency * vxm.alus <= 512", "area_mm2 < 100"]}, workers=1,
                   evaluate=sweep_points.formula)
    assert result.left_out == 24 - len(result) > 0
    assert all(row["c2c.latency"] * row["vxm.alus"] <= 512 for row in result.rows)
    assert {row["feasible"] for row in result.rows} == {True, False}
    assert all(row["area_mm2"] < 100 for row in result.pareto())
    with pytest.raises(SweepError, match="constraints leave none of the 24 points"):
        sweep({**SPEC, "constraints": ["c2c.latency > 64"]}, evaluate=sweep_points.formula)


def test_an_unknown_metric_is_a_mistake_not_an_empty_front(tmp_path):
    for changes in ({"objectives": {"latency_us_per_tokn": "min"}}, {"constraints": ["latency_us_per_tokn < 3"]}):
        with pytest.raises(SweepError, match="'latency_us_per_tokn' .nearest: 'latency_us_per_token'"):
            sweep(small(**changes), tmp_path / "r.sqlite", 1, evaluate=sweep_points.formula)


def test_results_of_another_version_of_the_program_stay_beside(tmp_path, monkeypatch):
    results = tmp_path / "r.sqlite"
    sweep(small(), results, 1, evaluate=sweep_points.formula)
    from superlane.sweep import evaluate as simulator
    real = simulator.resolve
    monkeypatch.setattr(simulator, "resolve", lambda points: [{**each, "key": each["key"] + "next"} for each in real(points)])
    monkeypatch.setattr(simulator, "program_version", lambda: "superlane 99")
    assert sweep(small(), results, 1, evaluate=sweep_points.formula).computed == 4
    with Store(results) as store:
        old, new = sorted((identity for identity, *_ in store.sweeps()), key=lambda each: store.rows(each)[0][1].endswith("next"))
        keys = [row[1] for identity in (old, new) for row in store.rows(identity)]
    assert len(set(keys)) == 8
    assert table(load(results, old[:8])) == table(load(results, "formula")) == table(load(results, new))
    monkeypatch.setattr(simulator, "program_version", lambda: "superlane 100")
    with pytest.raises(SweepError, match="2 sweeps that match"):
        load(results, "formula")


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(tmp_path, spec_file):
    results, log = tmp_path / "r.sqlite", tmp_path / "log"
    log.touch()
    process = drive(results, spec_file, log)
    while len(runs(log)) < 4:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert not sqlite3.connect(results).execute("SELECT * FROM points WHERE state = 'claimed'").fetchall()
    begun = len(runs(log))
    assert sweep(SPEC, results, 1, evaluate=sweep_points.formula).computed == 24 - begun
