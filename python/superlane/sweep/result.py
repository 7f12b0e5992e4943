# SPDX-License-Identifier: Apache-2.0
"""A sweep's table, and what can be made of it."""
import csv
import io
import json
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import nearest, optional
from . import analysis
from .errors import SweepError

if TYPE_CHECKING:
    import pandas

STANDARD_METRICS = ("latency_us_per_token", "throughput_tokens_per_second", "usd_per_million_tokens", "energy_per_token",
                    "area_mm2")
_HEAD = ("number", "state")
_TAIL = ("reason",)


class SweepResult:
    """The points of a sweep in their order.

    Attributes
    ----------
    rows : list of dict
        One a point: `number`, `state` (done, failed or crashed), the axes, the metrics, `reason` when there are none,
        and `feasible`, whether the constraints hold.
    axes : list of str
        In the order of the spec.
    objectives : dict
        Metric -> "min" or "max", as the spec says.
    metrics : list of str
        That some point has; units as ``superlane.explain(metric)`` and docs/sweeps.md say.
    seconds : float
        That workers took for all points, also those computed before; s.
    computed : int
        Points that this call computed; the others were in the results file.
    left_out : int
        Points of the design that constraints on axes left out.
    """

    def __init__(self, name, axes, objectives, stored, constraints=(), computed=0, left_out=0):
        self.name, self.axes, self.objectives = name, list(axes), dict(objectives)
        self.computed, self.left_out = computed, left_out
        self.metrics = sorted({name for _, _, _, _, metrics, _, _ in stored for name in metrics or {}})
        self.seconds = sum(seconds or 0 for *_, seconds in stored)
        self.rows = [self._row(constraints, *each) for each in stored]

    @staticmethod
    def _row(constraints, number, _key, axes, state, metrics, reason, _seconds):
        row = {"number": number, "state": state, **axes, **(metrics or {}), "reason": reason}
        names = set().union(*(each.names for each in constraints))
        row["feasible"] = state == "done" and names <= set(row) and all(each(row) for each in constraints)
        return row

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.count(state)} {state}" for state in ("done", "failed", "crashed") if self.count(state))
        return f"<sweep {self.name}: {len(self)} points, {counts or 'none done'}>"

    def _repr_html_(self):
        return f"<p>{self!r}</p>" + self.to_frame().to_html(max_rows=20)

    def count(self, state: str) -> int:
        """Points that are "done", "failed" or "crashed"."""
        return sum(row["state"] == state for row in self.rows)

    def columns(self) -> list[str]:
        """Of the table: number, state, axes, metrics, feasible, reason."""
        return [*_HEAD, *self.axes, *(name for name in self.metrics if name not in self.axes), "feasible", *_TAIL]

    def to_frame(self) -> "pandas.DataFrame":
        """The table, one row a point.

        Returns
        -------
        pandas.DataFrame
            Indexed by the point's number; units of metrics as ``superlane.explain(metric)`` says.

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        """
        pandas = optional("pandas")
        return pandas.DataFrame(self.rows, columns=self.columns()).set_index("number")

    def _objectives(self, objectives):
        objectives = dict(objectives or self.objectives)
        if not objectives:
            raise SweepError("a front needs objectives, as {'latency_us_per_token': 'min'}")
        for metric in objectives:
            self._check_metric(metric)
        return objectives

    def _check_metric(self, metric):
        if self.metrics and metric not in self.metrics:
            raise SweepError(f"unknown metric '{metric}'{nearest(metric, self.metrics)}; the points have "
                             + ", ".join(self.metrics))

    def pareto(self, objectives: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Feasible rows that no other beats: at least as good in every objective and better in one.

        Parameters
        ----------
        objectives : dict, optional
            Metric -> "min" or "max"; those of the spec when left out.

        Raises
        ------
        SweepError
            No objectives, or a metric that the points do not have.
        """
        return analysis.pareto([row for row in self.rows if row["feasible"]], self._objectives(objectives))

    def best(self, metric: str, sense: str = "min") -> dict[str, Any] | None:
        """The feasible row with the least (or, "max", the largest) value; None when there is none."""
        self._check_metric(metric)
        rows = [row for row in self.rows if row["feasible"] and analysis.is_number(row.get(metric))]
        return (min if sense == "min" else max)(rows, key=lambda row: row[metric], default=None)

    def sensitivity(self, metrics: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """Which axis matters: main effects on the objectives, or on `metrics`.

        Returns
        -------
        list of dict
            metric, axis, effect, share_of_variance, share_by_chance (docs/sweeps.md); the strongest first.
        """
        chosen = list(metrics or ()) or list(self.objectives) or [name for name in STANDARD_METRICS if name in self.metrics]
        for metric in chosen:
            self._check_metric(metric)
        return analysis.sensitivity([row for row in self.rows if row["state"] == "done"], self.axes, chosen)

    def summary(self) -> dict[str, Any]:
        """Everything as one dictionary that JSON can hold."""
        return {"sweep": self.name, "points": len(self), **{s: self.count(s) for s in ("done", "failed", "crashed")},
                "left_out": self.left_out, "axes": self.axes, "objectives": self.objectives, "rows": self.rows,
                "pareto": [row["number"] for row in self.pareto()] if self.objectives else [],
                "sensitivity": self.sensitivity()}

    def export(self, path: str | os.PathLike[str]) -> None:
        """Writes the table as .csv, .json or .parquet; a file is there whole or not at all."""
        path = pathlib.Path(path)
        check_export(path)
        write = {".csv": self._csv, ".json": self._json, ".parquet": self._parquet}[path.suffix]
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_bytes(write())
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise SweepError(f"export {path}: {error.strerror}") from None

    def _csv(self):
        text = io.StringIO()
        table = csv.DictWriter(text, self.columns(), lineterminator="\n")
        table.writeheader()
        table.writerows(self.rows)
        return text.getvalue().encode()

    def _json(self):
        return (json.dumps(self.summary(), indent=1) + "\n").encode()

    def _parquet(self):
        frame, out = self.to_frame(), io.BytesIO()
        for axis in self.axes:  # names and numbers on one axis, lists: as text
            if len({type(value) for value in frame[axis]}) > 1 or isinstance(frame[axis].iloc[0], list):
                frame[axis] = frame[axis].map(str)
        frame.to_parquet(out)
        return out.getvalue()


def check_export(path):
    """Says before a sweep that its table could not be written after it."""
    path = pathlib.Path(path)
    if path.suffix not in (".csv", ".json", ".parquet"):
        raise SweepError(f"export {path}: the name must end in .csv, .json or .parquet")
    if not os.access(path.parent, os.W_OK):
        raise SweepError(f"export {path}: the folder is missing or cannot be written")
    if path.suffix == ".parquet":
        optional("pandas", "export to Parquet")
        optional("pyarrow", "export to Parquet")
