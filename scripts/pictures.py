#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws docs/images/*.svg: runs the commands of docs/pictures.md in a scratch folder.

    python3 scripts/pictures.py build     # needs the package in build/python, matplotlib, pandas
"""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def blocks():
    """Commands of each ```bash block."""
    for block in (ROOT / "docs" / "pictures.md").read_text().split("```bash\n")[1:]:
        yield block.split("```")[0].splitlines()


def run(command, build, folder):
    words = command.split()
    assert words[0] == "build/superlane", command
    where = {"docs": ROOT, "examples": ROOT, "workloads": ROOT}
    words = [str(where[word.split("/")[0]] / word) if "/" in word and word.split("/")[0] in where else word for word in words]
    python = words[1] in ("plot", "report", "sweep")
    words[:1] = [sys.executable, "-m", "superlane"] if python else [str(build / "superlane")]
    subprocess.run(words, cwd=folder, check=True, env={**os.environ, "PYTHONPATH": str(build / "python")}, stdout=subprocess.DEVNULL)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        for commands in blocks():
            for command in commands:
                print(command, flush=True)
                run(command, build, folder)


if __name__ == "__main__":
    main()
