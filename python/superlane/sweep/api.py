# SPDX-License-Identifier: Apache-2.0
"""`sweep` and `load`: what notebooks, scripts and the command line call."""
import os
import pathlib
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import nearest
from . import evaluate as simulator
from .analysis import is_number
from .errors import SweepError
from .progress import Progress
from .result import SweepResult
from .run import Entry, Runner
from .spec import identity_of, read_spec
from .store import Store
from .workers import open_workers

_MOST_WORKERS = 1024


def sweep(spec: Mapping[str, Any] | str | os.PathLike[str], results: str | os.PathLike[str] | None = None,
          workers: int | None = None, scheduler: str | None = None,
          evaluate: Callable[[dict[str, Any]], dict[str, Any]] = simulator.evaluate) -> SweepResult:
    """Computes all points of a sweep that its results file does not have.

    Parameters
    ----------
    spec : dict or path
        What to sweep, as in docs/sweeps.md.
    results : path, optional
        SQLite file that keeps every point by the hash of all that decides it: a sweep that was interrupted goes on, and
        other sweeps find what they share. Without it, results are kept for this call alone.
    workers : int, optional
        Processes on this machine; all cores when left out.
    scheduler : str, optional
        Address of a Dask scheduler, "tcp://host:port"; its workers compute instead.
    evaluate : function, optional
        Runs one point instead of the simulator: a dictionary of axes in, {"metrics": {...}} or {"error": "..."} out.

    Returns
    -------
    SweepResult

    Raises
    ------
    SweepError
        For what a user can mend, in one line.
    KeyboardInterrupt
        Ctrl-C; points in flight are finished and kept, and the same call goes on from there.
    """
    spec = read_spec(spec, simulator.known_axes())
    version = simulator.program_version()
    if results is None:
        with tempfile.TemporaryDirectory() as folder:
            return _sweep(spec, f"{folder}/results.sqlite", version, workers, scheduler, evaluate)
    return _sweep(spec, results, version, workers, scheduler, evaluate)


def load(results: str | os.PathLike[str], name: str | None = None) -> SweepResult:
    """The table of a sweep that a results file has. No point is computed.

    Parameters
    ----------
    results : path
        SQLite file that a sweep wrote.
    name : str, optional
        Its name, or how its id begins, where the file has several. Of equal names the one of this version of the program
        and of its sources is meant.

    Returns
    -------
    SweepResult

    Raises
    ------
    SweepError
        No such file or sweep, with the nearest name, or several.
    """
    if not pathlib.Path(results).is_file():
        raise SweepError(f"results file {results}: there is none")
    with Store(results) as store:
        identity, found, spec = _chosen(store, name)
        return SweepResult(found, spec["axes"], spec["objectives"], store.rows(identity))


def _chosen(store, name):
    """(id, name, spec) of the sweep that is meant."""
    known = store.sweeps()
    found = [each for each in known if name is None or each[1] == name or each[0].startswith(name)]
    if len(found) > 1:
        version = simulator.program_version()
        found = [each for each in found if each[0] == identity_of(each[2], version)] or found
    if len(found) != 1:
        hint = nearest(name, [each[1] for each in known]) if not found and name else ""
        raise SweepError(f"results file {store.path}: has {len(found)} sweeps that match {name!r}{hint}; it has "
                         + (", ".join(f"{each} ({identity[:12]})" for identity, each, _ in known) or "none"))
    return found[0]


def _sweep(spec, path, version, workers, scheduler, evaluate):
    if workers is not None and not (type(workers) is int and 1 <= workers <= _MOST_WORKERS):
        raise SweepError(f"workers {workers!r}: must be a whole number from 1 to {_MOST_WORKERS}")
    if spec.search == "optuna":
        from .bayes import Search
        search = Search(spec)
    else:
        design = _resolved(spec, spec.points(), version)
    with open_workers(workers, scheduler) as pool, Store(path) as store:
        runner = Runner(store, pool, evaluate, Progress(), _metric_check(spec))
        table = _Table(spec, store, runner, version)
        if spec.search == "optuna":
            left_out = _search(spec, search, table, version)
        else:
            entries, left_out = design
            table.compute(entries)
        return table.result(left_out)


class _Table:
    """The points of one sweep, in the store and in order."""

    def __init__(self, spec, store, runner, version):
        self._spec, self._store, self._runner = spec, store, runner
        self._identity = identity_of(spec.canonical(), version)
        self._count = 0

    def compute(self, entries):
        """Rows of the results, as many as entries."""
        begin = self._count
        self._count += len(entries)
        members = [(begin + i, entry.key, entry.axes) for i, entry in enumerate(entries)]
        self._store.register(self._identity, self._spec.name, self._spec.canonical(), members)
        self._runner.compute(entries)
        return self.result().rows[begin:]

    def result(self, left_out=0):
        return SweepResult(self._spec.name, self._spec.domains, self._spec.objectives, self._store.rows(self._identity),
                           self._spec.after, self._runner.computed, left_out)


def _resolved(spec, points, version):
    """Entries of the points that constraints allow, and how many they do not."""
    full = [{**spec.fixed, **axes} for axes in points]
    entries = [Entry(axes, point, answer, version)
               for axes, point, answer in zip(points, full, simulator.resolve(full))]
    kept = [entry for entry in entries if _allowed(spec, entry)]
    if not kept:
        raise SweepError(f"constraints leave none of the {len(entries)} points")
    return kept, len(entries) - len(kept)


def _allowed(spec, entry):
    values = entry.values(simulator.numeric_defaults())
    for expression in spec.before:
        missing = expression.names - set(values)
        if missing and entry.reason is not None:
            continue  # it is recorded with its reason
        if missing:
            raise SweepError(f"expression '{expression.text}': '{min(missing)}' has no value in every point; fix it, or "
                             "make it an axis")
        if not expression(values):
            return False
    return True


def _metric_check(spec):
    """At the first point that is done: names that are no metrics are mistakes, not constraints that never hold."""
    names = set(spec.objectives).union(*(each.names for each in spec.after))

    def check(metrics):
        known = set(metrics) | set(spec.domains) | set(spec.fixed)
        for name in sorted(names - known):
            numbers = [each for each in metrics if is_number(metrics[each])]
            raise SweepError(f"unknown metric '{name}'{nearest(name, [*numbers, *simulator.known_axes()])}; points have "
                             + ", ".join(sorted(numbers)))

    return check


def _search(spec, search, table, version):
    left_out = 0
    while batch := search.ask():
        entries = []
        for axes in batch:
            point = {**spec.fixed, **axes}
            entries.append(Entry(axes, point, simulator.resolve([point])[0], version))
        allowed = [entry for entry in entries if _allowed(spec, entry)]
        left_out += len(entries) - len(allowed)
        rows = iter(table.compute(allowed))
        search.tell([next(rows) if entry in allowed else None for entry in entries])
    return left_out
