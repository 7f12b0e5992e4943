#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the notebooks of examples/notebooks, or those named, and keeps text and pictures as their outputs: notebooks.py [NAME.ipynb ...]

Needs nbclient, ipykernel and matplotlib, and the package (PYTHONPATH=build/python, or installed)."""
import pathlib
import sys

import nbclient
import nbformat

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "examples" / "notebooks"
TIMEOUT_S = 1800  # of a cell: one compiles the libraries


def refresh(path):
    book = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(book, timeout=TIMEOUT_S, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}).execute()
    book.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
    for cell in book.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.execution_count = None  # numbers and times would differ without meaning
            cell.outputs = [kept(output) for output in cell.outputs]
    nbformat.write(book, path)


def kept(output):
    if "data" in output:
        png = output["data"]["image/png"]
        return nbformat.v4.new_output("display_data", {"image/png": png})
    return output


for path in map(pathlib.Path, sys.argv[1:] or sorted(FOLDER.glob("*.ipynb"))):
    refresh(path)
