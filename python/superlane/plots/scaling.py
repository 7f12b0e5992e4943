# SPDX-License-Identifier: Apache-2.0
"""Decode speed against the chips that share a layer, beside what the streams would allow for the weights, and where the time goes."""
from .errors import PlotError
from .operators import shares
from .spacetime_names import HALO
from .style import MARKERS, SERIES, legend_outside, log_ticks, new_figure, subtitle


def draw(results, title=None):
    """`results`: [(label, result of decode on a system)], a point each; a line each model and type."""
    lines = {}
    for name, result in results:
        if "tp" not in result or "latency_us_per_token" not in result:
            raise PlotError(f"{name}: not a result of decode on a system")
        lines.setdefault(f"{result['model']} {result['dtype']}", []).append(result)
    if all(len({result["tp"] for result in line}) < 2 for line in lines.values()):
        raise PlotError("scaling needs results of a model with two or more groups of chips (decode ... --system NAME --tp N)")
    figure = new_figure(11, 5)
    speed, parts = figure.subplots(1, 2)
    for number, (label, line) in enumerate(lines.items()):
        line.sort(key=lambda result: result["tp"])
        groups, colour = [result["tp"] for result in line], SERIES[number % len(SERIES)]
        speed.plot(groups, [1e6 / result["latency_us_per_token"] for result in line], MARKERS[number % len(MARKERS)] + "-", color=colour, label=label)
        bounds = [1e6 * result["parameters"]["clock.mhz"]["value"] / result["weight_bound_cycles"] for result in line]
        speed.plot(groups, bounds, "x--", color=colour, lw=1)
        for result in line:
            speed.annotate(f"{result['chips']:,} chips", (result["tp"], 1e6 / result["latency_us_per_token"]), xytext=(0, -13),
                           textcoords="offset points", fontsize=7.5, color=colour, ha="center", path_effects=HALO)
    speed.set_xscale("log", base=2)
    speed.set_yscale("log")
    speed.margins(x=0.12, y=0.1)
    speed.xaxis.set_major_formatter("{x:g}")
    log_ticks(speed.yaxis)
    speed.set(xlabel="chips that share a layer (tp)", ylabel="tokens/s of one request")
    shares(parts, [(f"{result['model']}, tp {result['tp']}", result) for line in lines.values() for result in line])
    parts.legend(loc="lower right", bbox_to_anchor=(1, 1), ncol=4)
    legend_outside(figure, "lower center", handles=speed.get_legend_handles_labels()[0], ncol=3)
    subtitle(speed, title or "Decode speed against chips", "dashed: the streams of a group bring the weights, and nothing else takes time")
    return figure
