# SPDX-License-Identifier: Apache-2.0
"""What can go wrong: every exception of the package is a SuperlaneError."""
import difflib
import importlib
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .machine import RunResult
    from .result import Result


class SuperlaneError(Exception):
    """Base of all exceptions of this package.

    Attributes
    ----------
    notes : str
        What a command said before on standard error, as the hazards of `run`.
    output : bytes
        What it had written to standard output.
    """

    notes = ""
    output = b""


class UserError(SuperlaneError, ValueError):
    """A mistake that the caller can mend; the message names key or option, value, what is allowed and the nearest name."""


class HazardError(SuperlaneError):
    """A program broke the rules of the machine, as two values that meet on one stream.

    Attributes
    ----------
    result : superlane.RunResult
        The run as far as it came; ``result.hazards`` names cycle, slice, stream and instructions.
    """

    def __init__(self, message: str, result: "RunResult | None" = None) -> None:
        super().__init__(message)
        self.result = result


class NotMetError(SuperlaneError):
    """A command did its work, and what it looked for does not hold, as a row of `validate` outside its tolerance.

    Attributes
    ----------
    result : superlane.Result or None
        What it found nevertheless.
    """

    result: "Result | None" = None


class MissingPackageError(SuperlaneError, ImportError):
    """An optional package is needed for this and is not installed."""


class InternalError(SuperlaneError, RuntimeError):
    """A defect of Superlane: a check inside failed. No input should cause it."""


def nearest(name: object, names: Iterable[object]) -> str:
    """``" (nearest: 'x')"``, or ``""`` when none of `names` is near: the tail of a message about a name that is not known."""
    found = difflib.get_close_matches(str(name), [str(each) for each in names], n=1, cutoff=0.5)
    return f" (nearest: '{found[0]}')" if found else ""


def optional(name: str, purpose: str = "this", install: str = "") -> ModuleType:
    """A package that only some functions need; MissingPackageError says how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackageError(f"{purpose} needs the Python package {name}: pip install {install or name}") from error
