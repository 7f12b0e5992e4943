# SPDX-License-Identifier: Apache-2.0
"""Pareto front of a table of points: those that no other beats in both objectives stand out, with a number and what they are."""
from matplotlib.lines import Line2D

from .spacetime_names import HALO
from .style import BLUE, GREY, INK, MARKERS, SERIES, legend_outside, log_ticks, new_figure, subtitle
from .tables import axes_of, column, feasible, larger_is_better, numbers, words

NAMED = 8  # points of the front at most that are numbered
DECADE = 12  # from this ratio of largest to least on an axis is logarithmic


def front(xs, ys, x_up, y_up):
    """Indices of the points that no other beats, along x."""
    sign = (-1 if x_up else 1, -1 if y_up else 1)
    best, found = float("inf"), []
    for i in sorted(range(len(xs)), key=lambda i: (sign[0] * xs[i], sign[1] * ys[i])):
        if sign[1] * ys[i] < best:
            best = sign[1] * ys[i]
            found.append(i)
    return found


def draw(frame, x=None, y=None, colour=None, title=None, what=""):
    """`x`, `y`: objectives; `colour`: a column whose values get colours of their own."""
    x, y = x or "latency_us_per_token", y or "usd_per_million_tokens"
    frame = frame.assign(**{x: numbers(frame, x, what), y: numbers(frame, y, what)}).dropna(subset=[x, y])
    inside = frame[feasible(frame)]
    xs, ys = list(inside[x]), list(inside[y])
    chosen = front(xs, ys, larger_is_better(x), larger_is_better(y))
    figure = new_figure(10, 5.2)
    axes = figure.subplots()
    _points(axes, frame, x, y, colour, column(frame, colour, what) if colour else None)
    axes.plot([xs[i] for i in chosen], [ys[i] for i in chosen], drawstyle="steps-post", color=INK, lw=0.9, zorder=2)
    axes.scatter([xs[i] for i in chosen], [ys[i] for i in chosen], s=42, facecolor="none" if colour else BLUE, edgecolor=INK if colour else "white",
                 lw=1.1, zorder=3, label=f"front: {len(chosen)} points")
    for values, scale, axis in ((frame[x], axes.set_xscale, axes.xaxis), (frame[y], axes.set_yscale, axes.yaxis)):
        axis.set_major_formatter("{x:,.10g}")
        if min(values) > 0 and max(values) > DECADE * min(values):
            scale("log")
            log_ticks(axis)
    axes.set(xlabel=words(x), ylabel=words(y))
    legend_outside(figure, "lower center", ncol=4)
    _key(axes, inside, chosen[::max(1, -(-len(chosen) // NAMED))], xs, ys, [name for name in axes_of(frame) if name not in (x, y, colour)])
    better = " and ".join(f"{'higher' if larger_is_better(n) else 'lower'} {words(n).split(',')[0]}" for n in (x, y))
    subtitle(axes, title or "Pareto front", (what + ": " if what else "") + f"{better} is better")
    return figure


def _points(axes, frame, x, y, colour, values):
    groups = {"": frame} if values is None else {name: frame[values == name] for name in sorted(set(values), key=lambda v: (isinstance(v, str), v))}
    for number, (name, members) in enumerate(groups.items()):
        inside = feasible(members)
        shade = SERIES[number % len(SERIES)] if colour else GREY
        axes.scatter(members[x][inside], members[y][inside], s=20, alpha=0.6, lw=0, marker=MARKERS[number % len(MARKERS)], color=shade,
                     label=f"{colour} {name}" if colour else f"{len(frame):,} points")
        axes.scatter(members[x][~inside], members[y][~inside], s=18, lw=0.9, marker="x", color=shade)
    left = len(frame) - feasible(frame).sum()
    if left:
        axes.scatter([], [], s=18, lw=0.9, marker="x", color=GREY, label=f"against the constraints: {left:,}")


def _key(axes, frame, chosen, xs, ys, varied):
    """Numbers at points of the front, and beside the picture what was varied there."""
    handles = []
    for number, i in enumerate(chosen, 1):
        axes.annotate(str(number), (xs[i], ys[i]), xytext=(6, 5), textcoords="offset points", fontsize=8, weight="bold", color=INK, path_effects=HALO, zorder=5)
        of = "\n".join(f"{name} {frame.iloc[i][name]}" for name in varied)
        handles.append(Line2D([], [], ls="", marker=f"${number}$", color=INK, ms=5 if number < 10 else 8, label=of))
    if varied:
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.02), fontsize=7.5, labelspacing=0.9)
