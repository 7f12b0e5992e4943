# SPDX-License-Identifier: Apache-2.0
"""What a user can mend: one clear line, exit code 2."""
import difflib

from ..errors import UserError


class SweepError(UserError):
    """A mistake in a spec, a results file that cannot be used, workers that cannot be reached."""


def nearest(name, names):
    """', did you mean ...?' with the nearest of `names`, or nothing."""
    found = difflib.get_close_matches(str(name), [str(each) for each in names], n=1, cutoff=0.5)
    return f", did you mean '{found[0]}'?" if found else ""
