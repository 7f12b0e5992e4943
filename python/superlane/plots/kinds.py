# SPDX-License-Identifier: Apache-2.0
"""Every kind of picture: a row each. The first that takes an input is drawn when none is named."""
from dataclasses import dataclass
from typing import Callable

from . import bandwidth, context, heatmap, operators, pareto, price, roofline, scaling, serving, spacetime, topology, utilisation
from .errors import PlotError


@dataclass(frozen=True)
class Kind:
    name: str
    forms: tuple       # of inputs that it takes
    many: bool         # more than one file in a picture
    options: tuple     # of its own
    draw: Callable     # (inputs, **options) -> figure
    summary: str


def _pairs(inputs):
    return [(each.label, each.data) for each in inputs]


KINDS = (
    Kind("spacetime", ("trace",), False, ("cycles",), lambda i, **o: spacetime.draw(i[0].data, **o),
         "slices across, cycles down, values on streams as diagonals"),
    Kind("utilisation", ("trace",), False, (), lambda i, **o: utilisation.draw(i[0].data, **o),
         "how busy queues and streams are over time"),
    Kind("operators", ("decode", "run"), True, (), lambda i, **o: operators.draw(_pairs(i), **o),
         "where a token's time goes"),
    Kind("roofline", ("gemm", "decode", "run"), True, (), lambda i, **o: roofline.draw(_pairs(i), **o),
         "measured points under the limits of streams and matrix units"),
    Kind("context", ("decode",), True, (), lambda i, **o: context.draw(context.points_of(_pairs(i)), **o),
         "decode latency against context"),
    Kind("scaling", ("decode",), True, (), lambda i, **o: scaling.draw(_pairs(i), **o),
         "decode speed against the chips that share a layer"),
    Kind("bandwidth", ("collective",), True, (), lambda i, **o: bandwidth.draw(_pairs(i), **o),
         "bandwidth and time of a collective over its size"),
    Kind("topology", ("collective", "decode"), False, (), lambda i, **o: topology.draw(i[0].data, **o),
         "load of every link of a system"),
    Kind("serving", ("serve",), False, (), lambda i, **o: serving.draw(i[0].data, **o),
         "KV cache and requests over time, latencies of users"),
    Kind("price", ("compare", "serve"), True, (), lambda i, **o: price.draw(_pairs(i), **o),
         "tokens/s of a user against USD per million tokens"),
    Kind("pareto", ("table",), False, ("x", "y", "colour"), lambda i, **o: pareto.draw(i[0].data, what=i[0].label, **o),
         "points of a sweep that no other beats"),
    Kind("heatmap", ("table",), False, ("x", "y", "value"), lambda i, **o: heatmap.draw(i[0].data, what=i[0].label, **o),
         "a metric over two axes of a sweep"),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def takes(kind, each):
    """Whether this input has what the picture needs."""
    data = each.data
    if each.form not in kind.forms:
        return False
    if kind.name == "operators":
        return bool(data.get("operators"))
    if kind.name == "roofline":
        return roofline.point(data) is not None
    if kind.name == "bandwidth":
        return len(data["sizes"]) > 1
    if kind.name == "topology":
        return bool(data.get("links") or (data.get("sizes") or [{}])[-1].get("links"))
    if kind.name == "price":
        return each.form == "compare" or data.get("usd_per_million_tokens", 0) > 0
    return True


def choose(inputs):
    """The picture for these inputs."""
    for kind in KINDS:
        if all(takes(kind, each) for each in inputs) and (kind.many or len(inputs) == 1):
            return kind
    files = ", ".join(f"{each.file} ({each.form})" for each in inputs)
    raise PlotError(f"{files}: no kind of picture takes {'these together' if len(inputs) > 1 else 'this'}; kinds: {', '.join(BY_NAME)}")
