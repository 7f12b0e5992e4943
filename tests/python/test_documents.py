# SPDX-License-Identifier: Apache-2.0
"""The Python blocks of the documents run, each document in a fresh process and folder, as a reader would."""
import re
import subprocess
import sys
import time

import pytest
from conftest import ROOT

DOCUMENTS = [path for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))] if "```python\n" in path.read_text()]


def blocks(document):
    return re.findall(r"^```python\n(.*?)^```$", document.read_text(), re.M | re.S)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_its_blocks_run(document, tmp_path):
    for name in ("examples", "workloads"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run([sys.executable, "-c", "\n".join(blocks(document))], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_first_example_of_the_readme_takes_less_than_a_second(monkeypatch):
    import superlane  # noqa: F401

    begin = time.process_time()
    exec(compile(blocks(ROOT / "README.md")[0], "README.md", "exec"), {})
    assert time.process_time() - begin < 1
