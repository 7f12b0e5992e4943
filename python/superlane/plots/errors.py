# SPDX-License-Identifier: Apache-2.0
"""What a user can do wrong with pictures and reports: one line each, exit code 2."""
import difflib

from ..errors import UserError


class PlotError(UserError):
    """File or option, what was found, what is allowed."""


def nearest(name, allowed):
    """``", did you mean 'X'?"`` or nothing."""
    close = difflib.get_close_matches(str(name), [str(other) for other in allowed], 1)
    return f", did you mean '{close[0]}'?" if close else ""
