# SPDX-License-Identifier: Apache-2.0
"""Programs written from Python, and the schedules that programs are."""
import json
import os
import pathlib
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _core
from .display import html_table
from .errors import UserError, nearest, optional
from .instructions import Queue
from .machine import Machine, RunResult
from .machines import Model, as_chip
from .operands import DTYPES, Region, dtype_name

if TYPE_CHECKING:
    import matplotlib.figure
    import pandas

ChipLike = _core.Chip | str | os.PathLike[str]


class Program:
    """A program for one chip: data in memory, and instructions for its queues.

    Parameters
    ----------
    chip : Chip or str, default "tsp-v1"
    name : str
        Heads the messages about its lines.

    Examples
    --------
    >>> p = superlane.Program()
    >>> x = p.place("x", numpy.arange(320, dtype=numpy.uint8), "mem.e.0")
    >>> y = p.reserve("y", "u8", "mem.e.4")
    >>> _ = p["mem.e.0"].read(x, to="E0", at=0)
    >>> _ = p["mem.e.4"].write(y, "E0", at=2)
    >>> p.run()[y][0, :4]
    array([0, 1, 2, 3], dtype=uint8)
    """

    def __init__(self, chip: ChipLike = "tsp-v1", name: str = "program") -> None:
        self.chip, self.name = as_chip(chip), name
        self._assembler = _core.Assembler(self.chip, name)
        self._lines: list[str] = []
        self._queue: str | None = None
        self._data: list[tuple[str, int, NDArray[numpy.uint8]]] = []
        self._names = self.chip.queues()

    def line(self, text: str) -> None:
        """A line of assembly (docs/assembly.md).

        Raises
        ------
        UserError
            "name:line:column: ..."; the line is then not part of the program.
        """
        self._lines.append(text)
        self._assembler.line(text)

    def instruction(self, queue: str, text: str) -> None:
        """An instruction for a queue, as assembly."""
        if self._queue != queue:
            self.line(f".queue {queue}")
            self._queue = queue
        self.line(text)

    def __getitem__(self, queue: str) -> Queue:
        """The queue of this name, as "mem.w.0", "vxm.3", "mxm.e.1.weights"."""
        if queue not in self._names:
            raise UserError(f"unknown queue '{queue}'" + nearest(queue, self._names))
        return Queue(self, queue)

    def reserve(self, name: str, dtype: str | DTypeLike, slices: str | Sequence[str], address: int = 0, words: int = 1) -> Region:
        """Names words of memory.

        Parameters
        ----------
        name : str
        dtype : str or numpy dtype
            Of the elements; one of n bytes takes n slices.
        slices : str or list of str
            MEM slices, one a byte; of one name, the slices from there on.
        address : int
            The first word.
        words : int
            Words of ``chip.lanes`` elements.

        Returns
        -------
        Region
        """
        kind = dtype_name(dtype)
        size = numpy.dtype(DTYPES[kind]).itemsize
        if isinstance(slices, str):
            head, _, number = slices.rpartition(".")
            if not number.isdigit():
                raise UserError(f"'{slices}' is no MEM slice; expected a name as mem.w.0")
            slices = [f"{head}.{int(number) + byte}" for byte in range(size)]
        if len(slices) != size:
            raise UserError(f"{name}: elements of {kind} need {size} slices, not {len(slices)}")
        region = Region(name, kind, slices, address, words)
        for byte, slice_name in enumerate(region.slices):
            self.line(f".region {region.plane(byte)} {slice_name} {address} {words}")
        return region

    def place(self, name: str, array: ArrayLike, slices: str | Sequence[str], address: int = 0) -> Region:
        """Names words of memory and says what stands there before the program starts.

        Parameters
        ----------
        array : array_like, shape (lanes,) or (words, lanes)
            Elements of a type that the machine has; lanes that are left out are 0.

        Returns
        -------
        Region
        """
        array = numpy.asarray(array)
        region = self.reserve(name, dtype_name(array.dtype), slices, address, 1 if array.ndim < 2 else array.shape[0])
        self._data += [(plane, address, bytes_) for plane, bytes_ in zip(region.slices, region.to_planes(array, self.chip.lanes))]
        return region

    @property
    def text(self) -> str:
        """The lines so far, as assembly. Data of :meth:`place` is not in them; it is in a saved program."""
        return "\n".join([f".chip {self.chip.name}", *self._lines]) + "\n"

    def compiled(self) -> _core.Program:
        """The program as files and the simulator have it.

        Raises
        ------
        UserError
            What single lines do not show, as a repeat of nothing.
        """
        program = self._assembler.program()
        for place in self._data:
            program.add_data(*place)
        return program

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a program file, or assembly when the name ends in .asm; ``superlane run`` takes both."""
        if os.fspath(path).endswith(".asm"):
            pathlib.Path(path).write_text(self.compiled().text(), encoding="utf-8")
        else:
            self.compiled().save(os.fspath(path))

    def schedule(self) -> "Schedule":
        """When each instruction is dispatched; a :class:`Schedule`."""
        return Schedule(self.compiled(), self.chip)

    def plot(self, **options: Any) -> "matplotlib.figure.Figure":
        """Draws its space-time diagram; see :meth:`Schedule.plot`."""
        return self.schedule().plot(**options)

    def run(self, **options: Any) -> RunResult:
        """Runs it on a fresh machine; see :meth:`Machine.run`. Options of :class:`Machine` may be among them."""
        own = {key: options.pop(key) for key in ("engine", "timing_only", "trace", "chrome_trace", "faults") if key in options}
        return Machine(self.chip, **own).run(self, **options)

    def __repr__(self) -> str:
        count = sum(not line.startswith(".") for line in self._lines)
        return f"<superlane.Program {self.name}: {count} lines of instructions for {self.chip.name}>"

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(self.text)}</pre>"


class Schedule:
    """When each instruction of a program is dispatched.

    Attributes
    ----------
    bursts : numpy structured array, shape (instructions,)
        By cycle: cycle, last_cycle, queue (index into ``queues``), position in the queue's text, count, interval, step, opcode,
        line. An instruction that repeats is one row.
    queues : list of str
    cycles : int
        Length of the program, as a run has it.
    operations : list of (name, first cycle, last cycle)
        What the compiler made it for; empty for a program written by hand.
    reasons : list of str
        What the compiler decided and why.
    program : superlane._core.Program
    """

    def __init__(self, program: _core.Program, chip: _core.Chip, operations: Sequence[tuple[str, int, int]] = (),
                 reasons: Sequence[str] = ()) -> None:
        self.program, self.chip = program, chip
        self.bursts, self.queues = program.bursts(chip), chip.queues()
        self.operations, self.reasons = list(operations), list(reasons)
        self.cycles = program.cycles(chip)

    def text(self, row: Any) -> str:
        """The instruction of a row of ``bursts``, as assembly."""
        return self.program.instruction(int(row["queue"]), int(row["position"]))

    def to_frame(self) -> "pandas.DataFrame":
        """One row an instruction, with the queue's name and the instruction's text.

        Returns
        -------
        pandas.DataFrame
        """
        frame = optional("pandas").DataFrame(self.bursts)
        frame["queue"] = [self.queues[queue] for queue in self.bursts["queue"]]
        frame["instruction"] = [self.text(row) for row in self.bursts]
        return frame

    def trace(self) -> dict[str, Any]:
        """Dispatches and streams as a Chrome/Perfetto trace, a dict."""
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "trace.json"
            Machine(self.chip, timing_only=True, chrome_trace=str(file)).run(self.program, check=False)
            trace: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return trace

    def plot(self, kind: str = "spacetime", **options: Any) -> "matplotlib.figure.Figure":
        """Draws slices across and cycles down, or another picture of a trace; see :func:`superlane.plots.plot`."""
        from . import plots

        return plots.plot(self.trace(), kind=kind, **options)

    def __repr__(self) -> str:
        return (f"<superlane.Schedule: {len(self.bursts):,} instructions in {self.cycles:,} cycles on {self.chip.name}, "
                f"{len(self.operations)} operations>")

    def _repr_html_(self) -> str:
        facts = [("instructions", len(self.bursts)), ("cycles", self.cycles),
                 *((name, f"cycles {first:,} to {last:,}") for name, first, last in self.operations)]
        return html_table(f"schedule for {self.chip.name}", facts)


def schedule(model: str | os.PathLike[str] | Model, chip: ChipLike = "tsp-v1", *, position: int = 0, context: int = 0,
             dtype: str = "fp16", layers: int = 0, scheduler: str = "list", weights: bool = False) -> Schedule:
    """Compiles one decode step of a model, without running it.

    Parameters
    ----------
    model : str, path or Model
    chip : Chip or str
    position : int
        Of the token that the step takes in.
    context : int
        Positions that a request may take; 0: what is needed, at least 256.
    dtype : {"fp16", "int8"}
    layers : int
        So many layers alone, without embedding and head; 0: the whole model.
    scheduler : str
        "asap", "list" or "random:SEED".
    weights : bool
        Put the model's weights into the program's data.

    Returns
    -------
    Schedule
    """
    chip = as_chip(chip)
    found = _core.schedule(str(model), chip, position, context, dtype, layers, scheduler, weights)
    return Schedule(found["program"], chip, found["operations"], found["reasons"])
