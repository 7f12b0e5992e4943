# SPDX-License-Identifier: Apache-2.0
"""A simulated chip, and what a run of a program on it gave."""
import numpy

from . import _core
from .errors import HazardError, UserError
from .machines import as_chip
from .operands import DTYPES, dtype_name


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

    def __init__(self, chip="tsp-v1", *, engine="fast", timing_only=False, trace=False, chrome_trace="", faults=()):
        self.chip = as_chip(chip)
        super().__init__(self.chip, engine, timing_only, trace, chrome_trace, list(faults))

    def run(self, program, *, watch=None, load=True, check=True):
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
        spans = watch if isinstance(watch, dict) else {stream: (0, 256) for stream in watch or ()}
        compiled = program if isinstance(program, _core.Program) else program.compiled()
        found = super().run(compiled, load, [(stream, int(first), int(cycles)) for stream, (first, cycles) in spans.items()])
        result = RunResult(self, found, spans)
        if check and (result.hazards or result.stopped):
            first = result.hazards[0]["message"] if result.hazards else "an uncorrectable word"
            raise HazardError(f"{len(result.hazards)} hazard{'s' * (len(result.hazards) != 1)}; {first}", result)
        return result

    def get(self, region):
        """Elements of a region, shape (words, lanes)."""
        return region.from_planes([self.read(name, region.address, region.words) for name in region.slices])

    def put(self, region, array):
        """Writes elements, shape (lanes,) or (words, lanes), into a region."""
        for name, plane in zip(region.slices, region.to_planes(array, self.chip.lanes)):
            self.write(name, region.address, plane)

    def __repr__(self):
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
    machine : Machine
        Its memory as the program left it.
    positions : numpy.ndarray
        From west to east, in cycles of travel; the VXM's west edge is 0. The second axis of :meth:`stream`.
    """

    def __init__(self, machine, found, spans):
        self.machine, self._spans = machine, spans
        self._streams = dict(zip(spans, found.pop("streams")))
        vars(self).update(found)
        west, east = machine.chip.positions
        self.positions = numpy.arange(west, east + 1)

    def __getitem__(self, region):
        """Elements of a region after the run, shape (words, lanes)."""
        return self.machine.get(region)

    def stream(self, name, dtype="u8"):
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

    def __repr__(self):
        return (f"<superlane.RunResult: {self.cycles:,} cycles on {self.machine.chip.name}, {len(self.hazards)} hazards, "
                f"{self.counters['instructions']:,} instructions>")
