# SPDX-License-Identifier: Apache-2.0
"""What a spec may say, the points it means, and one clear line for each mistake in it."""
import json

import pytest
from superlane.sweep import SweepError
from superlane.sweep import evaluate as simulator
from superlane.sweep.expression import Expression
from superlane.sweep.spec import read_spec

MODEL = {"model": "llama-2-7b", "layers": 1}


def read(**spec):
    return read_spec({"fixed": MODEL, **spec}, simulator.known_axes())


def complaint(**spec):
    with pytest.raises(SweepError) as error:
        read(**spec).points()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_grid_has_every_combination_and_the_last_axis_changes_fastest():
    points = read(axes={"stream.count": [16, 32], "batch": {"from": 1, "to": 4, "factor": 2}}).points()
    assert points == [{"stream.count": s, "batch": b} for s in (16, 32) for b in (1, 2, 4)]


def test_steps_of_a_tenth_do_not_drift():
    points = read(axes={"energy.factor": {"from": 0.1, "to": 1, "step": 0.1}}).points()
    assert [p["energy.factor"] for p in points] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]


def test_zip_takes_the_values_in_turn():
    points = read(axes={"tp": [1, 2], "pp": [8, 4]}, search="zip").points()
    assert points == [{"tp": 1, "pp": 8}, {"tp": 2, "pp": 4}]


def test_a_latin_hypercube_meets_each_part_of_each_axis_once():
    axes = {"c2c.latency": {"from": 0, "to": 99}, "clock.mhz": {"from": 100.0, "to": 1000.0, "scale": "log"}}
    points = read(axes=axes, search={"latin_hypercube": {"points": 10, "seed": 7}}).points()
    assert sorted(p["c2c.latency"] // 10 for p in points) == list(range(10))
    assert all(100 <= p["clock.mhz"] <= 1000 for p in points)


@pytest.mark.parametrize("search", ["random", "latin_hypercube"])
def test_equal_seeds_draw_equal_points_and_others_others(search):
    axes = {"stream.count": {"from": 16, "to": 64}, "clock.mhz": {"from": 100.0, "to": 1000.0}}
    draws = [read(axes=axes, search={search: {"points": 20, "seed": seed}}).points() for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_the_draws_of_a_seed_are_pinned():
    points = read(axes={"stream.count": {"from": 16, "to": 64}}, search={"random": {"points": 5, "seed": 1}}).points()
    assert [p["stream.count"] for p in points] == [22, 57, 53, 28, 40]


def test_axes_of_every_table_are_known():
    known = simulator.known_axes()
    for name in ("model", "chip", "system", "dtype", "context", "batch", "tp", "pp", "ep", "prices", "mem.read", "stream.count",
                 "topology.nodes", "wafer.usd"):
        assert name in known


@pytest.mark.parametrize("spec, words", [
    ({"axes": {"stream.coumt": [16]}}, ["unknown axis 'stream.coumt'", "'stream.count'"]),
    ({"axes": {"batsh": [1]}}, ["unknown axis 'batsh'", "'batch'"]),
    ({"axes": {}}, ["no axis"]),
    ({}, ["no axis"]),
    ({"axes": {"batch": []}}, ["axis 'batch'", "empty list"]),
    ({"axes": {"batch": {"from": 4, "to": 1}}}, ["empty range"]),
    ({"axes": {"batch": {"from": 1, "to": 4}}}, ["grid needs values"]),
    ({"axes": {"batch": {"from": 1, "to": 4, "stepp": 1}}}, ["'stepp'", "'step'"]),
    ({"axes": {"batch": {"from": 1, "to": 4, "step": 0}}}, ["above 0"]),
    ({"axes": {"batch": [1, 1]}}, ["twice"]),
    ({"axes": {"batch": 3}}, ["list of values"]),
    ({"axes": {"stream.count": [16, 1000]}}, ["1000", "from 16 to 64"]),
    ({"axes": {"stream.count": [16.5]}}, ["whole number"]),
    ({"axes": {"stream.count": ["x"]}}, ["is not a number"]),
    ({"axes": {"model": ["a"]}}, ["'model' is both"]),
    ({"axes": {"tp": [1, 2], "pp": [1]}, "search": "zip"}, ["tp 2, pp 1"]),
    ({"axes": {"tp": [1]}, "search": "gird"}, ["'gird'", "'grid'"]),
    ({"axes": {"tp": [1]}, "search": {"random": {}}}, ["'points'"]),
    ({"axes": {"tp": [1]}, "search": {"random": {"points": 2, "sed": 1}}}, ["'sed'", "'seed'"]),
    ({"axes": {"tp": [1]}, "search": {"optuna": {"points": 2}}}, ["objectives"]),
    ({"axes": {"tp": [1]}, "objectives": {"x": "least"}}, ["min, max"]),
    ({"axes": {"tp": [1]}, "constraints": ["tp +"]}, ["expression 'tp +'"]),
    ({"axes": {"tp": [1]}, "constraint": []}, ["'constraint'", "'constraints'"]),
    ({"axes": {"tp": [1]}, "sweep": 9}, ["version 9"]),
    ({"axes": {"mem.words_per_slice": {"from": 16, "to": 65000, "step": 1}, "vxm.alus": list(range(1, 60))}},
     ["3834115 points"]),
])
def test_a_mistake_in_a_spec_is_one_line(spec, words):
    text = complaint(**spec)
    for word in words:
        assert word in text


def test_a_spec_file_names_file_line_and_duplicate_keys(tmp_path):
    path = tmp_path / "bad.json"
    for text, word in (("{", "bad.json:1:2"), ('{"axes": 1, "axes": 2}', "twice"), ("[]", "object"), ("\xff", "")):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(SweepError, match="bad.json") as error:
            read_spec(path, simulator.known_axes())
        assert word in str(error.value)
    with pytest.raises(SweepError, match="No such file"):
        read_spec(tmp_path / "none.json", simulator.known_axes())


def test_files_of_a_spec_are_beside_it(tmp_path):
    (tmp_path / "spec.json").write_text(json.dumps({"fixed": {"model": "./my"}, "axes": {"chip": ["tsp-v1", "a.json"]}}))
    spec = read_spec(tmp_path / "spec.json", simulator.known_axes())
    assert spec.fixed["model"] == str(tmp_path / "my")
    assert spec.domains["chip"].levels == ("tsp-v1", str(tmp_path / "a.json"))


def test_expressions_compute():
    values = {"batch": 4, "mem.banks": 2, "dtype": "int8"}
    for text, value in (("batch * mem.banks <= 8", True), ("batch ** 2 / mem.banks", 8), ("1 < batch < 3", False),
                        ("dtype == 'int8' and not batch == 1", True), ("dtype in ('fp16', 'int8')", True),
                        ("max(batch, 7) - -1", 8), ("ceil(batch / 3)", 2)):
        assert Expression(text)(values) == value


@pytest.mark.parametrize("text", ["__import__('os')", "batch.real()", "(lambda: 1)()", "[x for x in y]", "open", "f'{x}'",
                                  "x if y else z", "x := 1", "x[0]", "'a' * 9"])
def test_expressions_are_not_python(text):
    with pytest.raises(SweepError, match="expression"):
        Expression(text)({"open": object(), "batch": 1})
        Expression(text + " == 1 and refused +")


def test_an_endless_power_ends():
    with pytest.raises(SweepError):
        Expression("9 ** 9 ** 9 ** 9 > x")({"x": 1})
