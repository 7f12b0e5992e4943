# SPDX-License-Identifier: Apache-2.0
"""Tables of points: those of a sweep (.sqlite, or its --export as .csv or .parquet), or any other with the same columns."""
import contextlib
import json
import sqlite3

from ..errors import SuperlaneError, nearest, optional
from ..sweep.evaluate import known_axes
from .errors import PlotError

WORDS = {  # axis labels of usual columns
    "latency_us_per_token": "latency, us a token", "throughput_tokens_per_second": "throughput, tokens/s",
    "tokens_per_second": "speed of one request, tokens/s", "usd_per_million_tokens": "price, USD per million tokens",
    "energy_per_token": "energy, J a token", "area_mm2": "area of all dies, mm2", "die_mm2": "area of a die, mm2", "usd_per_hour": "price, USD an hour",
    "gb_per_s_needed": "rate needed, GB/s", "stream_utilisation": "share of the streams filled from SRAM", "weight_bound_ratio": "time by the bound of the weights"}
LARGER_IS_BETTER = ("throughput", "tokens_per_second", "utilisation", "attainment")


def pandas():
    return optional("pandas", "a table")


def read_table(path):
    """The points of a file, as a DataFrame."""
    try:
        if path.suffix == ".csv":
            frame = pandas().read_csv(path)
        elif path.suffix == ".parquet":
            frame = pandas().read_parquet(path)
        else:
            frame = _stored(path)
    except (ValueError, ImportError, sqlite3.DatabaseError) as error:
        if isinstance(error, SuperlaneError):
            raise
        raise PlotError(f"{path}: not a table: {str(error).splitlines()[0]}") from error
    return done(frame)


def done(frame):
    """The points that have metrics, of a sweep's table."""
    return frame[frame["state"] == "done"] if "state" in frame else frame


def _stored(path):
    """The one sweep of a results file, or all points when several share it; of several versions of the program the last."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        known = {row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"points", "members"} <= known:
            raise PlotError(f"{path}: not a results file of a sweep: no tables 'points' and 'members'")
        rows = store.execute("SELECT m.number, p.state, m.axes, p.metrics, p.reason FROM members m JOIN points p ON p.key = m.key "
                             "WHERE p.version = (SELECT version FROM points ORDER BY rowid DESC LIMIT 1) ORDER BY m.sweep, m.number")
        return pandas().DataFrame([{"number": number, "state": state, **json.loads(axes), **json.loads(metrics or "{}"), "reason": reason}
                                   for number, state, axes, metrics, reason in rows])


def column(frame, name, what):
    """A column that must be there."""
    if name not in frame:
        raise PlotError(f"{what or 'table'}: no column '{name}'{nearest(name, frame.columns)}; there are {', '.join(map(str, frame.columns))}")
    return frame[name]


def numbers(frame, name, what):
    """The same, with numbers alone."""
    values = pandas().to_numeric(column(frame, name, what), errors="coerce")
    if values.notna().sum() == 0:
        raise PlotError(f"{what or 'table'}: column '{name}' has no numbers")
    return values


def feasible(frame):
    """Which points are within the constraints of their sweep."""
    return frame["feasible"].astype(bool) if "feasible" in frame else frame.index == frame.index


def axes_of(frame):
    """Columns that were varied: axes of sweeps that take several values."""
    return [name for name in frame.columns if name in known_axes() and frame[name].nunique() > 1]


def words(name):
    """A column as the label of an axis, with its unit."""
    if name in WORDS:
        return WORDS[name]
    unit = known_axes().get(name, {}).get("unit", "")
    return f"{name}, {unit}" if unit else str(name) if name in known_axes() else str(name).replace("_", " ")


def larger_is_better(name):
    return any(part in name for part in LARGER_IS_BETTER)
