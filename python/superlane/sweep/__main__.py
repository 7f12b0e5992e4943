# SPDX-License-Identifier: Apache-2.0
"""`python -m superlane.sweep` is `superlane sweep`."""
import sys

from .command_line import main

sys.exit(main())
