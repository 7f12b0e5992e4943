# SPDX-License-Identifier: Apache-2.0
"""python -m superlane.report"""
import sys

from . import main

sys.exit(main())
