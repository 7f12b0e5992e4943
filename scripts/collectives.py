# SPDX-License-Identifier: Apache-2.0
# Puts figures of `superlane collective` into docs/collectives.md: collectives.py PROGRAM; with --check only tells whether the page
# is fresh, by the rows that run in well below a second.
import json
import pathlib
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs/collectives.md"
BEGIN = "<!-- all-reduces; refresh with: python3 scripts/collectives.py build/superlane -->\n"
END = "<!-- end of the all-reduces -->\n"
HEAD = """| system | size | algorithm | time | bus bandwidth | of the peak | plan's formula | bound |
|---|---|---|---|---|---|---|---|
"""
FAST, SLOW = [("tsp-v1-node", "16K,32K,1M"), ("64", "32K")], [("tsp-v1-10440", "8K")]


def lines(program, system, sizes):
    command = [program, "collective", "all-reduce", "--system", system, "--sizes", sizes, "--timing-only", "--json", "-"]
    result = json.loads(subprocess.run(command, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE, check=True).stdout)
    name = f"{result['chips']} chips" if system.isdigit() else f"`{system}`"
    return [f"| {name} | {p['bytes'] // 1024:,} KiB | {p['algorithm']} | {p['cycles']:,} cycles, {p['us']:.3f} us | "
            f"{p['bus_gbytes_per_s']:.2f} GB/s | {100 * p['share_of_peak']:.1f} % | {p['estimate_cycles']:,} cycles | "
            f"{p['bound_cycles']:,} cycles |\n" for p in result["sizes"]]


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    head, rest = PAGE.read_text().split(BEGIN)
    shown, tail = rest.split(END)
    now = [line for row in FAST for line in lines(program, *row)]
    if "--check" not in sys.argv:
        now += [line for row in SLOW for line in lines(program, *row)]
        PAGE.write_text(head + BEGIN + HEAD + "".join(now) + END + tail)
    elif not shown.startswith(HEAD + "".join(now)):
        print("".join(now))
        sys.exit("docs/collectives.md is stale; refresh with: python3 scripts/collectives.py build/superlane")


main()
