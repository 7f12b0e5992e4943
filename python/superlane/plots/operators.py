# SPDX-License-Identifier: Apache-2.0
"""Where a step's time goes: operators of one result as bars, kinds of several results side by side."""
from .errors import PlotError
from .style import GREY, INK, KINDS, dark, legend_outside, new_figure, subtitle


def draw(results, title=None):
    """`results`: [(label, result of decode or run)]."""
    for label, result in results:
        if not result.get("operators"):
            raise PlotError(f"{label}: no operators: not a result of decode or of a workload")
    return _one(*results[0], title) if len(results) == 1 else _many(results, title)


def run_text(result):
    """What was run, in one line."""
    parts = [str(result.get("model", "")), result.get("dtype", "")]
    parts.append(f"{result['chips']:,} chips of {result['system']}" if result.get("chips", 1) > 1 else f"on {result.get('chip', '')}")
    if result.get("chips", 1) > 1:
        parts.append(f"tp {result['tp']}, pp {result['pp']}")
    if result.get("context"):
        parts.append(f"context {result['context']:,}")
    if result.get("batch", 1) > 1:
        parts.append(f"batch {result['batch']}")
    return ", ".join(part for part in parts if part)


def _one(label, result, title):
    rows = [row for row in result["operators"] if row["cycles"] > 0]
    total = sum(row["cycles"] for row in rows)
    steps = max(1, len(result.get("cycles_per_token", [])))
    mhz = float(result["parameters"]["clock.mhz"]["value"])
    figure = new_figure(9, 1.7 + 0.27 * len(rows))
    strip, axes = figure.subplots(2, 1, height_ratios=[1, max(4, 0.75 * len(rows))])
    _strip(strip, result["operator_kinds"])
    for place, row in enumerate(rows):
        axes.barh(place, row["cycles"] / steps, color=KINDS[row["kind"]], height=0.76)
        axes.text(row["cycles"] / steps, place, f"  {row['cycles'] / steps:,.0f} cycles, {_percent(row['cycles'] / total)}",
                  va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(False, axis="y")
    axes.set(xlabel="cycles a token" if "cycles_per_token" in result else "cycles", xlim=(0, 1.24 * max(row["cycles"] for row in rows) / steps))
    subtitle(strip, title or "Where the time goes", f"{run_text(result)}: {total / steps:,.0f} cycles, {total / steps / mhz:,.2f} us")
    return figure


def _percent(share):
    return f"{100 * share:.1f} %" if share >= 0.001 else "< 0.1 %"


def _strip(axes, kinds):
    total, left = sum(kinds.values()), 0.0
    for kind, cycles in kinds.items():
        share = cycles / total
        axes.barh(0, share, left=left, color=KINDS[kind], height=1)
        if share > 0.02:
            text = f"{kind} {100 * share:.0f} %" if share > 0.1 else f"{100 * share:.0f} %"
            axes.text(left + share / 2, 0, text, ha="center", va="center", fontsize=8, weight="bold",
                      color="white" if dark(KINDS[kind]) else INK)
        left += share
    axes.set(xlim=(0, 1), ylim=(-0.5, 0.5))
    axes.axis("off")


def _many(results, title):
    figure = new_figure(9, 1.5 + 0.45 * len(results))
    axes = figure.subplots()
    shares(axes, [(f"{label}\n{result.get('model', '')} {result.get('dtype', '')}", result) for label, result in results])
    legend_outside(figure, "upper right", ncol=4)
    axes.set_title(title or "Where the time goes")
    return figure


def shares(axes, results):
    """A bar each result, of its kinds of operators; `results`: [(name of the bar, result)]."""
    for place, (_, result) in enumerate(results):
        total, left = sum(result["operator_kinds"].values()), 0.0
        for kind, colour in KINDS.items():
            share = result["operator_kinds"].get(kind, 0) / total
            axes.barh(place, share, left=left, color=colour, height=0.72, label=kind if place == 0 else None)
            if share > 0.05:
                axes.text(left + share / 2, place, f"{100 * share:.0f} %", ha="center", va="center", fontsize=8,
                          color="white" if dark(colour) else INK)
            left += share
        axes.text(1.01, place, f"{total / max(1, len(result.get('cycles_per_token', []))):,.0f} cycles", va="center", fontsize=8, color=GREY)
    axes.set_yticks(range(len(results)), [name for name, _ in results])
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.set(xlim=(0, 1), xlabel="share of a token's time")
