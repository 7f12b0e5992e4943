# SPDX-License-Identifier: Apache-2.0
# Runs the commands of a document as a reader would, in a scratch folder: commands.py ROOT BUILD DOCUMENT [--slow].
import os
import pathlib
import subprocess
import sys
import tempfile

import documents


def scratch(root, build):
    """A folder that looks like the repository, so that what a command writes does not land in it."""
    folder = tempfile.TemporaryDirectory()
    for name in os.listdir(root):
        if not name.startswith(("build", ".git")):
            os.symlink(root / name, pathlib.Path(folder.name) / name)
    os.symlink(build, pathlib.Path(folder.name) / "build")
    return folder


def main():
    root, build = (pathlib.Path(each).resolve() for each in sys.argv[1:3])
    document, slow = sys.argv[3], "--slow" in sys.argv
    failures = ran = 0
    with scratch(root, build) as folder:
        for number, command, is_slow in documents.commands((root / document).read_text()):
            if is_slow != slow:
                continue
            ran += 1
            done = subprocess.run(["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode != 0:
                failures += 1
                print(f"{document}:{number}: exit code {done.returncode}: {command}\n{done.stdout[-2000:]}")
    print(f"{document}: {ran} commands, {failures} failed")
    sys.exit(1 if failures else 0)


main()
