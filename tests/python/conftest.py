# SPDX-License-Identifier: Apache-2.0
"""Where the tests find the program, the package and the sources: in build/, unless the environment names others."""
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SUPERLANE_BUILD", ROOT / "build"))
FOLDERS = [str(BUILD / "python"), str(ROOT / "tests" / "python")]  # also of the processes that tests start
sys.path[:0] = [folder for folder in FOLDERS if folder not in sys.path]
os.environ["PYTHONPATH"] = os.pathsep.join([*FOLDERS, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than some seconds; left out by -m 'not slow'")


@pytest.fixture(autouse=True)
def in_sources(monkeypatch):
    """Models are named as a reader at the root of the sources would."""
    monkeypatch.chdir(ROOT)


@pytest.fixture
def program():
    """Runs the program `superlane`; its standard output, exit code 0."""

    def run(*words, code=0):
        done = subprocess.run([BUILD / "superlane", *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return run
