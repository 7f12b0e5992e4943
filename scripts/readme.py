# SPDX-License-Identifier: Apache-2.0
# Puts the output of the demo into README.md: readme.py PROGRAM; with --check only tells whether README.md still says the same.
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMAND = ["decode", "examples/tiny-llama", "--prompt", "The chip ", "--tokens", "128", "--compare"]
BLOCK = re.compile(r"(`\./scripts/demo` ends with this.*?```text\n)(.*?)(\n```)", re.S)
WIDTH = 150


def shown(output):
    return "\n".join(line if len(line) <= WIDTH else line[:WIDTH - 3] + "..." for line in output.rstrip().splitlines())


def lasting(text):
    """Without the lines that depend on the machine."""
    return [line for line in text.splitlines() if not line.startswith(("expected", "simulator"))]


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    done = subprocess.run([program, *COMMAND], cwd=ROOT, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=True)
    readme = ROOT / "README.md"
    text = readme.read_text()
    now, before = shown(done.stdout), BLOCK.search(text)[2]
    if "--check" not in sys.argv:
        readme.write_text(BLOCK.sub(lambda match: match[1] + now + match[3], text))
    elif lasting(now) != lasting(before):
        print(done.stdout)
        sys.exit("README.md shows another output; refresh with: python3 scripts/readme.py build/superlane")


main()
