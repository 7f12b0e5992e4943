# SPDX-License-Identifier: Apache-2.0
"""What a user can do wrong with pictures and reports: one line each, exit code 2."""
from ..errors import UserError


class PlotError(UserError):
    """File or option, what was found, what is allowed."""
