# SPDX-License-Identifier: Apache-2.0
"""What instructions work on: element types, streams, regions of memory; and how a queue writes its lines."""
import numbers
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .errors import UserError

if TYPE_CHECKING:
    from .program import Program

DTYPES: dict[str, Any] = {"i8": numpy.int8, "i16": numpy.int16, "i32": numpy.int32, "u8": numpy.uint8, "u16": numpy.uint16, "u32": numpy.uint32,
          "f16": numpy.float16, "f32": numpy.float32, "bool": numpy.bool_}
_NAMES = {numpy.dtype(kind): name for name, kind in DTYPES.items()}


def dtype_name(dtype: str | DTypeLike) -> str:
    """The machine's name of an element type: ``float32`` is "f32".

    Raises
    ------
    UserError
        The machine has no such type, as float64.
    """
    if isinstance(dtype, str) and dtype in DTYPES:
        return dtype
    name = _NAMES.get(numpy.dtype(dtype))
    if name is None:
        raise UserError(f"the machine has no type {numpy.dtype(dtype)}; it has {', '.join(DTYPES)}: use .astype()")
    return name


def E(index: int) -> str:
    """Eastward stream `index`; a type of n bytes takes n streams from there."""
    return f"E{index}"


def W(index: int) -> str:
    """Westward stream `index`."""
    return f"W{index}"


class Region:
    """Words of memory under a name: elements of n bytes lie in n slices, byte k of every element in the k-th.

    Attributes
    ----------
    name : str
    dtype : str
        "f32" and so on.
    slices : tuple of str
        One a byte of an element.
    address, words : int
        The first word in every slice, and how many.
    """

    def __init__(self, name: str, dtype: str, slices: Iterable[str], address: int, words: int) -> None:
        self.name, self.dtype, self.slices, self.address, self.words = name, dtype, tuple(slices), address, words

    def plane(self, byte: int) -> str:
        """Name of the part that holds this byte of the elements."""
        return self.name if len(self.slices) == 1 else f"{self.name}{byte}"

    def __getitem__(self, place: int | tuple[int, int]) -> str:
        """``x[k]``: byte k, first word; ``x[k, i]``: byte k, word i. Operands of MEM instructions."""
        byte, word = place if isinstance(place, tuple) else (place, 0)
        if not 0 <= byte < len(self.slices) or not 0 <= word < self.words:
            raise IndexError(f"{self.name}: byte {byte} of {len(self.slices)}, word {word} of {self.words}")
        return self.plane(byte) + (f"+{word}" if word else "")

    def __len__(self) -> int:
        return len(self.slices)

    def __str__(self) -> str:
        return self[0]

    def __repr__(self) -> str:
        return f"<superlane.Region {self.name}: {self.words} words of {self.dtype} in {', '.join(self.slices)} from {self.address:#x}>"

    def to_planes(self, array: ArrayLike, lanes: int) -> list[NDArray[numpy.uint8]]:
        """Bytes by slice of elements [words, lanes]; fewer lanes are filled with zeros."""
        rows = numpy.atleast_2d(numpy.asarray(array))
        if rows.ndim != 2 or rows.shape[0] != self.words or rows.shape[1] > lanes:
            raise UserError(f"{self.name}: {numpy.shape(array)} elements do not fit {self.words} words of {lanes} lanes")
        full = numpy.zeros((self.words, lanes), DTYPES[self.dtype])
        full[:, : rows.shape[1]] = rows
        parts = full.view(numpy.uint8).reshape(self.words, lanes, len(self.slices))
        return [numpy.ascontiguousarray(parts[:, :, byte]).reshape(-1) for byte in range(len(self.slices))]

    def from_planes(self, planes: Sequence[NDArray[numpy.uint8]]) -> NDArray[Any]:
        """Elements [words, lanes] of bytes by slice; elements of one byte are not copied."""
        joined = planes[0] if len(planes) == 1 else numpy.stack(planes, axis=-1)
        return joined.reshape(joined.shape[0], -1).view(DTYPES[self.dtype])


def operand_text(kind: str, value: Any) -> str:
    """An operand as assembly has it."""
    if kind == "source" and isinstance(value, (bool, numpy.bool_)):
        return "#true" if value else "#false"
    if kind == "source" and isinstance(value, numbers.Real):
        return f"#{int(value)}" if isinstance(value, numbers.Integral) else f"#{float(value)!r}"
    if kind == "result_type":
        return dtype_name(value)
    return str(int(value)) if isinstance(value, numbers.Integral) else str(value)


AnyQueue = TypeVar("AnyQueue", bound="QueueBase")


class QueueBase:
    """An instruction queue of a program under construction; its methods are the instructions."""

    def __init__(self, program: "Program", name: str) -> None:
        self._program, self.name = program, name

    def __repr__(self) -> str:
        return f"<superlane.Queue {self.name} of {self._program.name}>"

    def _emit(self: AnyQueue, mnemonic: str, dtype: str | None, operands: Sequence[tuple[str, Any]], result: str | None,
              at: int | None, after: int | None) -> AnyQueue:
        """One line. `operands` are (kind, value); what is None is left out."""
        words = [operand_text(kind, value) for kind, value in operands if kind != "wrap" and value is not None]
        words += ["wrap" for kind, value in operands if kind == "wrap" and value]
        if at is not None and after is not None:
            raise UserError(f"{mnemonic}: `at` and `after` exclude each other")
        mark = f"@{at} " if at is not None else f"+{after} " if after is not None else ""
        text = mark + mnemonic + (f".{dtype_name(dtype)}" if dtype is not None else "")
        text += " " + ", ".join(words) if words else ""
        self._program.instruction(self.name, text + (f" -> {result}" if result is not None else ""))
        return self
