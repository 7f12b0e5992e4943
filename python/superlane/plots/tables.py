# SPDX-License-Identifier: Apache-2.0
"""Tables of points: those of a sweep (.sqlite, or its --export as .csv or .parquet), or any other with the same columns."""
import contextlib
import json
import sqlite3

from ..errors import SuperlaneError, nearest, optional
from .errors import PlotError

WORDS = {  # axis labels of usual columns
    "latency_us_per_token": "latency, us a token", "throughput_tokens_per_second": "throughput, tokens/s",
    "tokens_per_second": "speed of one request, tokens/s", "usd_per_million_tokens": "price, USD per million tokens",
    "energy_per_token": "energy, J a token", "area_mm2": "area of all dies, mm2", "die_mm2": "area of a die, mm2", "usd_per_hour": "price, USD an hour",
    "stream_utilisation": "share of the streams filled from SRAM", "weight_bound_ratio": "time by the bound of the weights"}
LARGER_IS_BETTER = ("throughput", "tokens_per_second", "utilisation", "attainment")


def pandas():
    return optional("pandas", "a table")


def read_table(path):
    """A DataFrame of the points that were done."""
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
        raise PlotError(f"{what}: no column '{name}'{nearest(name, frame.columns)}; there are {', '.join(map(str, frame.columns))}")
    return frame[name]


def numbers(frame, name, what):
    """The same, with numbers alone."""
    values = pandas().to_numeric(column(frame, name, what), errors="coerce")
    if values.notna().sum() == 0:
        raise PlotError(f"{what}: column '{name}' has no numbers")
    return values


def axes_of(frame):
    """Columns that a sweep varied: those before its metrics that take more than one value, few of them."""
    candidates = [name for name in frame.columns if name not in ("number", "state", "reason", "feasible", "simulator", "digest")]
    return [name for name in candidates if 1 < frame[name].nunique() < len(frame) and frame[name].nunique() <= 32]


def words(name):
    return WORDS.get(name, str(name).replace("_", " "))


def larger_is_better(name):
    return any(part in name for part in LARGER_IS_BETTER)
