# SPDX-License-Identifier: Apache-2.0
# Puts figures of `superlane collective` into docs/collectives.md: collectives.py PROGRAM; with --check only tells whether the page
# is fresh, by the rows that run in about a second, with --check --slow by those that run in some seconds.
import json
import pathlib
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs/collectives.md"
BEGIN = "<!-- {}; refresh with: python3 scripts/collectives.py build/superlane -->\n"
END = "<!-- end of the {} -->\n"
MADE = {
    "ring, 16": {"topology": "ring", "parameters": {"topology.chips": 16}},
    "torus, 4 x 4": {"topology": "torus", "dimensions": [4, 4]},
    "QuadFour ring, 576": {"inherits": "tsp-v1-576", "parameters": {"topology.ring": 1}},
    "QuadFour row, 40": {"inherits": "tsp-v1-576", "parameters": {"topology.nodes": 5}},
}
# Name of a table, its head, and (how slow, system, collective, sizes): 0 always, 1 slow, 2 never checked.
ALL_REDUCES = ("all-reduces", "| system | size | time | bus bandwidth | of the peak | algorithm | plan's formula | bound |",
               [(0, "tsp-v1-node", "all-reduce", "16K,32K,1M"), (0, "64", "all-reduce", "32K"), (2, "tsp-v1-10440", "all-reduce", "8K")])
EVERY = ["all-reduce", "all-gather", "reduce-scatter", "broadcast"]
LARGE = ("large sizes", "| system | collective | size | algorithm | cycles | bound | ratio |",
         [(0, "tsp-v1-node", kind, "1M") for kind in EVERY]
         + [(1, system, kind, "1M") for system in ("tsp-v1-rack", "ring, 16", "torus, 4 x 4") for kind in EVERY]
         + [(1, "tsp-v1-264", kind, "1M") for kind in EVERY[:3]]
         + [(1, "QuadFour ring, 576", "all-reduce", "2M"), (2, "QuadFour row, 40", "all-reduce", "1M")])


def points(program, folder, system, kind, sizes):
    name = system
    if system in MADE:
        name = str(pathlib.Path(folder) / "system.json")
        pathlib.Path(name).write_text(json.dumps({"name": "made", "chip": "tsp-v1"} | MADE[system]))
    command = [program, "collective", kind, "--system", name, "--sizes", sizes, "--timing-only", "--json", "-"]
    result = json.loads(subprocess.run(command, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE, check=True).stdout)
    shown = f"{system} chips" if system.isdigit() else system if system in MADE else f"`{system}`"
    return [(shown, f"{p['bytes'] // 1024:,} KiB", p) for p in result["sizes"]]


def line(table, system, kind, size, p):
    if table is ALL_REDUCES:
        cells = [system, size, f"{p['cycles']:,} cycles, {p['us']:.3f} us", f"{p['bus_gbytes_per_s']:.2f} GB/s",
                 f"{100 * p['share_of_peak']:.1f} %", p["algorithm"], f"{p['estimate_cycles']:,} cycles", f"{p['bound_cycles']:,} cycles"]
    else:
        cells = [system, kind, size, p["algorithm"], f"{p['cycles']:,}", f"{p['bound_cycles']:,}", f"{p['cycles'] / p['bound_cycles']:.2f}"]
    return "| " + " | ".join(cells) + " |\n"


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    check, most = "--check" in sys.argv, 2 if "--check" not in sys.argv else int("--slow" in sys.argv)
    page = PAGE.read_text()
    stale = []
    with tempfile.TemporaryDirectory() as folder:
        for table in (ALL_REDUCES, LARGE):
            name, head, rows = table
            before, rest = page.split(BEGIN.format(name))
            shown, after = rest.split(END.format(name))
            now = [line(table, system, kind, size, p) for slow, *row in rows if (slow == most if check else True)
                   for kind in [row[1]] for system, size, p in points(program, folder, *row)]
            stale += [text for text in now if text not in shown.splitlines(keepends=True)]
            rule = "|---" * (head.count("|") - 1) + "|\n"
            page = before + BEGIN.format(name) + head + "\n" + rule + "".join(now) + END.format(name) + after
    if not check:
        PAGE.write_text(page)
    elif stale:
        print("".join(stale))
        sys.exit("docs/collectives.md is stale; refresh with: python3 scripts/collectives.py build/superlane")


main()
