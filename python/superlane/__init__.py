# SPDX-License-Identifier: Apache-2.0
"""Superlane: deterministic streaming processors that decode language models, simulated cycle by cycle.

Commands of the command line are functions (:func:`decode`, :func:`gemm`, :func:`collective`, ...) that return a :class:`Result`;
:class:`Chip`, :class:`System` and :class:`Model` are what they run on; a :class:`Program` is written instruction by instruction
and runs on a :class:`Machine`.

>>> import superlane
>>> superlane.gemm(1, 64, 64, dtype="int8")["hazards"]
[]
"""
import importlib
import pathlib
from typing import Any as _Any

import numpy as _numpy

from . import _core
from ._core import __version__
from .command import arguments, command
from .commands import *  # noqa: F403
from .commands import __all__ as _commands
from .errors import HazardError, InternalError, MissingPackageError, NotMetError, SuperlaneError, UserError
from .instructions import Queue
from .machine import Machine, RunResult
from .machines import Chip, Model, System, chips, models, systems
from .operands import E, Region, W
from .program import Program, Schedule, schedule
from .result import Result

if int(_numpy.__version__.split(".")[0]) >= 2 and not _core._knows_numpy_2:
    raise ImportError(f"this build of superlane (pybind11 before 2.12) reads arrays of NumPy {_numpy.__version__} wrongly: "
                      "use NumPy below 2, or `pip install .`, which brings a newer pybind11")

_data = pathlib.Path(__file__).parent / "data"
if _data.is_dir():  # a wheel carries the shipped chips, systems and models with it
    _core.use_data_directory(str(_data))

_LAZY = ("plots", "report", "sweep")  # with what they need beyond NumPy


def __getattr__(name: str) -> _Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'superlane' has no attribute '{name}'")
    return importlib.import_module("superlane." + name)


__all__ = ["Chip", "E", "HazardError", "InternalError", "Machine", "MissingPackageError", "Model", "NotMetError", "Program", "Queue",
           "Region", "Result", "RunResult", "Schedule", "SuperlaneError", "System", "UserError", "W", "__version__", "arguments",
           "chips", "command", "models", "schedule", "systems", *_commands]
