# SPDX-License-Identifier: Apache-2.0
"""Files that cannot be used and command lines that say something else: one clear line, exit code 2, nothing half-written."""
import json
import os
import pathlib
import resource
import sqlite3
import subprocess
import sys
import tempfile

import pytest
import sweep_points
from conftest import BUILD
from sweep_points import SPEC, small, spec_file  # noqa: F401
from superlane.sweep import SweepError, sweep
from superlane.sweep.store import Store


def cli(*arguments, **options):
    done = subprocess.run([sys.executable, "-m", "superlane", "sweep", *map(str, arguments)], capture_output=True, text=True, **options)
    return done.returncode, done.stderr


def one_line(code, errors, *words):
    assert code == 2 and errors.count("\n") == 1 and errors.startswith("superlane: "), errors
    for word in words:
        assert word in errors


def test_results_that_cannot_be_written_are_one_line(tmp_path, spec_file):
    one_line(*cli(spec_file, "--results", tmp_path / "none" / "r.sqlite"), "none/r.sqlite", "unable to open")
    one_line(*cli(spec_file, "--results", tmp_path), "unable to open")
    (tmp_path / "text.sqlite").write_text("no database, but some text that is long enough to have a header in it" * 3)
    one_line(*cli(spec_file, "--results", tmp_path / "text.sqlite"), "text.sqlite", "not a database")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_read_only_file_is_one_line(tmp_path, spec_file):
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are for one user
        os.chmod(folder, 0o755)
        results, spec = pathlib.Path(folder, "r.sqlite"), pathlib.Path(folder, "spec.json")
        spec.write_text(json.dumps(small()))
        Store(results).close()
        results.chmod(0o444)
        code = "import concurrent.futures.process, os, sys; from superlane.sweep import main; os.setuid(65534); sys.exit(main())"
        done = subprocess.run([sys.executable, "-c", code, str(spec), "--results", str(results)], capture_output=True, text=True)
        one_line(done.returncode, done.stderr, "r.sqlite", "readonly")


def test_a_full_disk_is_one_line_and_what_was_written_is_whole(tmp_path, spec_file):
    results = tmp_path / "r.sqlite"
    sweep(small(), results, 1, evaluate=sweep_points.formula)
    limit = max(each.stat().st_size for each in tmp_path.glob("r.sqlite*")) + 4096

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    code, errors = cli(spec_file, "--results", results, preexec_fn=fill)
    one_line(code, errors, "r.sqlite", "disk")
    assert sweep(small(), results, 1, evaluate=sweep_points.formula).computed == 0
    assert sqlite3.connect(results).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_full_file_stops_the_sweep_and_keeps_what_it_has(tmp_path):
    with Store(tmp_path / "r.sqlite") as store:
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(SweepError, match="disk is full"):
            for k in range(100):
                store.claim(str(k), "v", {"text": "x" * 500})
                store.finish(str(k), "done", {"x": k})
        states = store.states(map(str, range(100)))
        assert states and set(states.values()) <= {"done", "claimed"}


def test_a_file_of_another_schema_or_program_is_refused(tmp_path, spec_file):
    results = tmp_path / "r.sqlite"
    Store(results).close()
    with sqlite3.connect(results) as db:
        db.execute("PRAGMA user_version = 7")
    db.close()
    before = results.read_bytes()
    one_line(*cli(spec_file, "--results", results), "schema 7", "reads 1")
    assert results.read_bytes() == before
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    one_line(*cli(spec_file, "--results", other), "not of a sweep")


@pytest.mark.parametrize("arguments, word", [
    (["none.json"], "No such file"), ([], "SPEC.json is missing"), (["--show", "x"], "--show takes"),
    (["spec.json", "--worker", "2"], "--worker"), (["spec.json", "--workers", "0"], "from 1 to 1024"),
    (["spec.json", "--workers", "x"], "invalid int"), (["spec.json", "--export", "a.xls"], ".csv, .json or .parquet"),
    (["spec.json", "--export", "none/a.csv"], "folder is missing")])
def test_a_mistake_on_the_command_line_is_one_line_and_writes_nothing(tmp_path, spec_file, arguments, word):
    one_line(*cli(*arguments, cwd=tmp_path), word)
    assert [each.name for each in tmp_path.iterdir()] == ["spec.json"]


def test_the_package_and_the_program_give_the_same_table(tmp_path):
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({**SPEC, "axes": {"c2c.latency": [16, 64]}}))
    tables = []
    for command in ([sys.executable, "-m", "superlane"], [BUILD / "superlane"]):
        words = [*command, "sweep", spec, "--results", tmp_path / "shared.sqlite", "--json"]
        done = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"SUPERLANE_PYTHON": sys.executable})
        assert done.returncode == 0, done.stderr
        tables.append(json.loads(done.stdout)["rows"])
    assert tables[0] == tables[1] and [row["state"] for row in tables[0]] == ["done", "done"]
    points = sqlite3.connect(tmp_path / "shared.sqlite").execute("SELECT count(*) FROM points").fetchone()
    assert points == (2,)
