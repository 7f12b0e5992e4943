# SPDX-License-Identifier: Apache-2.0
"""What pictures are made of: results (JSON), traces of programs, tables of sweeps."""
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import PlotError
from .tables import done, read_table
from .trace import Trace

TABLES = (".csv", ".parquet", ".sqlite", ".sqlite3", ".db")


@dataclass
class Input:
    """`form`: the command of a result, "trace" or "table"; `data`: a mapping, a Trace or a DataFrame."""
    file: str
    form: str
    data: Any

    @property
    def label(self):
        return Path(self.file).stem


def read(source):
    """A file, told by what stands in it; or a result, trace or table that is in memory."""
    if not isinstance(source, (str, Path)):
        return _of_object(source)
    path = Path(source)
    if not path.is_file():
        raise PlotError(f"{source}: no such file")
    try:
        if path.suffix in TABLES:
            return Input(str(source), "table", read_table(path))
        return _of_json(str(source), path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PlotError(f"{source}: cannot be read: {error}") from error


def _of_object(source):
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        return Input("", "table", done(source))
    if hasattr(source, "to_frame") and hasattr(source, "pareto"):
        return Input(getattr(source, "name", "sweep"), "table", done(source.to_frame().reset_index()))
    return _of_mapping("result", source)


def _of_json(file, text):
    try:
        return _of_mapping(file, json.loads(text))
    except json.JSONDecodeError as error:
        raise PlotError(f"{file}: line {error.lineno}: not JSON: {error.msg}") from error


def _of_mapping(file, data):
    if hasattr(data, "keys") and "traceEvents" in data:
        if "otherData" not in data:
            raise PlotError(f"{file}: a trace without the chip's floorplan: not one of `superlane ... --trace`")
        return Input(file, "trace", Trace(data))
    command = data["command"] if hasattr(data, "keys") and "command" in data else None
    if not isinstance(command, list) or not command:
        raise PlotError(f"{file}: no result (superlane ... --json), trace (--trace) or table ({', '.join(TABLES)})")
    return Input(file, command[0], data)
