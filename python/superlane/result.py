# SPDX-License-Identifier: Apache-2.0
"""What a command found: the JSON that it writes, as a mapping, a table, a picture or a page."""
import json
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .display import figures, html_table, text_table
from .errors import UserError, optional

if TYPE_CHECKING:
    import matplotlib.figure
    import pandas

_INPUTS = ("configuration", "parameters", "system_parameters", "command")
_MOST_LINES = 24


class Result(Mapping[str, Any]):
    """The result of one command; a read-only mapping of the JSON that the command line writes with ``--json``.

    A key may name a part of a part: ``result["memory_bytes.kv"]`` is ``result["memory_bytes"]["kv"]``. What a figure means, its
    unit and its formula: ``superlane.explain("stream_utilisation")``.

    Parameters
    ----------
    text : str or bytes
        The JSON.
    notes : str
        What the command said beside it.

    Attributes
    ----------
    json : str
        The JSON, byte for byte as the command line writes it; the times under ``simulator`` differ from run to run.
    notes : str
        Lines that the command line prints to standard error.
    """

    def __init__(self, text: str | bytes, notes: str = "") -> None:
        self.json = text.decode() if isinstance(text, bytes) else text
        self.notes = notes
        values = json.loads(self.json)
        self._values: dict[str, Any] = values if isinstance(values, dict) else {"rows": values}

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Result":
        """Reads a file that ``--json`` or :meth:`save` wrote.

        Raises
        ------
        UserError
            The file is no JSON.
        """
        try:
            return cls(pathlib.Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{path}: no result: {error}") from error

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the JSON to a file; ``superlane rerun FILE`` repeats it."""
        pathlib.Path(path).write_text(self.json, encoding="utf-8")

    def __getitem__(self, key: str) -> Any:
        value: Any = self._values
        if key in value:
            return value[key]
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                raise KeyError(key)
            value = value[part]
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __reduce__(self) -> tuple[type["Result"], tuple[str, str]]:
        return Result, (self.json, self.notes)

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides the result and of the result, 64 hexadecimal digits; '' where a command gives none."""
        return str(self._values.get("digest", ""))

    @property
    def kind(self) -> str:
        """The command that made it, as "decode"."""
        return str((self._values.get("command") or [""])[0])

    def figures(self) -> dict[str, Any]:
        """The single figures in one dict of dotted names; inputs, lists and the simulator's own speed left out."""
        return dict(figures({key: value for key, value in self._values.items() if key not in (*_INPUTS, "simulator")}))

    def to_frame(self, key: str | None = None) -> "pandas.DataFrame":
        """As a pandas table.

        Parameters
        ----------
        key : str, optional
            A list or table in the result, as "operators" or "cycles_per_token". Without it: all single figures in one row,
            so that the rows of several results can be joined by ``pandas.concat``.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        KeyError
            There is no such key.
        """
        pandas = optional("pandas")
        if key is None:
            return pandas.DataFrame([self.figures()])
        value = self[key]
        if isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values()):
            return pandas.DataFrame.from_dict(value, orient="index")
        if isinstance(value, dict):
            return pandas.DataFrame({"name": list(value), "value": list(value.values())})
        if isinstance(value, list) and not any(isinstance(inner, dict) for inner in value):
            return pandas.DataFrame({key: value})
        return pandas.DataFrame(value if isinstance(value, list) else [{key: value}])

    def plot(self, kind: str | None = None, **options: Any) -> "matplotlib.figure.Figure":
        """Draws it.

        Parameters
        ----------
        kind : str, optional
            "operators", "roofline" and so on (docs/pictures.md); chosen by the result when left out.
        **options
            As of :func:`superlane.plots.plot`.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        superlane.plots.PlotError
            The result does not have what the picture needs.
        """
        from . import plots

        return plots.plot(self, kind=kind, **options)

    def report(self, path: str | os.PathLike[str] | None = None, title: str | None = None) -> str:
        """Writes one page of HTML with tables and pictures.

        Parameters
        ----------
        path : path, optional
            File to write; without it nothing is written.
        title : str, optional
            Heading of the page.

        Returns
        -------
        str
            The HTML.
        """
        from . import report

        return report.report(self, path, title)

    def __repr__(self) -> str:
        shown = [("digest", self.digest[:12])] if self.digest else []
        shown += [(key, value) for key, value in self.figures().items() if key not in ("version", "digest") and value not in ("", None)]
        more = len(shown) - _MOST_LINES
        return text_table(f"Result {self.kind}", shown[:_MOST_LINES]) + (f"\n  and {more} more" if more > 0 else "")

    def _repr_html_(self) -> str:
        return html_table(f"superlane {self.kind}", self.figures().items())
