# SPDX-License-Identifier: Apache-2.0
"""Roofline of a chip with measured points: operations a byte that streams bring, against operations a second."""
import math

from .errors import PlotError
from .style import BLUE, GREY, INK, MARKERS, ORANGE, RED, SERIES, new_figure, subtitle


AXES_INCHES = (8.2, 4.5)  # about, of the figure below


def machine(result):
    """Limits of one chip from the parameters of a result, in operations and bytes a second."""
    value = {name: row["value"] for name, row in result["parameters"].items()}
    hertz, lanes = value["clock.mhz"] * 1e6, 16 * value["superlanes"]
    int8 = 2 * 2 * value["mxm.planes_per_hemisphere"] * lanes * lanes * hertz  # two operations a MAC, two hemispheres
    return {"streams": 2 * value["stream.count"] * lanes * hertz,
            "sram": 2 * 2 * value["mem.slices_per_hemisphere"] * lanes * hertz,
            "int8": int8, "fp16": int8 / 2 / value["mxm.half_interval"]}


def point(result):
    """(operations a byte, operations a second) of a chip in use; None where a result has no products."""
    limits = machine(result)
    speed = result.get("mxm_utilisation", 0) * limits["fp16" if result.get("dtype") == "fp16" else "int8"]
    traffic = result.get("stream_utilisation", 0) * limits["streams"]
    return (speed / traffic, speed) if speed > 0 and traffic > 0 else None


def label_of(name, result):
    if result["command"][0] == "gemm":
        return f"product {result['m']:,} x {result['k']:,} x {result['n']:,} {result['dtype']}"
    batch = f", batch {result['batch']}" if result.get("batch", 1) > 1 else ""
    chips = f", {result['chips']:,} chips" if result.get("chips", 1) > 1 else ""
    return f"{result.get('model', name)} {result.get('dtype', '')}{batch}{chips}"


def draw(results, title=None):
    """`results`: [(label, result of decode, gemm or run)] of chips with the same limits."""
    points = [(label_of(name, result), point(result), result) for name, result in results]
    lacking = [label for label, at, _ in points if at is None]
    if lacking:
        raise PlotError(f"{lacking[0]}: no products and stream traffic to place on a roofline")
    limits = machine(results[0][1])
    if any(machine(result) != limits for _, result in results):
        raise PlotError("results of chips with different limits do not share a roofline")
    figure = new_figure(9, 5.4)
    axes = figure.subplots()
    low = min(0.2, min(at[0] for _, at, _ in points) / 3)
    high = max(400.0, max(at[0] for _, at, _ in points) * 3)
    floor = min(at[1] for _, at, _ in points) / 4
    roof = max(limits["int8"], limits["fp16"])
    _roofs(axes, limits, low, high, floor, roof * 3)
    for place, (label, (x, y), result) in enumerate(points):
        bound = min(x * limits["streams"], limits["fp16" if result.get("dtype") == "fp16" else "int8"])
        axes.plot([x, x], [y, bound], color=SERIES[place % len(SERIES)], lw=0.8, ls=":")
        axes.plot(x, y, MARKERS[place % len(MARKERS)], color=SERIES[place % len(SERIES)], ms=7, mec="white", mew=0.7,
                  label=f"{label}: {y / 1e12:,.3g} T operations/s, {100 * y / bound:.0f} % of its bound", zorder=4)
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(floor, roof * 3),
             xlabel="operations a byte read from SRAM onto streams", ylabel="operations/s of one chip (a multiply-add is two)")
    axes.grid(True, which="major")
    axes.legend(loc="lower right", fontsize=7.5, frameon=True, framealpha=0.92, edgecolor="none")
    subtitle(axes, title or "Roofline", f"{results[0][1]['chip']}: SRAM could deliver more, but values reach a unit only on streams")
    return figure


def _roofs(axes, limits, low, high, floor, top):
    """Names lie along their lines: a decade across and one up are not as long."""
    slope = math.degrees(math.atan2(AXES_INCHES[1] / math.log10(top / floor), AXES_INCHES[0] / math.log10(high / low)))
    for name, rate, colour, style in (("streams", limits["streams"], BLUE, "-"), ("SRAM ports, both ways", limits["sram"], GREY, "--")):
        knee = limits["int8"] / rate
        axes.plot([low, knee], [low * rate, limits["int8"]], color=colour, lw=2 if style == "-" else 1.2, ls=style)
        axes.annotate(f"{name} {rate / 1e12:.1f} TB/s", (low * 1.25, low * 1.25 * rate), rotation=slope, rotation_mode="anchor",
                      xytext=(-2, 5), textcoords="offset points", color=colour, fontsize=8)
    for name, colour in (("int8", RED), ("fp16", ORANGE)):
        axes.plot([limits[name] / limits["streams"], high], [limits[name]] * 2, color=colour, lw=2)
        axes.annotate(f"MXM {name} {limits[name] / 1e12:,.0f} T operations/s", (high, limits[name]), ha="right", xytext=(-4, 4),
                      textcoords="offset points", color=colour, fontsize=8)
    axes.axvline(limits["int8"] / limits["streams"], color=INK, lw=0.5, ls=":")
