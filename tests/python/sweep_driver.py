# SPDX-License-Identifier: Apache-2.0
"""A process that sweeps, to be killed by tests: sweep_driver.py RESULTS.sqlite SPEC.json."""
import sys

import sweep_points
from superlane.sweep import sweep

if __name__ == "__main__":
    sweep(sys.argv[2], results=sys.argv[1], workers=2, evaluate=sweep_points.logged)
