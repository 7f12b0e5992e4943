# SPDX-License-Identifier: Apache-2.0
"""Speed against price as comparisons of providers draw it: tokens/s that a user sees, USD per million tokens."""
from .errors import PlotError
from .style import GREY, MARKERS, SERIES, legend_outside, log_ticks, new_figure, subtitle


def points_of(inputs):
    """[(name, tokens/s of a user, USD per million tokens, batch curve)] of results of compare and serve: [(label, result)]."""
    points = []
    for label, result in inputs:
        if "machines" in result:
            points += [(m["name"], m["tokens_per_second_per_user"]["p50"], m["usd_per_million_tokens"],
                        [(p["tokens_per_second_per_user"], p["usd_per_million_tokens"]) for p in m.get("batch_curve", [])])
                       for m in result["machines"]]
        elif "tokens_per_second_per_user" in result:
            points.append((result.get("machine") or label, result["tokens_per_second_per_user"]["p50"], result["usd_per_million_tokens"], []))
        else:
            raise PlotError(f"{label}: no tokens/s of a user with a price: not a result of compare or serve")
    priced = [point for point in points if point[2] > 0]
    if not priced:
        raise PlotError("no machine has a price: --usd-per-hour of serve, or prices of compare")
    return priced


def draw(inputs, title=None):
    """`inputs`: [(label, result of compare or serve)]."""
    points = points_of(inputs)
    figure = new_figure(8.6, 5.4)
    axes = figure.subplots()
    for number, (name, speed, price, curve) in enumerate(points):
        colour = SERIES[number % len(SERIES)]
        curve = sorted((x, y) for x, y in curve if y > 0)
        axes.plot([x for x, _ in curve], [y for _, y in curve], color=colour, lw=1, alpha=0.55)
        axes.plot(speed, price, MARKERS[number % len(MARKERS)], color=colour, ms=10, mec="white", mew=0.8, zorder=3, label=name)
    speeds = [p[1] for p in points] + [x for p in points for x, _ in p[3]]
    prices = [p[2] for p in points] + [y for p in points for _, y in p[3] if y > 0]
    axes.set(xscale="log", yscale="log", xlabel="tokens/s that a user sees (median)", ylabel="USD per million output tokens")
    axes.set(xlim=(min(speeds) / 1.5, max(speeds) * 1.5), ylim=(min(prices) / 1.6, max(prices) * 1.6))
    log_ticks(axes.xaxis, axes.yaxis)
    axes.annotate("faster and cheaper", (0.985, 0.03), xycoords="axes fraction", ha="right", fontsize=9, color=GREY, style="italic")
    legend_outside(figure, "lower center", ncol=5)
    first = inputs[0][1]
    curves = "; thin lines: from few to many requests that only decode" if any(p[3] for p in points) else ""
    subtitle(axes, title or "Speed and price", f"{first.get('model', '')}, {first.get('source', '')}{curves}".strip(", "))
    return figure
