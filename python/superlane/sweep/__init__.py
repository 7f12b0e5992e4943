# SPDX-License-Identifier: Apache-2.0
"""Sweeps over designs: `superlane.sweep(spec)` in Python, `superlane sweep SPEC.json` on the command line.

>>> import superlane
>>> result = superlane.sweep({"fixed": {"model": "llama-2-7b", "layers": 1, "dtype": "int8"},
...                           "axes": {"stream.count": [16, 32]},
...                           "objectives": {"latency_us_per_token": "min", "area_mm2": "min"}})
>>> result.to_frame()  # doctest: +SKIP
"""
import sys
import types

from .api import load, sweep
from .command_line import main
from .errors import SweepError
from .result import SweepResult

__all__ = ["SweepError", "SweepResult", "load", "sweep"]


class _Callable(types.ModuleType):
    """`superlane.sweep(...)` is the function, `superlane.sweep.load(...)` stands beside it."""

    def __call__(self, *arguments, **options):
        return sweep(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
