# SPDX-License-Identifier: Apache-2.0
"""Words in a small space-time diagram: instructions beside their slices, streams along their diagonals."""
from collections import defaultdict

from matplotlib.patheffects import withStroke

from .style import DIRECTIONS, INK

HALO = [withStroke(linewidth=2.2, foreground="white")]


def name_instructions(axes, trace, bursts, flows, length):
    """Once for equal instructions of a cycle and hemisphere, on the side where their values do not go."""
    groups = defaultdict(list)
    middle = sum(trace.positions["vxm"]) / 2
    for burst in bursts:
        east = sum(trace.place(burst.queue)) / 2 > middle
        groups[burst.cycle, burst.unit, east, burst.mnemonic, burst.count].append(burst.queue)
    crowd = length / 26
    boxes = [(*trace.place(b.queue), b.cycle - 0.4, b.end - 0.6) for b in bursts]
    placed = []
    for (cycle, unit, east, mnemonic, count), queues in sorted(groups.items()):
        left, right = min(trace.place(q)[0] for q in queues), max(trace.place(q)[1] for q in queues)
        driven = {f.direction for f in flows if f.driver in queues}
        before = "W" not in driven if unit in ("MEM", "VXM") else not east
        if unit == "MXM":
            before = east
        words = {"MEM": "slices", "VXM": "ALUs"}.get(unit, "queues")
        text = mnemonic + (f" x{count}" if count > 1 else "") + (f", {len(queues)} {words}" if len(queues) > 1 else "")
        where, height = (left - 0.3 if before else right + 0.3), cycle + (count - 1) / 2
        width = 0.33 * len(text)
        span = (where - width, where) if before else (where, where + width)
        if any(span[0] < b and a < span[1] and abs(height - y) < crowd for a, b, y in placed) or \
                any(span[0] < b and a < span[1] and top - crowd / 3 < height < bottom + crowd / 3 for a, b, top, bottom in boxes):
            continue
        placed.append((*span, height))
        axes.text(where, height, text, ha="right" if before else "left", va="center", fontsize=7.5, color=INK, zorder=5, path_effects=HALO)


def name_streams(axes, flows):
    """Names of the streams that share a diagonal, in its middle."""
    groups = defaultdict(set)
    for flow in flows:
        if flow.taken - flow.driven >= 3:
            diagonal = flow.taken - flow.stop if flow.direction == "E" else flow.taken + flow.stop
            groups[flow.direction, diagonal].add(flow)
    placed = []
    for (direction, _), group in sorted(groups.items()):
        longest = max(group, key=lambda f: (f.taken - f.driven, -f.stream))
        x, y = (longest.start + longest.stop) / 2, (longest.driven + longest.taken) / 2 + (longest.count - 1) / 2
        text = _ranges(direction, {stream for f in group for stream in range(f.stream, f.stream + f.streams)})
        if any(abs(x - a) < 3.5 and (abs(y - b) < 1.6 or text == other) for a, b, other in placed):
            continue
        placed.append((x, y, text))
        axes.text(x + (0.35 if direction == "E" else -0.35), y, text, ha="left" if direction == "E" else "right",
                  va="bottom", fontsize=7.5, color=DIRECTIONS[direction], weight="bold", zorder=5, path_effects=HALO)


def _ranges(direction, numbers):
    parts, ordered = [], sorted(numbers)
    for number in ordered:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(f"{direction}{a}" if a == b else f"{direction}{a}-{b}" for a, b in parts)
