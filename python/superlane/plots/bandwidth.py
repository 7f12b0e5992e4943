# SPDX-License-Identifier: Apache-2.0
"""Time and bandwidth of a collective over its size, beside the peak of the links."""
from .errors import PlotError
from .style import GREY, MARKERS, SERIES, legend_outside, log_ticks, new_figure, subtitle


def draw(results, title=None):
    """`results`: [(label, result of collective)] with several sizes (--sizes)."""
    if any(len(result["sizes"]) < 2 for _, result in results):
        raise PlotError("bandwidth over size needs several sizes: collective ... --sizes 1K:1M")
    figure = new_figure(9.5, 4.4)
    rate, time = figure.subplots(1, 2)
    for number, (_, result) in enumerate(results):
        sizes = result["sizes"]
        colour, marker = SERIES[number % len(SERIES)], MARKERS[number % len(MARKERS)]
        label = f"{result['collective']}, {result['chips']} chips of {result['system']}"
        bytes_ = [at["bytes"] for at in sizes]
        rate.plot(bytes_, [at["bus_gbytes_per_s"] for at in sizes], marker + "-", color=colour, label=label)
        rate.axhline(sizes[-1]["peak_gbytes_per_s"], color=colour, lw=1, ls="--")
        time.plot(bytes_, [at["us"] for at in sizes], marker + "-", color=colour)
        time.plot(bytes_, [at["us"] * at["bound_cycles"] / at["cycles"] for at in sizes], color=colour, lw=1, ls="--")
        half = next((at for at in sizes if at["share_of_peak"] >= 0.5), None)
        if half and number == 0:
            rate.axvline(half["bytes"], color=GREY, lw=0.8, ls=":")
            rate.annotate(f"over half of the peak\nfrom {half['bytes']:,} B on", (half["bytes"], rate.get_ylim()[0]), xytext=(4, 6), textcoords="offset points", fontsize=7.5, color=GREY)
    for axes, label in ((rate, "bus bandwidth, GB/s (dashed: peak of the links)"), (time, "us (dashed: lower bound)")):
        axes.set_xscale("log", base=2)
        axes.set(xlabel="bytes of the whole vector", ylabel=label)
        axes.xaxis.set_major_formatter(_bytes)
    time.set_yscale("log")
    log_ticks(time.yaxis)
    rate.set_ylim(0, None)
    legend_outside(figure, "lower center", ncol=2)
    subtitle(rate, title or "Collective over its size", "bandwidth as nccl-tests define it")
    return figure


def _bytes(value, _):
    for unit, size in (("M", 1 << 20), ("K", 1 << 10)):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
