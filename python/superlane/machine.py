# SPDX-License-Identifier: Apache-2.0
"""A simulated chip, and what a run of a program on it gave."""
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy
from numpy.typing import ArrayLike, NDArray

from . import _core
from .display import html_table
from .errors import HazardError, UserError
from .machines import as_chip
from .operands import DTYPES, Region, dtype_name

if TYPE_CHECKING:
    from .program import Program

_WATCHED_CYCLES = 256
Spans = Mapping[str, tuple[int, int]]


class Machine(_core.Machine):
    """A simulated chip; memory stays from run to run.

    Parameters
    ----------
    chip : Chip or str, default "tsp-v1"
    engine : {"fast", "kernel"}
        One SystemC process a chip, or one a slice; both give the same.
    timing_only : bool
        Cycles, hazards and counters alone, no values.
    trace : bool
        Keep a line an event in :attr:`RunResult.trace`.
    chrome_trace : str
        Write a Perfetto trace to this file.
    faults : list of str
        Bits to flip, CYCLE:SLICE:ADDRESS:SUPERLANE:BIT[,BIT].

    Notes
    -----
    ``read(slice, address, words)`` gives bytes, shape (words, lanes); ``view`` the same without a copy, for words inside a block
    of 64, which then change when a program writes them; ``write(slice, address, bytes)`` takes whole words.
    """

    def __init__(self, chip: _core.Chip | str | os.PathLike[str] = "tsp-v1", *, engine: str = "fast", timing_only: bool = False,
                 trace: bool = False, chrome_trace: str = "", faults: Sequence[str] = ()) -> None:
        self.chip = as_chip(chip)
        super().__init__(self.chip, engine, timing_only, trace, chrome_trace, list(faults))

    def run(  # type: ignore[override]  # that of the extension module takes what this one prepares
            self, program: "Program | _core.Program", *, watch: Iterable[str] | Spans | None = None, load: bool = True,
            check: bool = True) -> "RunResult":
        """Runs a program on memory as it stands.

        Parameters
        ----------
        program : Program or superlane._core.Program
        watch : list of str or dict, optional
            Streams to look at, as ``["E0", "W8"]`` (cycles 0 to 255), or ``{"E0": (first cycle, cycles)}``.
        load : bool
            First put the program's data into memory.
        check : bool
            Raise when there are hazards.

        Returns
        -------
        RunResult

        Raises
        ------
        HazardError
            The program broke the rules of the machine (unless ``check=False``).
        UserError
            The program is for another chip, or cannot be dispatched.
        KeyboardInterrupt
            Ctrl-C; the machine's memory is then as the program left it.
        """
        spans = watch if isinstance(watch, Mapping) else {stream: (0, _WATCHED_CYCLES) for stream in watch or ()}
        compiled = program if isinstance(program, _core.Program) else program.compiled()
        found = super().run(compiled, load, [(stream, int(first), int(cycles)) for stream, (first, cycles) in spans.items()])
        result = RunResult(self, found, spans)
        if check and (result.hazards or result.stopped):
            first = result.hazards[0]["message"] if result.hazards else "an uncorrectable word"
            raise HazardError(f"{len(result.hazards)} hazard{'s' * (len(result.hazards) != 1)}; {first}", result)
        return result

    def get(self, region: Region) -> NDArray[Any]:
        """Elements of a region, shape (words, lanes); those of one byte are the bytes that :meth:`read` gives, not copied."""
        return region.from_planes([self.read(name, region.address, region.words) for name in region.slices])

    def put(self, region: Region, array: ArrayLike) -> None:
        """Writes elements, shape (lanes,) or (words, lanes), into a region."""
        for name, plane in zip(region.slices, region.to_planes(array, self.chip.lanes)):
            self.write(name, region.address, plane)

    def __repr__(self) -> str:
        return f"<superlane.Machine {self.chip.name}>"


class RunResult:
    """What a run of a program gave.

    Attributes
    ----------
    cycles, last_tile_cycles : int
        Length of the program at the first and at the last superlane.
    hazards : list of dict
        kind, cycle, slice, stream, message, explanation.
    counters : dict
        Vectors read and written, multiply-accumulates, operations by ALU, energy in J.
    trace : str
        A line an event, if asked for.
    stopped : bool
        An uncorrectable word ended it.
    corrected_ecc : int
        Bits that were flipped and put right.
    machine : Machine
        Its memory as the program left it.
    positions : numpy.ndarray
        From west to east, in cycles of travel; the VXM's west edge is 0. The second axis of :meth:`stream`.
    """

    def __init__(self, machine: Machine, found: dict[str, Any], spans: Spans) -> None:
        self.machine = machine
        self._streams: dict[str, Any] = dict(zip(spans, found["streams"]))
        self.cycles: int = found["cycles"]
        self.last_tile_cycles: int = found["last_tile_cycles"]
        self.hazards: list[dict[str, Any]] = found["hazards"]
        self.counters: dict[str, Any] = found["counters"]
        self.trace: str = found["trace"]
        self.stopped: bool = found["stopped"]
        self.corrected_ecc: int = found["corrected_ecc"]
        west, east = machine.chip.positions
        self.positions = numpy.arange(west, east + 1)

    def __getitem__(self, region: Region) -> NDArray[Any]:
        """Elements of a region after the run, shape (words, lanes)."""
        return self.machine.get(region)

    def stream(self, name: str, dtype: str = "u8") -> "numpy.ma.MaskedArray[Any, Any]":
        """What stood on a watched stream.

        Parameters
        ----------
        name : str
            "E0"; of a type of n bytes the first of n streams, all of them watched for the same cycles.
        dtype : str

        Returns
        -------
        numpy.ma.MaskedArray, shape (cycles, positions, lanes)
            Masked where no value stood.

        Raises
        ------
        UserError
            The stream was not watched.
        """
        kind = dtype_name(dtype)
        names = [f"{name[0]}{int(name[1:]) + byte}" for byte in range(numpy.dtype(DTYPES[kind]).itemsize)]
        for one in names:
            if one not in self._streams:
                raise UserError(f"stream {one} was not watched; watched: {', '.join(self._streams) or 'none'}")
        parts = [self._streams[one]["values"] for one in names]
        if len(parts) == 1:
            values = parts[0].view(DTYPES[kind])
        else:
            values = numpy.stack(parts, axis=-1).view(DTYPES[kind])[..., 0]
        empty = ~self._streams[names[0]]["driven"].astype(bool)
        return numpy.ma.MaskedArray(values, numpy.broadcast_to(empty[..., None], values.shape))

    def __repr__(self) -> str:
        return (f"<superlane.RunResult: {self.cycles:,} cycles on {self.machine.chip.name}, {len(self.hazards)} hazards, "
                f"{self.counters['instructions']:,} instructions>")

    def _repr_html_(self) -> str:
        facts = {"cycles": self.cycles, "hazards": len(self.hazards), **self.counters}
        return html_table(f"run on {self.machine.chip.name}", facts.items())
