# SPDX-License-Identifier: Apache-2.0
"""Where the tests find the program, the package and the sources: in build/, unless the environment names others."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SUPERLANE_BUILD", ROOT / "build"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
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


@pytest.fixture
def photograph(tmp_path):
    """Draws a page in a browser without a window: its pixels. An error of a script or a missing file fails the test."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed (apt install chromium)")

    def draw(file, width, height):
        from PIL import Image
        picture = tmp_path / "page.png"
        done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}", f"--user-data-dir={tmp_path / 'profile'}",
                               "--enable-logging=stderr", f"--screenshot={picture}", file.as_uri()], capture_output=True, text=True, timeout=300)
        assert picture.is_file(), done.stderr[-2000:]
        assert "CONSOLE" not in done.stderr
        return Image.open(picture).convert("RGB")

    return draw
