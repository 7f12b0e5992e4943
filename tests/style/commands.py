# SPDX-License-Identifier: Apache-2.0
# Runs the commands of a document as a reader would, in a scratch folder: commands.py ROOT BUILD DOCUMENT [--slow] [--update].
# With --slow all blocks of a document that has slow ones, else those that are not slow; --update refreshes what is shown.
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import documents


def scratch(root, build):
    """A folder that looks like the repository, so that what a command writes does not land in it."""
    folder = tempfile.TemporaryDirectory()
    there = pathlib.Path(folder.name)
    for name in os.listdir(root):
        if not name.startswith(("build", ".git", "docs")):
            os.symlink(root / name, there / name)
    shutil.copytree(root / "docs", there / "docs")  # pictures are drawn into it
    os.symlink(build, there / "build")
    return folder


def run(block, folder):
    """Standard output of all commands, and complaints about those that failed."""
    output, complaints = "", []
    for line, command in documents.commands(block):
        done = subprocess.run(["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, text=True, capture_output=True)
        output += done.stdout
        if done.returncode != 0:
            complaints.append(f"{line}: exit code {done.returncode}: {command}\n{(done.stdout + done.stderr)[-2000:]}")
    return output, complaints


def main():
    root, build = (pathlib.Path(each).resolve() for each in sys.argv[1:3])
    page, slow = root / sys.argv[3], "--slow" in sys.argv
    text = page.read_text()
    blocks = [block for block in documents.blocks(text) if documents.runs(block)]
    shell = [block for block in blocks if block.language == "sh"]
    quick = [block for block in shell if "slow" not in block.marks]
    chosen = quick if not slow else shell if shell != quick else []
    complaints = []
    with scratch(root, build) as folder:
        for block in blocks:
            if block.language == "json":
                (pathlib.Path(folder) / block.marks[0]).write_text(block.text)
        for block in chosen:
            output, failed = run(block, folder)
            complaints += failed
            if block.output is None or documents.says(block.output, output):
                continue
            if "--update" in sys.argv:
                text = text.replace(block.output, documents.refreshed(block.output, output))
            else:
                complaints.append(f"{block.line}: prints something else than is shown (--update refreshes it):\n{output}")
    if "--update" in sys.argv:
        page.write_text(text)
    print("\n".join(f"{sys.argv[3]}:{each}" for each in complaints) or f"{sys.argv[3]}: {len(chosen)} blocks run")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
