# SPDX-License-Identifier: Apache-2.0
"""Heat map of a table of points: two axes of a sweep, and a metric as colour and number; the best point is framed."""
import numpy as np
from matplotlib.patches import Rectangle

from .errors import PlotError
from .style import INK, PALE, RED, new_figure, subtitle
from .tables import axes_of, column, feasible, larger_is_better, numbers, words

MOST = 24  # values of an axis whose cells still hold a number


def draw(frame, x=None, y=None, value=None, title=None, what=""):
    """`x`, `y`: axes; `value`: a metric. Points that share a cell (other axes) are shown by the best of them."""
    value = value or "latency_us_per_token"
    frame = frame[feasible(frame)]
    varied = [name for name in axes_of(frame) if name != value]
    if not x or not y:
        free = [name for name in varied if name not in (x, y)]
        if len(free) < (not x) + (not y):
            raise PlotError(f"{what or 'table'}: a heat map needs two axes that vary: --x and --y; there are {', '.join(map(str, varied)) or 'none'}")
        x = x or free.pop(0)
        y = y or free.pop(0)
    metric = numbers(frame, value, what)
    columns = sorted(set(column(frame, x, what)), key=_order)
    rows = sorted(set(column(frame, y, what)), key=_order)
    better = max if larger_is_better(value) else min
    cells = np.full((len(rows), len(columns)), np.nan)
    for at_x, at_y, number in zip(frame[x], frame[y], metric):
        at = rows.index(at_y), columns.index(at_x)
        if not np.isnan(number):
            cells[at] = number if np.isnan(cells[at]) else better(cells[at], number)
    figure = new_figure(min(11, max(6.5, 3.0 + 0.75 * len(columns))), min(9, 1.9 + 0.42 * len(rows)))
    axes = figure.subplots()
    axes.set_facecolor(PALE)
    axes.grid(False)
    image = axes.imshow(cells, aspect="auto", interpolation="nearest", origin="lower", cmap="cividis" if better is max else "cividis_r")
    if len(columns) <= MOST and len(rows) <= MOST:
        for (row, col), number in np.ndenumerate(cells):
            text = "none" if np.isnan(number) else f"{number:,.4g}" if abs(number) < 1e4 else f"{number:,.0f}"
            shade = "#777777" if np.isnan(number) else "white" if sum(image.cmap(image.norm(number))[:3]) < 1.5 else INK
            axes.text(col, row, text, ha="center", va="center", fontsize=7.5, color=shade)
    best = better(((number, at) for at, number in np.ndenumerate(cells) if not np.isnan(number)), key=lambda pair: pair[0])[1]
    axes.add_patch(Rectangle((best[1] - 0.5, best[0] - 0.5), 1, 1, fill=False, edgecolor=RED, lw=2.2))
    axes.set_xticks(range(len(columns)), [_text(v) for v in columns])
    axes.set_yticks(range(len(rows)), [_text(v) for v in rows])
    axes.set(xlabel=words(x), ylabel=words(y))
    figure.colorbar(image, ax=axes, label=words(value), format="{x:,.6g}")
    shared = len(frame) > np.count_nonzero(~np.isnan(cells))
    said = [what] * bool(what) + ["framed: the best"] + ["each cell is its best point"] * shared
    subtitle(axes, title or words(value)[:1].upper() + words(value)[1:], "; ".join(said))
    return figure


def _order(value):
    return (isinstance(value, str), value)


def _text(value):
    return f"{value:,.6g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
