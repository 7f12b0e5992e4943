# SPDX-License-Identifier: Apache-2.0
"""The one seam to the simulator: design points in, keys and metrics out."""
import functools
import json

from .. import _core


@functools.cache
def known_axes():
    """{name: row} of every axis that a point may set, as `superlane describe axes` lists them."""
    return {row["name"]: row for row in json.loads(_core.axes())}


@functools.cache
def numeric_defaults():
    """{name: value} of the axes that are numbers."""
    return {name: float(row["default"]) for name, row in known_axes().items() if "low" in row}


def program_version():
    """With the digest of its sources: results of others are not its own."""
    return _core.full_version()


def evaluate(point):
    """Runs one point: {"key", "point", "metrics"}, or {"error"} when it cannot be."""
    return json.loads(_core.evaluate_point(json.dumps(point), False))


def resolve(points):
    """For each point {"key", "point"} or {"error"}, without running it."""
    return [json.loads(_core.evaluate_point(json.dumps(point), True)) for point in points]
