# SPDX-License-Identifier: Apache-2.0
"""`superlane sweep SPEC.json`: the points of a design space, computed once each, and what their table says."""
import json
import pathlib
import sys

from ..command_line import Parser, exit_code
from .api import load, sweep
from .errors import SweepError
from .result import check_export

_MOST_ROWS = 20
_EXAMPLES = """examples:
  superlane sweep examples/sweeps/streams.json --results sweeps.sqlite
  superlane sweep examples/sweeps/sram.json --workers 2 --export sram.csv
  superlane sweep examples/sweeps/links.json --scheduler tcp://head:8786 --results sweeps.sqlite
  superlane sweep --results sweeps.sqlite --show streams"""


def _parser():
    parser = Parser("sweep", __doc__, _EXAMPLES)
    parser.add_argument("spec", nargs="?", metavar="SPEC.json", help="axes, search, constraints, objectives")
    parser.add_argument("--workers", type=int, metavar="N", help="processes on this machine; all cores when left out")
    parser.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="compute on the workers of a Dask scheduler")
    parser.add_argument("--results", metavar="FILE.sqlite",
                        help="keeps every point: resumes, and shares points between sweeps; SPEC.sqlite in this folder when left out")
    parser.add_argument("--export", action="append", default=[], metavar="FILE", help="write the table: .csv, .parquet, .json")
    parser.add_argument("--json", action="store_true", help="print table, front and sensitivity as JSON")
    parser.add_argument("--show", metavar="NAME", help="a sweep that --results has, without computing; '' is the only one")
    return parser


def _text(value):
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)


def _print_table(rows, columns):
    lines = [columns] + [[_text(row.get(column, "")) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        print("  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths)))


def _print_failures(result):
    reasons = {}
    for row in result.rows:
        if row["state"] != "done":
            reasons.setdefault(row["reason"], []).append(row["number"])
    for reason, numbers in list(reasons.items())[:_MOST_ROWS]:
        print(f"failed       {len(numbers)}, as point {numbers[0]}: {reason}")


def _print(result):
    left = f"; constraints left out {result.left_out}" if result.left_out else ""
    print(f"sweep        {result.name}: {len(result)} points, {result.count('done')} done, {result.computed} of them now, "
          f"{len(result) - result.count('done')} failed{left}")
    _print_failures(result)
    if not result.count("done"):
        return
    if result.objectives:
        front = result.pareto()
        print(f"front        {len(front)} points: " + ", ".join(f"{m} {s}" for m, s in result.objectives.items()))
        _print_table(front[:_MOST_ROWS], ["number", *result.axes, *(m for m in result.objectives if m not in result.axes)])
        if len(front) > _MOST_ROWS:
            print(f"  ... {len(front) - _MOST_ROWS} more; --export FILE.csv has all")
    if effects := result.sensitivity():
        print("sensitivity  main effects: how far the mean of the metric moves over the axis, by its mean; the share of variance")
        _print_table(effects, ["metric", "axis", "effect", "share_of_variance", "share_by_chance"])


def _run(words):
    options = _parser().parse(words)
    for path in options.export:
        check_export(path)
    if options.show is not None:
        if options.spec or not options.results:
            raise SweepError("--show takes a sweep of --results, and no SPEC.json")
        result = load(options.results, options.show or None)
    elif not options.spec:
        raise SweepError("SPEC.json is missing; see `superlane sweep --help`")
    else:
        results = options.results or pathlib.Path(options.spec).stem + ".sqlite"
        result = sweep(options.spec, results, options.workers, options.scheduler)
    for path in options.export:
        result.export(path)
    if options.json:
        json.dump(result.summary(), sys.stdout, indent=1)
        print()
    else:
        _print(result)
    if not result.count("done"):
        raise SweepError(f"no point of {result.name} is done")


def main(words=None):
    """The exit code: 0 done, 2 a mistake in the input, 130 interrupted."""
    return exit_code(_run, words)
