# SPDX-License-Identifier: Apache-2.0
"""Commands from Python: the same bytes as the command line, Python's own ways of asking and of failing."""
import json
import pickle
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import superlane

TINY = "examples/tiny-llama"
CASES = [
    ("decode", (TINY,), {"tokens": 3, "prompt": "The chip "}),
    ("decode", (TINY,), {"tokens": 2, "system": 4, "tp": 2, "pp": 2}),
    ("gemm", (1, 64, 96), {"dtype": "int8"}),
    ("collective", ("all-reduce",), {"system": "tsp-v1-node", "bytes": "4K", "timing_only": True}),
    ("gpu", ("h100", "llama-2-7b"), {"batch": 4}),
    ("cost", ("chip", "tsp-v1"), {}),
]


def without_speed(text):
    """The JSON less what depends on the machine that simulates; order and layout stay."""
    return json.dumps(json.loads(text, object_pairs_hook=lambda pairs: dict(pair for pair in pairs if pair[0] != "simulator")))


@pytest.mark.parametrize("name, values, keywords", CASES, ids=lambda case: case if isinstance(case, str) else "")
def test_a_result_is_that_of_the_command_line(program, name, values, keywords):
    result = getattr(superlane, name)(*values, **keywords)
    line = program(*result["command"])
    assert without_speed(result.json) == without_speed(line)
    assert result.digest == json.loads(line).get("digest", "")
    assert result.json.endswith("}\n") and "\n  \"" in result.json


def test_a_result_is_a_mapping_that_can_be_kept(tmp_path):
    result = superlane.gemm(1, 64, 64, dtype="int8", timing_only=True)
    assert result["cycles"] > 0 and "cycles" in result and result["simulator.wall_s"] >= 0
    result.save(tmp_path / "gemm.json")
    for copy in (superlane.Result.load(tmp_path / "gemm.json"), pickle.loads(pickle.dumps(result))):
        assert copy.json == result.json and copy.digest == result.digest and copy.kind == "gemm"
    with pytest.raises(KeyError):
        result["cycles.of"]
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(superlane.UserError, match="bad.json: no result"):
        superlane.Result.load(tmp_path / "bad.json")
    assert "superlane.Result gemm" in repr(result) and "<table>" in result._repr_html_()


def test_a_result_becomes_tables():
    pandas = pytest.importorskip("pandas")
    result = superlane.decode(TINY, tokens=2)
    row = result.to_frame()
    assert len(row) == 1 and row["memory_bytes.weights"][0] == result["memory_bytes"]["weights"]
    assert list(result.to_frame("cycles_per_token")["cycles_per_token"]) == result["cycles_per_token"]
    assert result.to_frame("operators")["cycles"].sum() == sum(result["cycles_per_token"])
    assert isinstance(result.to_frame("parameters").loc["mem.read", "value"], (int, float))
    assert len(pandas.concat([row, row])) == 2


def test_mistakes_are_user_errors():
    for wrong, message in [
        (lambda: superlane.decode("lama-2-7b"), "nearest: 'llama-2-7b'"),
        (lambda: superlane.command("decode", TINY, tokn=3), "unknown keyword 'tokn' \\(nearest: 'tokens'\\)"),
        (lambda: superlane.command("decod", TINY), "unknown command 'decod' \\(nearest: 'decode'\\)"),
        (lambda: superlane.gemm(1, 2, 3, dtype="fp8"), "fp8"),
        (lambda: superlane.command("gemm", 1, 2, 3, 4), "takes 3"),
        (lambda: superlane.Chip("tsp-v1", {"mem.raed": 2}), "mem.read"),
        (lambda: superlane.System("tsp-v1-577"), "tsp-v1-576"),
        (lambda: superlane.Model("llama-2-71b"), "nearest"),
    ]:
        with pytest.raises(superlane.UserError, match=message) as caught:
            wrong()
        assert isinstance(caught.value, (superlane.SuperlaneError, ValueError)) and "\n" not in str(caught.value)


def test_what_a_command_said_goes_with_its_error(tmp_path):
    (tmp_path / "bad.asm").write_text(".chip tsp-v1\n.queue mem.e.0\n@0 read 0 -> E0\n.queue mem.e.1\n@0 read 0 -> E0\n")
    with pytest.raises(superlane.UserError, match="1 hazard") as caught:
        superlane.run(tmp_path / "bad.asm")
    assert "cycle 1" in caught.value.notes


def test_objects_stand_for_their_options():
    chip = superlane.Chip("tsp-v1", {"mem.read": 2})
    assert superlane.arguments("gemm", 1, 64, 64, chip=chip) == ["gemm", "--chip", "tsp-v1", "--set", "mem.read=2", "1", "64", "64"]
    assert superlane.gemm(1, 64, 64, chip=chip).digest == superlane.gemm(1, 64, 64, set={"mem.read": 2}).digest
    assert superlane.decode(superlane.Model(TINY), tokens=1).digest == superlane.decode(TINY, tokens=1).digest
    assert superlane.arguments("decode", TINY, prompt_ids=[[1, 2], [3]], timing_only=True, tokens=None) == [
        "decode", "--prompt-ids", "1,2", "--prompt-ids", "3", "--timing-only", TINY]


def test_chips_systems_and_models_show_what_they_are():
    chip, system, model = superlane.Chip(), superlane.System(64), superlane.Model("llama-2-7b")
    assert chip.lanes == 320 and chip["mem.read"] == 1 and "lanes" in repr(chip) and "<table>" in chip._repr_html_()
    assert system.chips == 64 and len(system.cables()) % 2 == 0 and "nodes" in repr(system)
    assert model.parameters == 6_738_415_616 and model.config["num_hidden_layers"] == 32 and "llama" in repr(model)
    assert {"tsp-v1"} <= set(superlane.chips()) and "tsp-v1-576" in superlane.systems() and "llama-2-7b" in superlane.models()
    for one in (chip, system, model):
        assert repr(pickle.loads(pickle.dumps(one))) == repr(one)


def test_other_threads_run_while_it_simulates():
    turns, done = [0], threading.Event()

    def count():
        while not done.is_set():
            turns[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    superlane.decode(TINY, tokens=8)
    done.set()
    thread.join()
    assert turns[0] > 10


def test_control_c_stops_a_run_and_leaves_the_process_whole():
    script = textwrap.dedent(f"""
        import superlane
        print("ready", flush=True)
        try:
            superlane.decode({TINY!r}, tokens=200, context=640)
        except KeyboardInterrupt:
            print("stopped", superlane.gemm(1, 64, 64, timing_only=True)["cycles"] > 0, flush=True)
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        child.send_signal(2)
        begin = time.monotonic()
        assert child.stdout.readline() == "stopped True\n"
        assert time.monotonic() - begin < 3
    assert child.returncode == 0


def test_the_module_is_a_command_line():
    run = [sys.executable, "-m", "superlane"]
    assert subprocess.run([*run, "--version"], capture_output=True, text=True).stdout == f"superlane {superlane._core.full_version()}\n"
    wrong = subprocess.run([*run, "gemm", "1", "2"], capture_output=True, text=True)
    assert wrong.returncode == 2 and wrong.stderr.startswith("superlane: gemm: ")
