# SPDX-License-Identifier: Apache-2.0
"""The command `superlane report`."""
import argparse

from ..plots.errors import PlotError
from . import report

EXAMPLES = """examples:
  superlane decode examples/tiny-llama --tokens 8 --json decode.json --trace trace.json
  superlane report decode.json trace.json -o report.html
  superlane report sweep.sqlite -o sweep.html --title 'How much SRAM?'
"""


def main(argv):
    parser = argparse.ArgumentParser(prog="superlane report", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXAMPLES,
                                     description="Write one self-contained page of HTML about results, traces and sweeps.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="result .json, trace .json, table .csv, .parquet or .sqlite")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="page to write, .html")
    parser.add_argument("--title", help="heading of the page")
    given = parser.parse_args(argv)
    if not given.output.endswith((".html", ".htm")):
        raise PlotError(f"{given.output}: the name must end in .html")
    report(given.files, given.output, given.title)
