# SPDX-License-Identifier: Apache-2.0
"""The command line of the package: the commands of the program, and those that only Python has."""
import importlib
import signal
import sys

from . import _core
from .errors import SuperlaneError

PYTHON_COMMANDS = {"sweep": "sweep", "plot": "plots", "report": "report"}


def main(argv=None):
    """Runs one command; returns the exit code, as the program `superlane` gives it."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        if words and words[0] in PYTHON_COMMANDS:
            return importlib.import_module("superlane." + PYTHON_COMMANDS[words[0]]).main(words[1:]) or 0
        sys.stdout.flush()
        return _core.run_command_line(words)
    except SuperlaneError as error:
        print(f"superlane: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nsuperlane: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
