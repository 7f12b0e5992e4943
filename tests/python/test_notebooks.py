# SPDX-License-Identifier: Apache-2.0
"""Each notebook of examples/notebooks runs from top to bottom and prints what is committed with it."""
import os
import pathlib
import shutil

import pytest
from conftest import ROOT

NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
CELL_S = 1800  # at most; one cell compiles the libraries


def said(cell):
    """What a cell printed and showed, pictures by their kind alone: fonts differ from machine to machine."""
    text = "".join(output["text"] for output in cell.outputs if output.output_type == "stream")
    shown = [kind for output in cell.outputs if "data" in output for kind in output["data"] if kind.startswith("image/")]
    return text, shown


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_prints_what_is_committed(path, tmp_path):
    for package in ("matplotlib", "nbclient", "ipykernel"):
        pytest.importorskip(package, reason=f"notebooks need {package}")
    if "own_instruction" in path.stem and "CCACHE_DISABLE" in os.environ:
        pytest.skip("without ccache it compiles everything, some minutes")
    import nbclient
    import nbformat

    folder = tmp_path / "examples" / "notebooks"  # what a notebook writes stays here; the sources are around it
    shutil.copytree(path.parent, folder)
    for parent in (path.parent.parent, ROOT):
        for other in parent.iterdir():
            if not path.is_relative_to(other):
                (tmp_path / other.relative_to(ROOT)).symlink_to(other)
    committed = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(fresh, timeout=CELL_S, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    for before, after in zip(committed.cells, fresh.cells, strict=True):
        if before.cell_type == "code":
            assert said(after) == said(before), before.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_small_and_has_no_noise(path):
    import json

    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] is None for cell in cells)
    assert all(output.get("name") != "stderr" and output["output_type"] != "error" for cell in cells for output in cell["outputs"])
    pictures = ["".join(output["data"]["image/png"]) for cell in cells for output in cell["outputs"] if "data" in output]
    assert all(len(picture) * 3 / 4 < 150_000 for picture in pictures)
    assert str(pathlib.Path.home()) not in path.read_text()
