# SPDX-License-Identifier: Apache-2.0
"""The command `superlane plot`."""
import argparse

from . import PlotError, plot, save

EXAMPLES = """examples:
  superlane run examples/asm/add_vectors.asm --trace add.json && superlane plot add.json -o add.svg
  superlane plot trace.json -o busy.svg --kind utilisation
  superlane plot decode.json gemm.json -o roofline.svg --kind roofline
  superlane plot sweep.sqlite -o front.svg --kind pareto --x latency_us_per_token --y usd_per_million_tokens
"""


def parser():
    from .kinds import KINDS

    names = "\n".join(f"  {kind.name:12} {kind.summary} (from: {', '.join(kind.forms)})" for kind in KINDS)
    made = argparse.ArgumentParser(prog="superlane plot", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=f"kinds:\n{names}\n\n{EXAMPLES}",
                                   description="Draw a picture of results (--json), a trace (--trace) or the table of a sweep.")
    made.add_argument("files", nargs="+", metavar="FILE", help="result .json, trace .json, table .csv, .parquet or .sqlite")
    made.add_argument("-o", "--output", required=True, metavar="FILE", help="picture to write: .svg, .png or .pdf")
    made.add_argument("--kind", help="which picture; by default the first below that takes the files")
    made.add_argument("--title", help="over the picture")
    made.add_argument("--cycles", metavar="FIRST:PAST", help="spacetime: these cycles alone")
    made.add_argument("--x", metavar="COLUMN", help="pareto, heatmap: across")
    made.add_argument("--y", metavar="COLUMN", help="pareto, heatmap: upward")
    made.add_argument("--value", metavar="COLUMN", help="heatmap: the metric")
    made.add_argument("--colour", metavar="COLUMN", help="pareto: a colour for each of its values")
    return made


def cycles_of(text):
    """FIRST:PAST as two numbers."""
    parts = text.split(":")
    if len(parts) != 2 or not all(part.isdigit() for part in parts) or int(parts[0]) >= int(parts[1]):
        raise PlotError(f"--cycles: '{text}': two cycles FIRST:PAST are wanted, the first smaller, as 100:250")
    return int(parts[0]), int(parts[1])


def main(argv):
    given = parser().parse_args(argv)
    options = {name: getattr(given, name) for name in ("title", "x", "y", "value", "colour")}
    options["cycles"] = cycles_of(given.cycles) if given.cycles else None
    save(plot(given.files, given.kind, **options), given.output)
