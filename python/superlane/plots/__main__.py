# SPDX-License-Identifier: Apache-2.0
"""python -m superlane.plots"""
import sys

from . import main

sys.exit(main())
