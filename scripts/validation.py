# SPDX-License-Identifier: Apache-2.0
# Puts the tables of `superlane validate` into docs/validation.md: validation.py PROGRAM; with --check only tells whether the page
# is fresh, by the rows that run in well below a second.
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN = "<!-- rows of experiment/validation.def; refresh with: python3 scripts/validation.py build/superlane -->\n"
END = "<!-- end of the rows -->\n"
NOT_RUN = "| not run |"


def tables(program, *options):
    done = subprocess.run([program, "validate", "--markdown", *options], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):  # 1: a row is missed, which the page shows
        sys.exit(f"validate ended with exit code {done.returncode}")
    return done.stdout


def same(now, before):
    """A row that was not run is held only against what is published."""
    return now == before if NOT_RUN not in now else before.startswith(now[:now.index(NOT_RUN)])


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    page = ROOT / "docs/validation.md"
    head, rest = page.read_text().split(BEGIN)
    shown, tail = rest.split(END)
    if "--check" not in sys.argv:
        page.write_text(head + BEGIN + tables(program) + END + tail)
        return
    now, before = tables(program, "--fast").splitlines(), shown.splitlines()
    stale = [line for line, old in zip(now, before) if not same(line, old)]
    if stale or len(now) != len(before):
        print("\n".join(stale))
        sys.exit("docs/validation.md is stale; refresh with: python3 scripts/validation.py build/superlane")


main()
