# SPDX-License-Identifier: Apache-2.0
"""Pictures: what they show, that bytes are the same again, and what is said when they cannot be drawn."""
import re
import sqlite3

import plots_results as results
import pytest

from superlane import plots
from superlane.plots import kinds, pareto
from superlane.plots.inputs import read
from superlane.plots.utilisation import busy_by_queue, busy_by_stream

CASES = {
    "spacetime": lambda: [results.trace("add")], "utilisation": lambda: [results.trace("gemm")],
    "operators": lambda: [results.result("layer")], "roofline": lambda: [results.result("layer"), results.result("gemm")],
    "context": lambda: [results.result("short"), results.result("layer")], "scaling": lambda: [results.result("two"), results.result("four")], "bandwidth": lambda: [results.result("sizes")],
    "topology": lambda: [results.result("sizes")], "serving": lambda: [results.result("served")], "price": lambda: [results.comparison()],
    "pareto": lambda: [results.table()], "heatmap": lambda: [results.table()]}


def texts(figure):
    import matplotlib.text
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_every_kind_has_a_case():
    assert set(CASES) == set(kinds.BY_NAME)


@pytest.mark.parametrize("kind", CASES)
def test_the_same_sources_give_the_same_bytes_without_a_date(kind, tmp_path):
    sources = [str(source) for source in CASES[kind]()]
    for name in ("first.svg", "second.svg"):
        assert plots.main([*sources, "--kind", kind, "-o", str(tmp_path / name)]) == 0
    first = (tmp_path / "first.svg").read_bytes()
    assert first == (tmp_path / "second.svg").read_bytes()
    assert b"<dc:date>" not in first and 3_000 < len(first) < 1_500_000


def test_a_png_is_written_by_its_name(tmp_path):
    assert plots.main([str(results.trace("add")), "-o", str(tmp_path / "add.png")]) == 0
    assert (tmp_path / "add.png").read_bytes()[:4] == b"\x89PNG"


def test_values_travel_one_position_a_cycle():
    trace = read(results.trace("add")).data
    assert [(f.direction, f.driven, f.taken) for f in trace.flows if f.taker == "vxm.0"] == [("E", 2, 6)] * 4 + [("E", 1, 6)] * 4
    assert all(f.taken - f.driven == abs(f.stop - f.start) for f in read(results.trace("gemm")).data.flows)
    assert trace.cycles == 11
    written = [f for f in trace.flows if f.taker.startswith("mem.e")]
    assert {f.driver for f in written} == {"vxm.0"} and sorted(f.stream for f in written) == [8, 9, 10, 11]


def test_slices_stand_side_by_side():
    trace = read(results.trace("add")).data
    queues = [f"mem.{side}.{number}" for side in "we" for number in range(44)] + [f"vxm.{alu}" for alu in range(16)]
    places = sorted(trace.place(queue) for queue in queues)
    assert all(left[1] <= right[0] + 1e-9 for left, right in zip(places, places[1:]))
    assert trace.place("mem.w.0")[1] == pytest.approx(trace.region("vxm", 0)[0])
    assert trace.place("mxm.w.0.weights")[0] > trace.place("mxm.w.1.weights")[0]
    trace.links = 8
    assert trace.place("c2c.e.7")[1] == pytest.approx(trace.region("sxm", 1)[1])


def test_a_space_time_diagram_names_instructions_and_streams():
    shown = " ".join(texts(plots.plot(results.trace("add"))))
    assert "add.f32" in shown and "read, 4 slices" in shown and "E0-7" in shown and "11 cycles" in shown


def test_use_over_time_is_exact():
    trace = read(results.trace("add")).data
    queues, streams = busy_by_queue(trace, trace.cycles), busy_by_stream(trace, trace.cycles)
    assert list(queues["vxm.0"]) == [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert list(streams["E", 0]) == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert list(streams["E", 4]) == [0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert len(streams) == 12


def test_a_point_of_the_roofline_is_what_the_result_says():
    result = read(results.result("gemm")).data
    intensity, speed = kinds.roofline.point(result)
    assert speed == pytest.approx(2 * 640 * 640 / (result["cycles"] / 900e6))
    assert intensity == pytest.approx(2 * 640 * 640 / result["sram_read_bytes"])


def test_link_load_is_the_utilisation_of_the_result():
    result = read(results.result("sizes")).data
    loads, _ = kinds.topology.loads_of(result)
    assert len(loads) == 56
    assert sum(load for _, _, load in loads) / 56 == pytest.approx(result["sizes"][-1]["link_utilisation"])
    assert max(load for _, _, load in loads) == pytest.approx(result["sizes"][-1]["busiest_link_utilisation"])


def test_the_front_has_the_points_that_no_other_beats():
    xs, ys = [1, 2, 3, 4, 2], [9, 5, 6, 1, 5.5]
    assert pareto.front(xs, ys, False, False) == [0, 1, 3]
    assert pareto.front(xs, ys, True, False) == [3]
    assert pareto.front(xs, ys, False, True) == [0]


def test_points_against_the_constraints_are_drawn_but_beat_none():
    import pandas
    points = pandas.DataFrame({"stream.count": [16, 32, 64], "latency_us_per_token": [3, 2, 1], "die_mm2": [5, 6, 4], "feasible": [True, True, False]})
    shown = texts(plots.plot(points, kind="pareto", y="die_mm2"))
    assert "front: 2 points" in shown and "against the constraints: 1" in shown
    assert "stream.count 16" in shown and "stream.count 32" in shown and "stream.count 64" not in shown


def test_failed_points_are_left_out_and_the_best_cell_is_framed():
    assert len(read(results.table()).data) == 10
    shown = texts(plots.plot(results.table(), kind="heatmap", x="stream.count", y="mem.slices_per_hemisphere"))
    assert shown.count("none") == 2 and "256.9" not in shown
    assert "stream.count, streams" in shown  # an axis with its unit


def test_a_results_file_of_a_sweep_is_read(tmp_path):
    path = tmp_path / "sweep.sqlite"
    with sqlite3.connect(path) as store:
        store.execute("CREATE TABLE points (key TEXT, version TEXT, state TEXT, metrics TEXT, reason TEXT)")
        store.execute("CREATE TABLE members (sweep TEXT, number INTEGER, key TEXT, axes TEXT)")
        store.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?)", [("old", "1", "done", '{"latency_us_per_token": 7}', None),
                          ("a", "2", "done", '{"latency_us_per_token": 5}', None), ("b", "2", "failed", None, "does not fit")])
        store.executemany("INSERT INTO members VALUES ('s', ?, ?, ?)", [(0, "a", '{"mem.banks": 2}'), (1, "b", '{"mem.banks": 4}'), (2, "old", '{"mem.banks": 2}')])
    frame = read(path).data
    assert list(frame["mem.banks"]) == [2] and list(frame["latency_us_per_token"]) == [5]


@pytest.mark.parametrize("source, kind", [("gemm", "roofline"), ("layer", "operators"), ("sizes", "bandwidth"), ("served", "serving")])
def test_the_kind_is_chosen_by_the_result(source, kind):
    assert kinds.choose([read(results.result(source))]).name == kind


@pytest.mark.parametrize("words, message", [
    (["none.json"], r"none\.json: no such file"),
    (["{text}"], r"text\.json: line 1: not JSON"),
    (["{other}"], r"other\.json: no result"),
    (["{trace}", "--kind", "spacetme"], r"unknown kind of picture 'spacetme' .nearest: 'spacetime'"),
    (["{trace}", "--kind", "pareto"], r"pareto is drawn from table, not from trace"),
    (["{trace}", "--cycles", "9:3"], r"--cycles: '9:3': two cycles FIRST:PAST"),
    (["{trace}", "--cycles", "500:600"], r"no instruction in cycles 500:600 of 11"),
    (["{trace}", "--x", "a"], r"'x' is no option of spacetime; it has cycles, title"),
    (["{trace}", "{trace}"], r"no kind of picture takes these together"),
    (["{table}", "--x", "latency_us"], r"no column 'latency_us' .nearest: 'latency_us_per_token'"),
    (["{trace}", "-o", "x.gif"], r"x\.gif: the name must end in \.svg, \.png, \.pdf"),
    (["{trace}", "-o", "no/such/folder/x.svg"], r"x\.svg: cannot be written"),
])
def test_mistakes_are_told_in_one_line(words, message, tmp_path, capsys):
    (tmp_path / "text.json").write_text("hello")
    (tmp_path / "other.json").write_text("[1, 2]")
    places = {"text": tmp_path / "text.json", "other": tmp_path / "other.json", "trace": results.trace("add"), "table": results.table()}
    words = [word.format(**places) for word in words]
    assert plots.main(words if "-o" in words else [*words, "-o", str(tmp_path / "x.svg")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("superlane: ") and said.count("\n") == 1
    assert re.search(message, said), said
