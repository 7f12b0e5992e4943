# SPDX-License-Identifier: Apache-2.0
"""What a command found: the JSON that it writes, as a mapping, a table, a picture or a page."""
import html
import json
import pathlib
from collections.abc import Mapping

from .errors import MissingPackageError, UserError

_INPUTS = ("configuration", "parameters", "system_parameters", "command")


def optional(name):
    """An optional package, or an error that says how to install it."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackageError(f"this needs the package {name}: pip install {name}") from error


def scalars(value, prefix=""):
    """(dotted key, value) of the single values in an object, in its order; lists are left out."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from scalars(inner, f"{prefix}{key}.")
        elif not isinstance(inner, list):
            yield prefix + key, inner


class Result(Mapping):
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

    def __init__(self, text, notes=""):
        self.json = text.decode() if isinstance(text, bytes) else text
        self.notes = notes
        self._values = json.loads(self.json)
        if not isinstance(self._values, dict):
            self._values = {"rows": self._values}

    @classmethod
    def load(cls, path):
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

    def save(self, path):
        """Writes the JSON to a file; ``superlane rerun FILE`` repeats it."""
        pathlib.Path(path).write_text(self.json, encoding="utf-8")

    def __getitem__(self, key):
        value = self._values
        if key in value:
            return value[key]
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                raise KeyError(key)
            value = value[part]
        return value

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def __reduce__(self):
        return Result, (self.json, self.notes)

    @property
    def digest(self):
        """SHA-256 of all that decides the result and of the result, 64 hexadecimal digits; '' where a command gives none."""
        return self._values.get("digest", "")

    @property
    def kind(self):
        """The command that made it, as "decode"."""
        return (self._values.get("command") or [""])[0]

    def figures(self):
        """The single figures in one dict of dotted names; inputs, lists and the simulator's own speed left out."""
        inner = {key: value for key, value in self._values.items() if key not in (*_INPUTS, "simulator")}
        return dict(scalars(inner))

    def to_frame(self, key=None):
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

    def plot(self, kind=None, **options):
        """Draws it; see :func:`superlane.plots.plot`."""
        from . import plots

        return plots.plot(self, kind=kind, **options)

    def report(self, path=None, **options):
        """Writes one page of HTML with tables and pictures; see :func:`superlane.report.report`."""
        from . import report

        return report.report(self, path, **options)

    def __repr__(self):
        shown = [("digest", self.digest[:12])] if self.digest else []
        shown += [(key, value) for key, value in self.figures().items() if key not in ("version", "digest") and value not in ("", None)]
        lines = [f"  {key:30} {_short(value)}" for key, value in shown[:24]]
        more = len(shown) - len(lines)
        return "\n".join([f"<superlane.Result {self.kind}>", *lines, *([f"  and {more} more"] if more > 0 else [])])

    def _repr_html_(self):
        rows = "".join(f"<tr><th>{html.escape(key)}</th><td>{html.escape(_short(value))}</td></tr>"
                       for key, value in self.figures().items())
        return f"<table><caption>superlane {html.escape(self.kind)}</caption>{rows}</table>"


def _short(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        text = str(value)
        return text if len(text) <= 70 else text[:67] + "..."
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
