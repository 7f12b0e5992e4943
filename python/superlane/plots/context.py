# SPDX-License-Identifier: Apache-2.0
"""Decode latency against context: a result each point, a line each model, machine and type."""
from .errors import PlotError
from .style import MARKERS, SERIES, legend_outside, new_figure, subtitle

FIELDS = ("model", "dtype", "chips", "batch")


def position_of(result):
    """Tokens that stand in the cache at the last step of a result."""
    configuration = result["configuration"]
    return configuration["position"] if configuration.get("timing_only") or configuration.get("position") else result["context"]


def draw(points, title=None):
    """`points`: [(label of the line, context, microseconds a token, waiting for weights alone or None)]."""
    lines = {}
    for label, context, latency, bound in points:
        lines.setdefault(label, []).append((context, latency, bound))
    if all(len(line) < 2 for line in lines.values()):
        raise PlotError("latency against context needs results at two or more contexts (decode ... --position N)")
    figure = new_figure(8, 4.8)
    axes = figure.subplots()
    for number, (label, line) in enumerate(lines.items()):
        line.sort()
        colour = SERIES[number % len(SERIES)]
        axes.plot([x for x, _, _ in line], [y for _, y, _ in line], MARKERS[number % len(MARKERS)] + "-", color=colour, label=label)
        for x, y, _ in (line[0], line[-1]):
            axes.annotate(f"{1e6 / y:,.0f} tokens/s", (x, y), xytext=(0, 7), textcoords="offset points", fontsize=7.5, color=colour, ha="center")
        bounds = [(x, bound) for x, _, bound in line if bound]
        axes.plot([x for x, _ in bounds], [y for _, y in bounds], ls="--", lw=1, color=colour)
    axes.set(xlabel="tokens in the KV cache", ylabel="us a token", ylim=(0, 1.12 * max(latency for _, _, latency, _ in points)))
    axes.margins(x=0.1)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    legend_outside(figure, "lower center", ncol=2)
    subtitle(axes, title or "Decode latency against context", "dashed: the time that the streams need for the weights alone")
    return figure


def points_of(results):
    """Points of results of decode: [(label, result)]."""
    points = []
    for name, result in results:
        if "cycles_per_token" not in result or "latency_us_per_token" not in result:
            raise PlotError(f"{name}: not a result of decode")
        chips = f", {result['chips']:,} chips" if result["chips"] > 1 else ""
        batch = f", batch {result['batch']}" if result["batch"] > 1 else ""
        bound = result["weight_bound_cycles"] / result["parameters"]["clock.mhz"]["value"]
        points.append((f"{result['model']} {result['dtype']}{chips}{batch}", position_of(result), result["latency_us_per_token"], bound))
    return points
