#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws docs/images/scaling.svg: decode speed against the chips that share a layer, from runs of the program.

    python3 scripts/scaling.py build/superlane     # needs matplotlib

Every point is one `superlane decode --system ... --tp T`, timing only; the figures stand in docs/images/scaling.json.
"""
import json
import subprocess
import sys
from pathlib import Path

MODELS = {"llama-2-7b": ("tsp-v1-576", (1, 2, 4, 8)), "mixtral-8x7b": ("tsp-v1-576", (2, 4, 8)),
          "llama-2-70b": ("tsp-v1-576", (4, 8))}
CONTEXT = 4096
PARTS = {"weights": ("memory",), "network": ("network",), "waiting and other": ("compute", "waiting")}  # kinds of operators


def run(program, model, system, tp):
    command = [program, "decode", model, "--system", system, "--tp", str(tp), "--dtype", "int8", "--context", str(CONTEXT),
               "--position", str(CONTEXT - 1), "--tokens", "1", "--prefill-rows", "1", "--json", "-"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 2:  # does not fit with this split
        return None
    done.check_returncode()
    result = json.loads(done.stdout)
    total = sum(result["operator_kinds"].values())
    return {"model": model, "tp": tp, "pp": result["pp"], "chips": result["chips"],
            "tokens_per_second": result["tokens_per_second"],
            "shares": {part: sum(result["operator_kinds"][kind] for kind in kinds) / total for part, kinds in PARTS.items()},
            "bound_tokens_per_second": result["tokens_per_second"] * total / result["weight_bound_cycles"]}


def draw(points, file):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "superlane"
    import matplotlib.pyplot as plt
    figure, (speed, parts) = plt.subplots(1, 2, figsize=(11, 4.2))
    colours = dict(zip(MODELS, ("#0072b2", "#d55e00", "#009e73")))
    for model, colour in colours.items():
        own = [p for p in points if p["model"] == model]
        speed.plot([p["tp"] for p in own], [p["tokens_per_second"] for p in own], "o-", color=colour, label=model)
        speed.plot([p["tp"] for p in own], [p["bound_tokens_per_second"] for p in own], "x--", color=colour, lw=1)
        for p in own:
            speed.annotate(f"{p['chips']} chips", (p["tp"], p["tokens_per_second"]), textcoords="offset points",
                           xytext=(-6, -12), ha="right" if p["tp"] == 8 else "left", fontsize=7)
    speed.set(xscale="log", yscale="log", xlabel="chips that share a layer (tp)", ylabel="tokens/s of one request",
              title=f"decode, int8, context {CONTEXT:,}\n(crosses: bound of the streams that bring the weights)")
    speed.set_xticks([1, 2, 4, 8], ["1", "2", "4", "8"])
    speed.minorticks_off()
    speed.legend(frameon=False)
    names = [f"{p['model']}\ntp {p['tp']}" for p in points]
    left = [0.0] * len(points)
    for kind, colour in zip(PARTS, ("#56b4e9", "#e69f00", "#cccccc")):
        widths = [p["shares"][kind] for p in points]
        parts.barh(names, widths, left=left, color=colour, label=kind)
        left = [a + b for a, b in zip(left, widths)]
    parts.set(xlabel="share of a token's time", xlim=(0, 1))
    parts.tick_params(axis="y", labelsize=7)
    parts.invert_yaxis()
    parts.legend(frameon=False, ncol=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(__file__).resolve().parent.parent / "docs" / "images"
    points = [point for model, (system, groups) in MODELS.items() for tp in groups
              if (point := run(sys.argv[1], model, system, tp))]
    (folder / "scaling.json").write_text(json.dumps(points, indent=1) + "\n")
    draw(points, folder / "scaling.svg")


if __name__ == "__main__":
    main()
