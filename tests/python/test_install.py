# SPDX-License-Identifier: Apache-2.0
"""`pip install .` into an empty virtual environment, as a reader would."""
import os
import subprocess
import sys

import pytest
from conftest import ROOT
from test_documents import blocks

#: What pip says when the machine has no way to the package index.
OFFLINE = ("Could not find a version", "Temporary failure in name resolution", "Network is unreachable", "Connection refused")


@pytest.mark.slow
@pytest.mark.skipif("CCACHE_DISABLE" in os.environ, reason="without ccache pip compiles everything a second time, some minutes")
def test_it_installs_into_an_empty_environment(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    # The compiler's name and relative paths as in the build of this test: ccache finds what is compiled already.
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("SUPERLANE_")}
    clean |= {"CXX": "c++", "CCACHE_BASEDIR": str(ROOT), "CCACHE_NOHASHDIR": "1"}
    done = subprocess.run([tmp_path / "venv/bin/pip", "install", "--disable-pip-version-check", "."], cwd=ROOT, env=clean,
                          capture_output=True, text=True)
    if done.returncode != 0 and any(words in done.stderr for words in OFFLINE):
        pytest.skip("no way to the package index")
    assert done.returncode == 0, done.stderr[-3000:]
    (tmp_path / "examples").symlink_to(ROOT / "examples")

    def run(*words):
        return subprocess.run([tmp_path / "venv/bin" / words[0], *words[1:]], cwd=tmp_path, env=clean, capture_output=True, text=True)

    first = run("python", "-c", blocks(ROOT / "README.md")[0] + "print(superlane.chips())")
    assert first.returncode == 0 and "tsp-v1" in first.stdout, first.stderr
    assert run("superlane", "gemm", "1", "64", "64", "--timing-only").returncode == 0
    assert run("superlane", "gemm", "1", "64").returncode == 2
    missing = run("superlane", "plot", "none.json")
    assert missing.returncode == 2 and missing.stderr.count("\n") == 1, missing.stderr
