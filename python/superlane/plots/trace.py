# SPDX-License-Identifier: Apache-2.0
"""A program's trace (``--trace``) as arrays: bursts of instructions, and values on streams from who drives to who takes."""
from dataclasses import dataclass

SXM_FROM = {"distributor": 0, "transposer": 4, "permuter": 6, "selector": 8}  # places of its units side by side
LINKS_FROM = 9                                                               # and of the links behind them


@dataclass(frozen=True)
class Burst:
    """``count`` instructions of one queue, ``interval`` cycles apart."""
    queue: str
    text: str
    cycle: int
    count: int
    interval: int

    @property
    def end(self):
        return self.cycle + (self.count - 1) * self.interval + 1

    @property
    def unit(self):
        return self.queue.split(".")[0].upper()

    @property
    def mnemonic(self):
        return self.text.split()[0]


@dataclass(frozen=True)
class Flow:
    """Values on ``streams`` neighbouring streams, driven at position ``start`` in ``driven``, taken at ``stop`` in ``taken``."""
    direction: str
    stream: int
    streams: int
    driven: int
    taken: int
    start: int
    stop: int
    count: int
    interval: int
    driver: str
    taker: str

    @property
    def last(self):
        """Past the cycle in which the last vector is taken."""
        return self.taken + (self.count - 1) * self.interval + 1


class Trace:
    """Bursts and flows of the first chip of a trace; chips of a system have bursts alone."""

    def __init__(self, data):
        machine = data["otherData"]
        self.chip, self.clock_mhz, self.streams = machine["chip"], machine["clock_mhz"], machine["streams"]
        self.alus, self.planes, self.positions = machine["alus"], machine["planes"], machine["positions"]
        events = data["traceEvents"]
        self.process = min((e["pid"] for e in events if e["ph"] == "M"), default=1)
        self.chips = len({e["pid"] for e in events if e["ph"] == "M"})
        own = [e for e in events if e["pid"] == self.process]
        self.queues = {e["tid"]: e["args"]["name"] for e in own if e["name"] == "thread_name"}
        self.links = 1 + max((int(name.split(".")[2]) for name in self.queues.values() if name.startswith("c2c.")), default=-1)
        self.bursts = sorted((self._burst(e) for e in own if e["ph"] == "X" and "count" in e["args"]),
                             key=lambda burst: (burst.cycle, burst.queue))
        starts = {e["id"]: e for e in own if e["ph"] == "s"}
        self.flows = [self._flow(starts[e["id"]], e) for e in own if e["ph"] == "f"]
        self.cycles = max([machine["cycles"], *(burst.end for burst in self.bursts)])

    def _burst(self, event):
        of = event["args"]
        return Burst(self.queues[event["tid"]], event["name"], of["cycle"], of["count"], of["interval"])

    def _flow(self, begin, end):
        of, first = end["args"], end["name"].split("-")[0]
        streams = 1 + int(end["name"].split("-")[1][1:]) - int(first[1:]) if "-" in end["name"] else 1
        return Flow(first[0], int(first[1:]), streams, of["cycle"] - abs(of["position"] - of["from"]), of["cycle"], of["from"],
                    of["position"], of["count"], of["interval"], self.queues[begin["tid"]], self.queues[end["tid"]])

    def place(self, queue):
        """Where a queue stands on the stream line, (left, right): slices, ALUs and planes side by side in their region."""
        words = queue.split(".")
        side = int(len(words) > 1 and words[1] == "e")
        if words[0] == "mem":
            position = self.positions["mem"][int(words[2])][side]
            group = [n for n, both in enumerate(self.positions["mem"]) if both[side] == position]
            return self._slot(position - 0.5, position + 0.5, group.index(int(words[2])), len(group), side)
        left, right = self.region(words[0], side)
        if words[0] == "vxm":
            return self._slot(left, right, int(words[1]), self.alus, 1)
        if words[0] == "mxm":
            port = ("weights", "activations", "accumulate").index(words[3])
            return self._slot(left, right, 3 * int(words[2]) + port, 3 * self.planes, side)
        number = LINKS_FROM + int(words[2]) if words[0] == "c2c" else SXM_FROM[words[2]] + int(words[3])
        return self._slot(left, right, number, LINKS_FROM + self.links, side)

    @staticmethod
    def _slot(left, right, number, of, side):
        """Number 0 stands next to the VXM."""
        width = (right - left) / of
        begin = left + number * width if side else right - (number + 1) * width
        return begin, begin + width

    def region(self, unit, side):
        """Extent of a unit; the planes of the MXM lie beyond the stream line's ends."""
        at, sign = self.positions, 1 if side else -1
        if unit == "vxm":
            return at["vxm"][0] + 0.5, at["vxm"][1] - 0.5
        if unit == "mem":
            own = [both[side] for both in at["mem"]]
            return min(own) - 0.5, max(own) + 0.5
        sxm, mxm, end = at["sxm"][side] - sign * 0.5, at["mxm_out"][side] - sign * 0.5, at["mxm_in"][side] + sign * 3.5
        return tuple(sorted((mxm, end) if unit == "mxm" else (sxm, mxm)))
