# SPDX-License-Identifier: Apache-2.0
"""One page of HTML that holds everything of a run: figures with units, tables, pictures, parameters with their origin.

>>> superlane.report.report(["decode.json", "trace.json"], "report.html")     # doctest: +SKIP
"""
import os
from pathlib import Path
from typing import Any

from ..plots.errors import PlotError

__all__ = ["report"]


def report(sources: Any, path: str | os.PathLike[str] | None = None, title: str | None = None) -> str:
    """Writes a page, or returns it.

    Parameters
    ----------
    sources : path, result, or a list of them
        Results (``--json``), traces (``--trace``), tables of sweeps; a section each.
    path : path, optional
        File to write; without it nothing is written.
    title : str, optional
        Heading; what was run when left out.

    Returns
    -------
    str
        The HTML. It loads nothing from anywhere, and the same sources give the same bytes.

    Raises
    ------
    PlotError
        A source is no result, trace or table, in one line.
    """
    from ..plots.inputs import read
    from .page import page

    inputs = [read(source) for source in (sources if isinstance(sources, (list, tuple)) else [sources])]
    text = page(inputs, title)
    if path is not None:
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise PlotError(f"{path}: cannot be written: {error.strerror}") from error
    return text


def main(argv=None):
    """The command `superlane report`; returns the exit code."""
    from .command import main as run

    return run(argv)
