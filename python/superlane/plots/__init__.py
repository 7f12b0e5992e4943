# SPDX-License-Identifier: Apache-2.0
"""Pictures of results, traces and sweeps: one style, safe for colour-blind readers, the same bytes from the same data.

>>> figure = superlane.plots.plot("trace.json", kind="spacetime")        # doctest: +SKIP
>>> superlane.plots.save(figure, "trace.svg")                            # doctest: +SKIP
"""
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import nearest
from .errors import PlotError

if TYPE_CHECKING:
    import matplotlib.figure

FORMATS = ("svg", "png", "pdf")
__all__ = ["FORMATS", "PlotError", "plot", "save"]


def plot(sources: Any, kind: str | None = None, salt: str = "superlane", **options: Any) -> "matplotlib.figure.Figure":
    """Draws one picture.

    Parameters
    ----------
    sources : path, result, or a list of them
        Results (``--json``), a trace (``--trace``), a sweep's table (file or DataFrame).
    kind : str, optional
        One of ``superlane.plots.kinds.BY_NAME``; chosen by the first source when left out.
    **options
        ``title``; of single kinds: ``cycles=(first, past)``, ``x``, ``y``, ``value``, ``colour``.

    Returns
    -------
    matplotlib.figure.Figure
        Belongs to no window; notebooks show it, :func:`save` writes it.

    Raises
    ------
    PlotError
        The sources do not have what the picture needs, in one line.
    """
    from . import kinds
    from .inputs import read
    from .style import style

    inputs = [read(source) for source in (sources if isinstance(sources, (list, tuple)) else [sources])]
    if kind is None:
        chosen = kinds.choose(inputs)
    elif kind not in kinds.BY_NAME:
        raise PlotError(f"unknown kind of picture '{kind}'{nearest(kind, kinds.BY_NAME)}; kinds: {', '.join(kinds.BY_NAME)}")
    else:
        chosen = kinds.BY_NAME[kind]
        _check(chosen, inputs)
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in (*chosen.options, "title"):
            raise PlotError(f"'{name}' is no option of {chosen.name}; it has {', '.join((*chosen.options, 'title'))}")
    with style(salt):
        return chosen.draw(inputs, **given)


def _check(kind, inputs):
    for each in inputs:
        if each.form not in kind.forms:
            raise PlotError(f"{each.file}: {kind.name} is drawn from {' or '.join(kind.forms)}, not from {each.form}")
    if len(inputs) > 1 and not kind.many:
        raise PlotError(f"{kind.name} shows one file; {len(inputs)} were given")


def save(figure: "matplotlib.figure.Figure", path: str | os.PathLike[str]) -> None:
    """Writes SVG, PNG or PDF, by the name's ending; equal figures give equal bytes."""
    from .style import save as write

    form = Path(path).suffix[1:].lower()
    if form not in FORMATS:
        raise PlotError(f"{path}: the name must end in {', '.join('.' + each for each in FORMATS)}")
    try:
        write(figure, path, form)
    except OSError as error:
        raise PlotError(f"{path}: cannot be written: {error.strerror}") from error


def main(argv=None):
    """The command `superlane plot`; returns the exit code."""
    from .command import main as run

    return run(argv)
