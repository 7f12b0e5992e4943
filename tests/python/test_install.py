# SPDX-License-Identifier: Apache-2.0
"""`pip install .` into an empty virtual environment, as a reader would; the libraries are those of the build that is tested."""
import os
import subprocess
import sys

import pytest
from conftest import BUILD, ROOT
from test_documents import blocks

#: What pip says when the machine has no way to the package index.
OFFLINE = ("Could not find a version", "Temporary failure in name resolution", "Network is unreachable", "Connection refused")
SHIPPED = """
import importlib.metadata
names = {str(path) for path in importlib.metadata.files("superlane")}
assert {"superlane/py.typed", "superlane/_core.pyi", "superlane/data/chips/tsp-v1.json"} <= names, names
"""


@pytest.mark.slow
def test_it_installs_into_an_empty_environment(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("SUPERLANE_")}
    settings = {"build-dir": tmp_path / "wheel", "cmake.define.SUPERLANE_LIBRARIES": BUILD.resolve()}
    words = [f"--config-settings={key}={value}" for key, value in settings.items()]
    done = subprocess.run([tmp_path / "venv/bin/pip", "install", "--disable-pip-version-check", ".", *words], cwd=ROOT, env=clean,
                          capture_output=True, text=True)
    if done.returncode != 0 and any(words in done.stderr for words in OFFLINE):
        pytest.skip("no way to the package index")
    assert done.returncode == 0, done.stderr[-3000:]
    (tmp_path / "examples").symlink_to(ROOT / "examples")

    def run(*words):
        return subprocess.run([tmp_path / "venv/bin" / words[0], *words[1:]], cwd=tmp_path, env=clean, capture_output=True, text=True)

    first = run("python", "-c", blocks(ROOT / "README.md")[0].text + "print(superlane.chips())" + SHIPPED)
    assert first.returncode == 0 and "tsp-v1" in first.stdout, first.stderr
    assert run("superlane", "gemm", "1", "64", "64", "--timing-only").returncode == 0
    assert run("superlane", "gemm", "1", "64").returncode == 2
    missing = run("superlane", "plot", "none.json", "-o", "x.svg")
    assert missing.returncode == 2 and missing.stderr.count("\n") == 1, missing.stderr
