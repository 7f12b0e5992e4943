# SPDX-License-Identifier: Apache-2.0
"""What a table of points says: the Pareto front, and which axis matters for which metric."""
import math

_MOST_GROUPS = 12
_BINS = 8


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _dominates(a, b):
    return a != b and all(x <= y for x, y in zip(a, b))


def pareto(rows, objectives):
    """The rows that no other beats: at least as good in every objective, better in one. `objectives`: metric -> "min" or
    "max". Rows without one of the metrics are not compared. Order is kept; equal rows are all kept."""
    front = []
    for row in rows:
        if not all(is_number(row.get(metric)) for metric in objectives):
            continue
        cost = tuple(row[metric] if sense == "min" else -row[metric] for metric, sense in objectives.items())
        if any(_dominates(other, cost) for other, _ in front):
            continue
        front = [(other, kept) for other, kept in front if not _dominates(cost, other)]
        front.append((cost, row))
    return [row for _, row in front]


def _groups(values):
    """By row its group: one a value, or equal parts of the sorted values where they are many."""
    distinct = sorted({repr(value) for value in values})
    if len(distinct) <= _MOST_GROUPS or not all(is_number(value) for value in values):
        return [repr(value) for value in values]
    ordered = sorted(values)
    bounds = [ordered[len(ordered) * part // _BINS] for part in range(1, _BINS)]
    return [sum(value >= bound for bound in bounds) for value in values]


def _effect(groups, results):
    """(range of the groups' means, share of the variance that lies between groups, number of groups)."""
    means, mean = {}, math.fsum(results) / len(results)
    for group in set(groups):
        members = [y for g, y in zip(groups, results) if g == group]
        means[group] = (math.fsum(members) / len(members), len(members))
    variance = math.fsum((y - mean) ** 2 for y in results)
    between = math.fsum(count * (m - mean) ** 2 for m, count in means.values())
    spread = max(m for m, _ in means.values()) - min(m for m, _ in means.values())
    return spread, between / variance if variance > 0 else 0.0, len(means)


def sensitivity(rows, axes, metrics):
    """Main effects, a row an axis and metric, the strongest first: how far the mean of the metric moves over the axis
    (`effect`, by the overall mean), and the share of the metric's variance that the axis alone explains
    (`share_of_variance`); an axis without any effect would have about `share_by_chance`."""
    table = []
    for metric in metrics:
        known = [row for row in rows if is_number(row.get(metric))]
        if len(known) < 2:
            continue
        results = [row[metric] for row in known]
        mean = math.fsum(results) / len(results)
        effects = []
        for axis in axes:
            spread, share, count = _effect(_groups([row.get(axis) for row in known]), results)
            effects.append({"metric": metric, "axis": axis, "effect": spread / abs(mean) if mean else 0.0,
                            "share_of_variance": share, "share_by_chance": (count - 1) / (len(known) - 1)})
        table += sorted(effects, key=lambda row: -row["share_of_variance"])
    return table
