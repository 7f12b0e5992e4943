# SPDX-License-Identifier: Apache-2.0
"""The command line of the package: the commands of the program, and those that only Python has."""
import importlib
import sys
from collections.abc import Sequence

from . import _core
from .command_line import exit_code

PYTHON_COMMANDS = {"sweep": "sweep", "plot": "plots", "report": "report"}


def _run(words: list[str]) -> int:
    sys.stdout.flush()
    return _core.run_command_line(words)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code, as the program `superlane` gives it."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words and words[0] in PYTHON_COMMANDS:
        return int(importlib.import_module("superlane." + PYTHON_COMMANDS[words[0]]).main(words[1:]))
    return exit_code(_run, words)


if __name__ == "__main__":
    sys.exit(main())
