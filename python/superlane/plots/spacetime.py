# SPDX-License-Identifier: Apache-2.0
"""Space-time diagram of a program: slices across, cycles down, values on streams as diagonals."""
from collections import defaultdict

from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from .errors import PlotError
from .spacetime_names import name_instructions, name_streams
from .style import DIRECTIONS, GREY, INK, PALE, UNITS, dark, legend_outside, new_figure, subtitle

FEW = 300             # bursts: drawn with edges, their values followed to where they leave the chip
TRACED = 600          # cycles: results are joined to their operands
CHAIN = 64            # cycles: longer is no chain of ALUs
NAMED = 60            # instructions and streams are named
VECTOR_SHAPES = 3000  # more shapes than these become one bitmap in the SVG


def draw(trace, cycles=None, title=None):
    """Figure of a trace; `cycles`: (first, past last), the whole program when left out."""
    first, past = cycles or (0, trace.cycles)
    bursts = [b for b in trace.bursts if b.cycle < past and b.end > first]
    flows = [f for f in trace.flows if f.driven < past and f.last > first]
    if not bursts:
        raise PlotError(f"no instruction in cycles {first}:{past} of {trace.cycles}")
    length = past - first
    rows = min(length, 8 + 2 * len({b.cycle for b in bursts}))  # long waits need no paper
    figure = new_figure(11, 2.3 + min(6.5, max(2.8, 0.26 * rows)))
    plan, axes = figure.subplots(2, 1, sharex=True, height_ratios=[0.36, figure.get_figheight() - 1.4])
    figure.get_layout_engine().set(h_pad=0.05, hspace=0)
    _floorplan(plan, trace)
    for unit, side, _ in _regions(trace):
        axes.axvspan(*trace.region(unit.lower(), side), color=UNITS[unit], alpha=0.07, lw=0)
    axes.grid(True, axis="y", color=PALE)
    axes.grid(False, axis="x")
    few, bitmap = len(bursts) < FEW, len(bursts) + len(flows) > VECTOR_SHAPES
    if few:
        _departures(axes, trace, flows)
    _streams(axes, flows, few, bitmap)
    if length <= TRACED:
        _latencies(axes, trace.flows, {f.driver for f in flows}, bitmap)
    _instructions(axes, trace, bursts, length, few, bitmap)
    if len({(b.mnemonic, b.cycle) for b in bursts}) <= NAMED and length <= 160:
        name_streams(axes, flows)
        name_instructions(axes, trace, bursts, flows, length)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    margin = max(0.9, 0.012 * length)
    axes.set(xlim=(trace.region("mxm", 0)[0], trace.region("mxm", 1)[1]), ylim=(past + margin, first - margin), ylabel="cycle",
             xlabel="position on the stream line, in cycles of travel from the VXM's west edge")
    legend_outside(figure, "lower center", handles=_legend(bursts, flows), ncol=5)
    shown = f"cycles {first:,} to {past:,} of {trace.cycles:,}" if cycles else f"{trace.cycles:,} cycles"
    subtitle(plan, title or "Space-time diagram", f"{trace.chip}, {shown}, {sum(b.count for b in bursts):,} instructions. "
             "A diagonal is a vector on its way, one position a cycle: never faster, never waiting.")
    return figure


def _regions(trace):
    last = len(trace.positions["mem"]) - 1
    return (("MXM", 0, "MXM west"), ("SXM", 0, "SXM"), ("MEM", 0, f"MEM west: slices {last} to 0"), ("VXM", 0, "VXM"),
            ("MEM", 1, f"MEM east: slices 0 to {last}"), ("SXM", 1, "SXM"), ("MXM", 1, "MXM east"))


def _floorplan(axes, trace):
    for unit, side, name in _regions(trace):
        left, right = trace.region(unit.lower(), side)
        axes.add_patch(Rectangle((left, 0), right - left, 1, facecolor=UNITS[unit], edgecolor="white", lw=1))
        axes.text((left + right) / 2, 0.5, name, ha="center", va="center", fontsize=8, weight="bold",
                  color="white" if dark(UNITS[unit]) else INK)
    for side in (0, 1):  # slices that share a stream register
        for position in sorted({both[side] for both in trace.positions["mem"]})[1:]:
            axes.plot([position - 0.5] * 2, [0, 0.16], color="white", lw=0.8)
    axes.set(ylim=(0, 1), yticks=[])
    axes.grid(False)
    axes.tick_params(bottom=False, labelbottom=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _departures(axes, trace, flows):
    """A tap does not take a value off its stream: it moves on until it leaves the chip."""
    ends = {"W": min(trace.positions["mxm_in"]), "E": max(trace.positions["mxm_in"])}
    for direction, colour in DIRECTIONS.items():
        lines = {((f.stop, f.taken + k * f.interval), (ends[direction], f.taken + k * f.interval + abs(ends[direction] - f.stop)))
                 for f in flows if f.direction == direction for k in ((0,) if f.count == 1 else (0, f.count - 1))}
        axes.add_collection(LineCollection(sorted(lines), colors=colour, lw=0.6, alpha=0.16))


def _streams(axes, flows, few, bitmap):
    """A vector is a line, a run of vectors one behind the other a band; equal ones on many streams are drawn once."""
    lines, bands = defaultdict(set), defaultdict(set)
    for flow in flows:
        travel, rows = flow.taken - flow.driven, flow.count - 1
        if flow.interval == 1 and rows:
            bands[flow.direction].add(((flow.start, flow.driven), (flow.stop, flow.taken), (flow.stop, flow.taken + rows), (flow.start, flow.driven + rows)))
        else:
            for begin in range(flow.driven, flow.driven + flow.count * flow.interval, flow.interval):
                lines[flow.direction].add(((flow.start, begin), (flow.stop, begin + travel)))
    for direction, colour in DIRECTIONS.items():
        shapes = sorted(bands[direction])
        axes.add_collection(PolyCollection(shapes, facecolor=colour, alpha=0.16 if few else 0.08, edgecolor="none", rasterized=bitmap))
        axes.add_collection(PolyCollection(shapes, facecolor="none", edgecolor=colour, lw=0.6, alpha=0.45 if few else 0.2, rasterized=bitmap))
        axes.add_collection(LineCollection(sorted(lines[direction]), colors=colour, lw=1.4 if few else 0.7, alpha=0.9 if few else 0.5,
                                           capstyle="round", rasterized=bitmap))
        if few:
            taken = sorted({line[1] for line in lines[direction]})
            axes.plot([x for x, _ in taken], [y for _, y in taken], "o", ms=3, color=colour, mec="white", mew=0.4, zorder=4)


def _latencies(axes, flows, drivers, bitmap):
    """Dotted, from where a unit takes its last operand to where the result leaves."""
    arrived = defaultdict(list)
    for flow in flows:
        if not flow.taker.endswith(".weights"):
            arrived[_unit_of(flow.taker)].append((flow.taken, flow.stop))
    joints = set()
    for flow in flows:
        if flow.driver in drivers and not flow.driver.startswith("mem"):
            earliest = flow.driven - CHAIN if flow.driver.startswith("vxm") else 0
            before = [at for at in arrived[_unit_of(flow.driver)] if earliest <= at[0] < flow.driven]
            if before:
                taken, stop = max(before)
                joints.add(((stop, taken), (flow.start, flow.driven)))
    axes.add_collection(LineCollection(sorted(joints), colors=INK, linestyles=[(0, (1, 1.6))], lw=1.0, alpha=0.75, zorder=3.5, rasterized=bitmap))


def _unit_of(queue):
    """What hands values on inside: a plane, all ALUs, one queue of another slice."""
    words = queue.split(".")
    return ".".join(words[:3]) if words[0] == "mxm" else "vxm" if words[0] == "vxm" else queue


def _instructions(axes, trace, bursts, length, few, bitmap):
    height = max(0.62, length / (110 if few else 500))
    boxes = defaultdict(list)
    for burst in bursts:
        left, right = trace.place(burst.queue)
        begins = [burst.cycle] if burst.interval == 1 else range(burst.cycle, burst.end, burst.interval)
        extent = burst.count - 1 if burst.interval == 1 else 0
        for begin in begins:
            top, bottom = begin - height / 2, begin + extent + height / 2
            boxes[burst.unit].append([(left, top), (right, top), (right, bottom), (left, bottom)])
    for unit, shapes in boxes.items():
        axes.add_collection(PolyCollection(shapes, facecolor=UNITS.get(unit, GREY), edgecolor="white" if few else "none", lw=0.5 if few else 0,
                                           alpha=1 if few else 0.8, zorder=3, rasterized=bitmap))


def _legend(bursts, flows):
    units = [unit for unit in UNITS if any(b.unit == unit for b in bursts)]
    handles = [Rectangle((0, 0), 1, 1, color=UNITS[unit], label=f"{unit} instruction") for unit in units]
    words = {"E": "eastward stream", "W": "westward stream"}
    handles += [Line2D([], [], color=colour, label=words[d]) for d, colour in DIRECTIONS.items() if any(f.direction == d for f in flows)]
    if any(f.count > 1 and f.interval == 1 for f in flows):
        handles.append(Rectangle((0, 0), 1, 1, facecolor=GREY, alpha=0.35, label="one vector a cycle"))
    return handles + [Line2D([], [], color=INK, ls=(0, (1, 1.4)), lw=1, label="within a unit")]
