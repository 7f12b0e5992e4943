# SPDX-License-Identifier: Apache-2.0
"""What crosses the links of a system: chips in their nodes and the load of each link, or node against node when there are many."""
import math

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize

from .errors import PlotError
from .style import BLUE, GREY, INK, PALE, RAMP, new_figure, subtitle

CIRCLE = 48  # chips that are drawn one by one


def loads_of(result):
    """([(from, to, share of the link's cycles)], words) of a decode, or of the largest size of a collective."""
    if result["command"][0] == "collective":
        at = result["sizes"][-1]
        cycles, links = at["cycles"], at.get("links")
        words = f"{result['collective']} of {at['bytes']:,} B by {at['algorithm']}, {at['cycles']:,} cycles"
    else:
        cycles, links = sum(result.get("cycles_per_token", [])[-1:]), result.get("links")
        words = f"one token of {result.get('model', '')}, {cycles:,} cycles"
    if not links:
        raise PlotError("no vector crossed a link: a system of several chips is needed (--system)")
    slots = cycles / result["parameters"]["c2c.vector_interval"]["value"]
    return [(a, b, vectors / slots) for a, b, vectors in links], words


def draw(result, title=None):
    """Figure of a result of collective, or of decode on a system."""
    loads, words = loads_of(result)
    chips = 1 + max(max(a, b) for a, b, _ in loads)
    system = result["system"] if not str(result["system"]).isdigit() else f"{result['system']} chips"
    text = f"{system}: {words}; fullest link {100 * max(load for _, _, load in loads):.3g} % of its cycles"
    figure, axes = (_circle if chips <= CIRCLE else _matrix)(loads, chips, result.get("chips_per_node", 8))
    subtitle(axes, title or "Load of the links", text)
    return figure


def _circle(loads, chips, node):
    figure = new_figure(8.4, 6.6)
    axes = figure.subplots()
    nodes = math.ceil(chips / node)
    angle = [math.pi / 2 - 2 * math.pi * (chip + 0.6 * (chip // node) * (nodes > 1)) / (chips + 0.6 * nodes * (nodes > 1)) for chip in range(chips)]
    place = [np.array([math.cos(a), math.sin(a)]) for a in angle]
    scale = Normalize(0, max(load for _, _, load in loads))
    lines, values = [], []
    for a, b, load in sorted(loads, key=lambda row: (row[2], row[0], row[1])):
        lines.append(_arc(place[a], place[b], 0.06))
        values.append(load)
    bundle = LineCollection(lines, cmap=RAMP + "_r", norm=scale, array=np.array(values), linewidths=0.8 + 2.2 * np.array(values) / scale.vmax)
    axes.add_collection(bundle)
    size = 17 if chips <= 16 else 11
    for chip, (x, y) in enumerate(place):
        axes.plot(x, y, "o", ms=size, color="white", mec=BLUE, mew=1.2, zorder=3)
        axes.text(x, y, str(chip), ha="center", va="center", fontsize=8 if chips <= 16 else 6.5, color=INK, zorder=4)
    if nodes > 1:
        for number in range(nodes):
            middle = np.mean(angle[number * node:(number + 1) * node])
            axes.text(1.2 * math.cos(middle), 1.2 * math.sin(middle), f"node {number}", ha="center", va="center", fontsize=8.5, color=GREY)
    axes.set(xlim=(-1.28, 1.28), ylim=(-1.14, 1.14), aspect="equal")
    axes.axis("off")
    figure.colorbar(bundle, ax=axes, label="share of cycles in which the link carries, each way apart", format=_percent, shrink=0.7, aspect=30)
    return figure, axes


def _percent(value, _):
    return f"{100 * value:.3g} %"


def _arc(begin, end, bow):
    """Bent to its right, so that the two ways of a cable lie apart."""
    along = end - begin
    control = (begin + end) / 2 + bow * np.array([along[1], -along[0]])
    t = np.linspace(0, 1, 24)[:, None]
    return (1 - t) ** 2 * begin + 2 * t * (1 - t) * control + t ** 2 * end


def _matrix(loads, chips, node):
    """Node against node: the mean of the links between them; the diagonal is inside a node."""
    nodes = math.ceil(chips / node)
    total, count = np.zeros((nodes, nodes)), np.zeros((nodes, nodes))
    for a, b, load in loads:
        total[a // node, b // node] += load
        count[a // node, b // node] += 1
    mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    figure = new_figure(7.6, 6.6)
    axes = figure.subplots()
    axes.grid(False)
    axes.set_facecolor(PALE)
    image = axes.imshow(mean, cmap=RAMP, interpolation="nearest", vmin=0)
    axes.set(xlabel="to node", ylabel=f"from node (of {node} chips)")
    figure.colorbar(image, ax=axes, label="mean share of cycles in which a used link carries", format=_percent, shrink=0.8)
    return figure, axes
