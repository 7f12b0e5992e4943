# SPDX-License-Identifier: Apache-2.0
"""Results on disk are kept under a digest of the sources: those of a changed simulator do not mix with older ones."""
import json
import re
import subprocess

import superlane
from conftest import BUILD, ROOT
from superlane.sweep import evaluate as simulator


def digest(folder, names):
    """What experiment/source_digest.cmake writes for these files of a folder."""
    (folder / "list").write_text("".join(name + "\n" for name in names))
    words = [f"-DROOT={folder}", f"-DLIST={folder / 'list'}", f"-DOUTPUT={folder / 'digest.cpp'}"]
    subprocess.run(["cmake", *words, "-P", ROOT / "experiment" / "source_digest.cmake"], check=True)
    return re.search(r'"([0-9a-f]{64})"', (folder / "digest.cpp").read_text())[1]


def test_the_digest_is_of_names_and_contents(tmp_path):
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "a.cpp").write_text("int a;\n")
        (tmp_path / place / "b.cpp").write_text("int a;\n")
    one, two = tmp_path / "one", tmp_path / "two"
    assert digest(one, ["a.cpp"]) == digest(two, ["a.cpp"]) != digest(two, ["b.cpp"])
    (two / "a.cpp").write_text("int a = 1;\n")
    assert digest(one, ["a.cpp"]) != digest(two, ["a.cpp"])


def test_sources_that_decide_results_are_in_it():
    names = set((BUILD / "experiment" / "source_digest.list").read_text().split())
    assert {"CMakeLists.txt", "isa/instructions.def", "sim/core.cpp", "compiler/llama.hpp", "experiment/result.cpp"} <= names
    assert not any(name.startswith(("cli/", "python/", "tests/")) for name in names)


def test_program_and_package_keep_points_under_it(program):
    written = (BUILD / "experiment" / "source_digest.cpp").read_text()
    version = superlane._core.full_version()
    assert re.search(r"sources ([0-9a-f]{12})", version)[1] in written
    assert program("--version") == f"superlane {version}\n"
    (point,) = simulator.resolve([{"model": "llama-2-7b", "layers": 1}])
    assert point["point"]["version"] == version == json.loads(superlane._core.evaluate_point('{"gpu": "h100", "model": "llama-2-7b"}', True))["point"]["version"]
