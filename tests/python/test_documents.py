# SPDX-License-Identifier: Apache-2.0
"""The Python blocks of the documents run, each document in a fresh process and folder, and print what is shown."""
import subprocess
import sys
import time

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "style"))
import documents  # noqa: E402


def blocks(document):
    return [block for block in documents.blocks(document.read_text()) if block.language == "python" and documents.runs(block)]


DOCUMENTS = [path for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))] if blocks(path)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_its_blocks_run(document, tmp_path):
    for name in ("examples", "workloads"):
        (tmp_path / name).symlink_to(ROOT / name)
    script = "\nprint(end=chr(0))\n".join(block.text for block in blocks(document))
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for block, printed in zip(blocks(document), done.stdout.split("\0"), strict=True):
        assert block.output is None or documents.says(block.output, printed), f"line {block.line} prints:\n{printed}"


def test_the_first_example_of_the_readme_takes_less_than_a_second(monkeypatch):
    import superlane  # noqa: F401

    begin = time.process_time()
    exec(compile(blocks(ROOT / "README.md")[0].text, "README.md", "exec"), {})
    assert time.process_time() - begin < 1
