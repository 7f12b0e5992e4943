# SPDX-License-Identifier: Apache-2.0
"""What the commands of the package share: options, and every way to end with one line and an exit code."""
import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .errors import SuperlaneError, UserError, nearest

_USER_ERROR = 2


class Parser(argparse.ArgumentParser):
    """Raises UserError, which names the nearest option, where argparse would print its usage and end the process."""

    def __init__(self, command: str, description: str | None, epilog: str) -> None:
        super().__init__(prog=f"superlane {command}", description=description, epilog=epilog, allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see `{self.prog} --help`")

    def parse(self, words: Sequence[str] | None) -> argparse.Namespace:
        given, left = self.parse_known_args(words)
        for word in left:
            options = [name for action in self._actions for name in action.option_strings]
            self.error(f"unknown option '{word}'{nearest(word, options)}" if word.startswith("-") else f"'{word}' is one file too many")
        return given


def exit_code(run: Callable[[Any], int | None], words: Sequence[str] | None) -> int:
    """Runs `run(words)`: 0, what it returns, or 2 after a mistake of the user, told in one line."""
    try:
        code = run(words)
        sys.stdout.flush()
        return code or 0
    except SuperlaneError as error:
        print(f"superlane: {error}", file=sys.stderr)
        return _USER_ERROR
    except SystemExit as stop:  # argparse has printed its help
        return int(stop.code or 0)
    except BrokenPipeError:
        sys.stdout = None  # the reader has gone: nothing is left to flush to
        return _USER_ERROR
    except KeyboardInterrupt as interrupt:
        print(f"\nsuperlane: interrupted{interrupt}", file=sys.stderr)
        return 128 + signal.SIGINT
