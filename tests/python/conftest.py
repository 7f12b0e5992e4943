# SPDX-License-Identifier: Apache-2.0
"""Where the tests find the program, the package and the sources."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SUPERLANE_BUILD", ROOT / "build"))


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
