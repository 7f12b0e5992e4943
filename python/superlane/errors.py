# SPDX-License-Identifier: Apache-2.0
"""What can go wrong: every exception of the package is a SuperlaneError."""


class SuperlaneError(Exception):
    """Base of all exceptions of this package."""


class UserError(SuperlaneError, ValueError):
    """A mistake that the caller can mend; the message names key or option, value, what is allowed and the nearest name.

    Attributes
    ----------
    notes : str
        What a command said before, as the hazards of `run`.
    """

    notes = ""


class HazardError(SuperlaneError):
    """A program broke the rules of the machine, as two values that meet on one stream.

    Attributes
    ----------
    result : superlane.RunResult
        The run as far as it came; ``result.hazards`` names cycle, slice, stream and instructions.
    """

    def __init__(self, message, result=None):
        super().__init__(message)
        self.result = result


class NotMetError(SuperlaneError):
    """A command did its work, and what it looked for does not hold, as a row of `validate` outside its tolerance.

    Attributes
    ----------
    result : superlane.Result or None
        What it found nevertheless.
    """

    result = None


class MissingPackageError(SuperlaneError, ImportError):
    """An optional package is needed for this and is not installed."""


class InternalError(SuperlaneError, RuntimeError):
    """A defect of Superlane: a check inside failed. No input should cause it."""
