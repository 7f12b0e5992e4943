# SPDX-License-Identifier: Apache-2.0
"""A served stream of requests: the KV cache and the requests at once over time, and the latencies that users see."""
from .style import BLUE, GREEN, GREY, ORANGE, new_figure, subtitle

PERCENTILES = ("p50", "p90", "p95", "p99", "max")


def draw(result, title=None):
    """Figure of a result of serve."""
    intervals = result["kv_occupancy"]["intervals"]
    begins = [at["begin_s"] for at in intervals]
    figure = new_figure(10, 5.4)
    grid = figure.add_gridspec(2, 3)
    cache = figure.add_subplot(grid[0, :])
    cache.fill_between(begins, [at["kv_share"] for at in intervals], step="post", color=BLUE, alpha=0.35, lw=0)
    cache.plot(begins, [at["kv_share"] for at in intervals], drawstyle="steps-post", color=BLUE, lw=1)
    cache.set(xlabel="seconds since the first request", ylabel="KV cache in use", ylim=(0, 1.02), xlim=(begins[0], begins[-1]))
    cache.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    requests = cache.twinx()
    requests.grid(False)
    requests.plot(begins, [at["requests"] for at in intervals], drawstyle="steps-post", color=ORANGE, lw=1)
    requests.set_ylabel("requests at once", color=ORANGE)
    requests.set_ylim(0, None)
    cells = zip((grid[1, 0], grid[1, 1], grid[1, 2]), (("ttft_s", "time to the first token", BLUE), ("tpot_s", "time between tokens", GREEN), ("e2e_s", "whole request", ORANGE)))
    for cell, (key, name, colour) in cells:
        axes = figure.add_subplot(cell)
        values = [1e3 * result[key][percentile] for percentile in PERCENTILES]
        axes.bar(PERCENTILES, values, color=colour, width=0.66)
        for place, value in enumerate(values):
            axes.text(place, value, f"{value:,.3g}", ha="center", va="bottom", fontsize=7.5)
        axes.grid(False, axis="x")
        axes.set(ylabel="ms", ylim=(0, 1.12 * max(values)))
        axes.set_title(name, fontsize=9, color=GREY)
    speed = result["tokens_per_second_per_user"]["p50"]
    subtitle(cache, title or "Serving", f"{result['model']} on {result['machine']}; {result['source']}: {result['requests']:,} requests, "
             f"{result['throughput_tokens_per_second']:,.0f} tokens/s, {speed:,.0f} tokens/s for the median user")
    return figure
