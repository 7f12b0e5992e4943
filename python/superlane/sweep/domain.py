# SPDX-License-Identifier: Apache-2.0
"""The values that an axis may take: a list, steps, factors, or a whole range; and a place between 0 and 1 in them."""
import dataclasses
import math
from fractions import Fraction

from ..errors import nearest
from .errors import SweepError

_MOST_LEVELS = 100_000


@dataclasses.dataclass(frozen=True)
class Domain:
    """`levels` in order, or the range `low` to `high` where `levels` is empty."""
    name: str
    levels: tuple = ()
    low: float = 0
    high: float = 0
    whole: bool = False
    log: bool = False

    def at(self, share):
        """The value at a share from 0 to below 1 of the domain."""
        if self.levels:
            return self.levels[min(int(share * len(self.levels)), len(self.levels) - 1)]
        if self.whole and not self.log:
            return self.low + min(int(share * (self.high - self.low + 1)), self.high - self.low)
        value = self.low * (self.high / self.low) ** share if self.log else self.low + share * (self.high - self.low)
        return min(max(round(value), self.low), self.high) if self.whole else value


def _number(where, key, value):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SweepError(f"{where}: key '{key}': {value!r} is not a number")
    return value


def _exact(value):
    """Steps of 0.1 are steps of a tenth."""
    return Fraction(str(value))


def _plain(value):
    return int(value) if value.denominator == 1 else float(value)


def _stepped(where, low, high, step):
    if step <= 0:
        raise SweepError(f"{where}: key 'step': {step} must be above 0")
    count = int((_exact(high) - _exact(low)) / _exact(step)) + 1
    if count > _MOST_LEVELS:
        raise SweepError(f"{where}: {count} levels; at most {_MOST_LEVELS}")
    return tuple(_plain(_exact(low) + k * _exact(step)) for k in range(count))


def _scaled(where, low, high, factor):
    if factor <= 1 or low <= 0:
        raise SweepError(f"{where}: 'factor' must be above 1 and 'from' above 0; they are {factor} and {low}")
    levels, level = [], _exact(low)
    while level <= _exact(high):
        levels.append(_plain(level))
        level *= _exact(factor)
    return tuple(levels)


def _span(where, name, spec, whole):
    allowed = ("from", "to", "step", "factor", "scale")
    for key in spec:
        if key not in allowed:
            raise SweepError(f"{where}: unknown key '{key}'{nearest(key, allowed)}; allowed are {', '.join(allowed)}")
    for key in ("from", "to"):
        if key not in spec:
            raise SweepError(f"{where}: key '{key}' is missing")
    low, high = _number(where, "from", spec["from"]), _number(where, "to", spec["to"])
    if high < low:
        raise SweepError(f"{where}: an empty range: 'from' {low} is above 'to' {high}")
    if "step" in spec and "factor" in spec:
        raise SweepError(f"{where}: 'step' and 'factor' exclude each other")
    if "step" in spec:
        return Domain(name, _stepped(where, low, high, _number(where, "step", spec["step"])))
    if "factor" in spec:
        return Domain(name, _scaled(where, low, high, _number(where, "factor", spec["factor"])))
    if spec.get("scale", "linear") not in ("linear", "log"):
        raise SweepError(f"{where}: key 'scale': {spec['scale']!r}; allowed are linear, log")
    if spec.get("scale") == "log" and low <= 0:
        raise SweepError(f"{where}: key 'from': {low} must be above 0 on a log scale")
    whole = whole or isinstance(low, int) and isinstance(high, int)
    return Domain(name, low=low, high=high, whole=whole, log=spec.get("scale") == "log")


def _check_level(where, row, value):
    """Rows of tables say what they allow; the simulator checks the rest. None leaves an axis out."""
    if value is None:
        return
    if "low" not in row:
        if isinstance(value, (dict, bool)):
            raise SweepError(f"{where}: {value!r}; a value is a number, a text or a list")
        return
    _number(where, "value", value)
    if not row["low"] <= value <= row["high"]:
        raise SweepError(f"{where}: {value} is not allowed; it must be from {row['low']:g} to {row['high']:g}")
    if row["whole"] and value != int(value):
        raise SweepError(f"{where}: {value} must be a whole number")


def find_axis(name, known, where):
    """The row of an axis; `chip.` before a chip's parameter is allowed."""
    row = known.get(name) or known.get(name.removeprefix("chip."))
    if row is None:
        raise SweepError(f"{where}: unknown axis '{name}'{nearest(name, known)}; `superlane describe axes` lists them")
    return row


def check_value(name, value, known, where):
    """A value that is the same in all points."""
    _check_level(f"{where} '{name}'", find_axis(name, known, where), value)


def domain(name, spec, known, where, repeats=False):
    """The domain of axis `name` from what a spec says; `repeats`: a value may be there twice."""
    row = find_axis(name, known, where)
    where = f"{where} '{name}'"
    if isinstance(spec, dict):
        made = _span(where, name, spec, row.get("whole", False))
    elif isinstance(spec, (list, tuple)):
        made = Domain(name, tuple(spec))
        if not spec:
            raise SweepError(f"{where}: an empty list; an axis needs at least one value")
    else:
        raise SweepError(f"{where}: {spec!r}; an axis is a list of values or {{'from', 'to', 'step'}}")
    for value in made.levels or (made.low, made.high):
        _check_level(where, row, value)
    if not repeats and len({repr(level) for level in made.levels}) < len(made.levels):
        raise SweepError(f"{where}: a value is there twice")
    return made
