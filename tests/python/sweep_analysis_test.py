# SPDX-License-Identifier: Apache-2.0
"""Front, sensitivity, exports, search by Optuna."""
import json

import pytest
import sweep_points
from superlane.sweep import SweepError, sweep
from superlane.sweep.analysis import pareto, sensitivity

FIXED = {"model": "llama-2-7b", "layers": 1, "dtype": "int8"}
AXES = {"c2c.latency": [16, 32, 64], "vxm.alus": [4, 16]}
OBJECTIVES = {"latency_us_per_token": "min", "area_mm2": "min"}


@pytest.fixture(scope="module")
def result():
    return sweep({"fixed": FIXED, "axes": AXES, "objectives": OBJECTIVES}, workers=1, evaluate=sweep_points.formula)


def test_a_front_by_hand():
    rows = [{"a": a, "b": b} for a, b in ((1, 5), (2, 4), (2, 5), (3, 1), (3, 1), (4, 0), (5, 5))] + [{"a": 0}]
    assert pareto(rows, {"a": "min", "b": "min"}) == [rows[i] for i in (0, 1, 3, 4, 5)]
    assert pareto(rows, {"a": "min", "b": "max"}) == [rows[0]]
    assert pareto(rows[:7], {"a": "max", "b": "max"}) == [rows[6]]


def test_no_point_of_a_front_is_beaten_and_every_other_is(result):
    front = result.pareto()
    def beats(a, b):
        return all(a[m] <= b[m] for m in OBJECTIVES) and any(a[m] < b[m] for m in OBJECTIVES)
    for row in result.rows:
        assert any(beats(other, row) for other in result.rows) == (row not in front)


def test_the_shares_of_an_additive_formula_sum_to_one():
    rows = [{"x": x, "y": y, "z": z, "out": 3 * x + y} for x in (0, 1, 2) for y in (0, 1) for z in (0, 1)]
    table = {row["axis"]: row for row in sensitivity(rows, ["x", "y", "z"], ["out"])}
    assert table["x"]["share_of_variance"] + table["y"]["share_of_variance"] == pytest.approx(1)
    assert table["x"]["share_of_variance"] == pytest.approx(6 / 6.25)
    assert table["x"]["effect"] == pytest.approx(6 / 3.5) and table["y"]["effect"] == pytest.approx(1 / 3.5)
    assert table["z"]["share_of_variance"] == table["z"]["effect"] == 0
    assert next(iter(table)) == "x"


def test_many_values_are_put_in_groups():
    rows = [{"x": x, "out": x * x} for x in range(100)]
    (row,) = sensitivity(rows, ["x"], ["out"])
    assert 0.9 < row["share_of_variance"] < 1 and row["share_by_chance"] == pytest.approx(7 / 99)


def test_best_and_unknown_metrics(result):
    assert result.best("latency_us_per_token")["c2c.latency"] == 64
    assert result.best("throughput_tokens_per_second", "max")["vxm.alus"] == 16
    with pytest.raises(SweepError, match="nearest: 'area_mm2'"):
        result.best("area_mm")


def test_exports_are_whole_and_equal(result, tmp_path):
    for name in ("a.csv", "b.csv", "c.json"):
        result.export(tmp_path / name)
    text = (tmp_path / "a.csv").read_text()
    assert text == (tmp_path / "b.csv").read_text() and text.count("\n") == 7
    assert text.startswith("number,state,c2c.latency,vxm.alus,area_mm2,")
    summary = json.loads((tmp_path / "c.json").read_text())
    assert summary["done"] == 6 and summary["pareto"] == [row["number"] for row in result.pareto()]
    for bad, word in (("d.xls", "must end in"), ("none/d.csv", "folder is missing")):
        with pytest.raises(SweepError, match=word):
            result.export(tmp_path / bad)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "b.csv", "c.json"]


def with_its_context(point):
    return {"metrics": {**sweep_points.formula(point)["metrics"], "context": point["context"]}}


def test_a_metric_that_is_an_axis_too_has_one_column():
    table = sweep({"fixed": FIXED, "axes": {"context": [256, 512]}}, workers=1, evaluate=with_its_context)
    assert table.columns().count("context") == 1 and [row["context"] for row in table.rows] == [256, 512]


def test_frames_and_parquet(result, tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = result.to_frame()
    assert len(frame) == 6 and frame.index.name == "number" and (frame["state"] == "done").all()
    pytest.importorskip("pyarrow")
    result.export(tmp_path / "a.parquet")
    assert pandas.read_parquet(tmp_path / "a.parquet").equals(frame)


def bayes(points=24, seed=5, **options):
    return {"fixed": FIXED, "axes": {"c2c.latency": {"from": 16, "to": 64}, "vxm.alus": [1, 2, 4, 8, 16, 32]},
            "search": {"optuna": {"points": points, "seed": seed, "batch": 4}}, "objectives": {"latency_us_per_token": "min"}}


def test_optuna_chooses_alike_for_any_workers_and_resumes(tmp_path):
    pytest.importorskip("optuna")
    one, two = (sweep(bayes(), workers=n, evaluate=sweep_points.formula) for n in (1, 2))
    assert one.rows == two.rows and len(one) == 24
    short = sweep(bayes(points=12), tmp_path / "r.sqlite", 1, evaluate=sweep_points.formula)
    rest = sweep(bayes(), tmp_path / "r.sqlite", 1, evaluate=sweep_points.formula)
    assert rest.rows == one.rows and short.computed + rest.computed <= 24
    best = one.best("latency_us_per_token")
    assert best["latency_us_per_token"] < 1.3 * (1000 / 64 + 1 / 7)


def test_optuna_passes_points_that_fail():
    pytest.importorskip("optuna")
    spec = bayes(points=8)
    spec["axes"]["c2c.latency"] = [16, 32, 64]
    result = sweep(spec, workers=1, evaluate=sweep_points.some_fail)
    assert len(result) == 8 and result.count("failed") > 0
