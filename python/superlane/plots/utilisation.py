# SPDX-License-Identifier: Apache-2.0
"""How busy slices and streams are while a program runs: rows are queues and streams, darker is idler."""
import numpy as np

from .style import GREY, INK, UNITS, new_figure, subtitle

BINS = 320  # columns of the picture at most
ORDER = ("mxm.w", "sxm.w", "c2c.w", "mem.w", "vxm", "mem.e", "c2c.e", "sxm.e", "mxm.e")


def busy_by_queue(trace, bins):
    """{queue: share of each bin's cycles in which it dispatches}."""
    busy = {}
    for burst in trace.bursts:
        row = busy.setdefault(burst.queue, np.zeros(trace.cycles, dtype=bool))
        row[burst.cycle:burst.end:burst.interval] = True
    return {queue: _binned(row, bins) for queue, row in busy.items()}


def busy_by_stream(trace, bins):
    """{(direction, stream): share of each bin's cycles with a value between its driver and its last taker}."""
    changes = {}
    for flow in trace.flows:
        travel = flow.taken - flow.driven
        for stream in range(flow.stream, flow.stream + flow.streams):
            row = changes.setdefault((flow.direction, stream), np.zeros(trace.cycles + 1, dtype=np.int32))
            if flow.interval <= travel + 1:
                begins, ends = [flow.driven], [flow.last]
            else:
                begins = range(flow.driven, flow.driven + flow.count * flow.interval, flow.interval)
                ends = [begin + travel + 1 for begin in begins]
            np.add.at(row, np.clip(begins, 0, trace.cycles), 1)
            np.add.at(row, np.clip(ends, 0, trace.cycles), -1)
    return {stream: _binned(np.cumsum(row)[:-1] > 0, bins) for stream, row in changes.items()}


def _binned(row, bins):
    edges = np.linspace(0, len(row), bins + 1)
    total = np.concatenate([[0.0], np.cumsum(row)])
    at = np.interp(edges, np.arange(len(total)), total)
    return np.diff(at) / np.diff(edges)


def _by_floorplan(queue):
    words = queue.split(".")
    group = words[0] if words[0] == "vxm" else ".".join(words[:2])
    numbers = [int(word) for word in words if word.isdigit()]
    outward = -1 if len(words) > 1 and words[1] == "w" else 1  # slice 0 stands next to the VXM
    return ORDER.index(group), [outward * number for number in numbers], queue


def draw(trace, title=None):
    """Figure of a trace: units' mean over time, every queue, every stream."""
    bins = min(BINS, trace.cycles)
    queues, streams = busy_by_queue(trace, bins), busy_by_stream(trace, bins)
    figure = new_figure(11, 8.2 if streams else 6.0)
    ratios = [1.3, 2.6, 1.7] if streams else [1.3, 2.6]
    axes = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    names = sorted(queues, key=_by_floorplan)
    _means(axes[0], trace, queues, streams, bins)
    image = _rows(axes[1], trace, np.array([queues[name] for name in names]))
    _brackets(axes[1], names)
    axes[1].set_title(f"instruction queues that are used ({len(names)}), west to east", fontsize=9)
    if streams:
        every = [(d, s) for d in "EW" for s in range(trace.streams)]
        _rows(axes[2], trace, np.array([streams.get(key, np.zeros(bins)) for key in every]))
        last = trace.streams - 1
        axes[2].set_yticks([last / 2, 1.5 * last + 1], [f"E0 to E{last}", f"W0 to W{last}"])
        axes[2].axhline(trace.streams - 0.5, color="white", lw=1)
        axes[2].set_title("streams with a value on its way", fontsize=9)
    axes[-1].xaxis.set_major_formatter("{x:,.0f}")
    axes[-1].set_xlabel(f"cycle (of {1000 / trace.clock_mhz:.3g} ns)")
    figure.colorbar(image, ax=axes[1:], label="share of cycles", shrink=0.6, aspect=30, pad=0.01)
    subtitle(axes[0], title or "Slices and streams over time", f"{trace.chip}, {trace.cycles:,} cycles, {sum(b.count for b in trace.bursts):,} instructions"
             + (f"; one of {trace.chips} chips" if trace.chips > 1 else ""))
    return figure


def _means(axes, trace, queues, streams, bins):
    middle = (np.arange(bins) + 0.5) * trace.cycles / bins
    for unit, colour in UNITS.items():
        own = [row for queue, row in queues.items() if queue.split(".")[0].upper() == unit]
        if own:
            axes.plot(middle, np.mean(own, axis=0), color=colour, lw=1.1, label=f"{unit}, {len(own)} queues")
    if streams:
        axes.plot(middle, np.sum(list(streams.values()), axis=0) / (2 * trace.streams), color=INK, lw=1.1, ls="--", label="streams")
    axes.set(ylim=(0, 1.02), ylabel="mean share\nof cycles", xlim=(0, trace.cycles))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1.0), ncol=7, borderaxespad=0.1)


def _rows(axes, trace, rows):
    axes.grid(False)
    return axes.imshow(rows, aspect="auto", interpolation="nearest", vmin=0, vmax=1, extent=(0, trace.cycles, len(rows) - 0.5, -0.5))


def _brackets(axes, names):
    """The groups' names and a line between them instead of a hundred labels."""
    groups = [ORDER[_by_floorplan(name)[0]] for name in names]
    starts = [row for row, group in enumerate(groups) if row == 0 or group != groups[row - 1]]
    middles = [(start + end - 1) / 2 for start, end in zip(starts, starts[1:] + [len(groups)])]
    words = {"w": " west", "e": " east"}
    labels = [g.split(".")[0].upper() + words.get(g.split(".")[-1], "") for g in (groups[start] for start in starts)]
    axes.set_yticks(middles, labels)
    for start in starts[1:]:
        axes.axhline(start - 0.5, color="white", lw=1)
    for tick, start in zip(axes.get_yticklabels(), starts):
        tick.set_color(UNITS.get(groups[start].split(".")[0].upper(), GREY))
