# SPDX-License-Identifier: Apache-2.0
"""What a user can mend: one clear line, exit code 2."""
from ..errors import UserError


class SweepError(UserError):
    """A mistake in a spec, a results file that cannot be used, workers that cannot be reached."""
