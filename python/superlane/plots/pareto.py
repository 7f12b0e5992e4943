# SPDX-License-Identifier: Apache-2.0
"""Pareto front of a table of points: those that no other beats in both objectives stand out."""
from .style import BLUE, GREY, INK, MARKERS, SERIES, legend_outside, log_ticks, new_figure, subtitle
from .spacetime_names import HALO
from .tables import axes_of, column, larger_is_better, numbers, words


def front(xs, ys, x_up, y_up):
    """Indices of the points that no other beats, along x."""
    sign = (-1 if x_up else 1, -1 if y_up else 1)
    best, found = float("inf"), []
    for i in sorted(range(len(xs)), key=lambda i: (sign[0] * xs[i], sign[1] * ys[i])):
        if sign[1] * ys[i] < best:
            best = sign[1] * ys[i]
            found.append(i)
    return found


def draw(frame, x=None, y=None, colour=None, title=None, what="table"):
    """`x`, `y`: objectives; `colour`: a column whose values get colours of their own."""
    x, y = x or "latency_us_per_token", y or "usd_per_million_tokens"
    frame = frame.assign(**{x: numbers(frame, x, what), y: numbers(frame, y, what)}).dropna(subset=[x, y])
    xs, ys = list(frame[x]), list(frame[y])
    chosen = front(xs, ys, larger_is_better(x), larger_is_better(y))
    figure = new_figure(8.6, 5.2)
    axes = figure.subplots()
    groups = {"": list(range(len(xs)))}
    if colour:
        values = list(column(frame, colour, what))
        groups = {value: [i for i, other in enumerate(values) if other == value] for value in sorted(set(values), key=lambda v: (str(type(v)), v))}
    for number, (name, members) in enumerate(groups.items()):
        axes.scatter([xs[i] for i in members], [ys[i] for i in members], s=16, alpha=0.55, lw=0, marker=MARKERS[number % len(MARKERS)],
                     color=SERIES[number % len(SERIES)] if colour else GREY, label=f"{colour} = {name}" if colour else f"{len(xs):,} points")
    axes.plot([xs[i] for i in chosen], [ys[i] for i in chosen], drawstyle="steps-post", color=INK, lw=0.9, zorder=2)
    axes.scatter([xs[i] for i in chosen], [ys[i] for i in chosen], s=42, facecolor="none" if colour else BLUE, edgecolor=INK if colour else "white",
                 lw=1.1, zorder=3, label=f"front: {len(chosen)} points")
    _names(axes, frame, chosen, xs, ys, [n for n in axes_of(frame) if n not in (x, y, colour)])
    for values, scale, formatter in ((xs, axes.set_xscale, axes.xaxis), (ys, axes.set_yscale, axes.yaxis)):
        if min(values) > 0 and max(values) > 12 * min(values):
            scale("log")
            log_ticks(formatter)
        else:
            formatter.set_major_formatter("{x:,.4g}")
    axes.set(xlabel=words(x), ylabel=words(y))
    legend_outside(figure, "lower center", ncol=4)
    better = " and ".join(f"{'higher' if larger_is_better(n) else 'lower'} {words(n).split(',')[0]}" for n in (x, y))
    subtitle(axes, title or "Pareto front", f"{what}: {better} is better; named by what was varied")
    return figure


def _names(axes, frame, chosen, xs, ys, varied):
    """What the ends and some points between were, by the columns that vary most."""
    chosen = chosen[::max(1, -(-len(chosen) // 6))]
    varied = [name for name in varied if not any(part in str(name) for part in ("cycles", "bytes", "per_", "utilisation", "usd", "mm2"))][:3]
    middle = (min(xs) + max(xs)) / 2
    for i in chosen:
        text = ", ".join(f"{name} {frame.iloc[i][name]}" for name in varied)
        right = xs[i] > middle
        axes.annotate(text, (xs[i], ys[i]), xytext=(-4 if right else 5, 5), ha="right" if right else "left", textcoords="offset points",
                      fontsize=7, color=INK, path_effects=HALO, zorder=5)
