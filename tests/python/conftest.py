# SPDX-License-Identifier: Apache-2.0
"""Python tests run on the sources and the program in build/, unless SUPERLANE_BINARY names another."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = [str(ROOT / "python"), str(ROOT / "tests" / "python")]
sys.path[:0] = [folder for folder in FOLDERS if folder not in sys.path]
os.environ["PYTHONPATH"] = os.pathsep.join([*FOLDERS, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
os.environ.setdefault("SUPERLANE_BINARY", str(ROOT / "build" / "superlane"))


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than some seconds; left out by -m 'not slow'")
