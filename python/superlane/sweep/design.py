# SPDX-License-Identifier: Apache-2.0
"""From domains to points: grid, zip, random, Latin hypercube. Draws are those of Python's seeded generator, whose
`random()` gives the same numbers in every version; nothing else of it is used."""
import itertools
import random

from .errors import SweepError

MOST_POINTS = 1_000_000


def grid(domains):
    """Every combination; the last axis changes fastest."""
    _need_levels(domains, "grid")
    count = 1
    for domain in domains:
        count *= len(domain.levels)
    if count > MOST_POINTS:
        raise SweepError(f"the grid has {count} points; at most {MOST_POINTS}: use random or latin_hypercube")
    return [dict(zip((d.name for d in domains), values)) for values in itertools.product(*(d.levels for d in domains))]


def zipped(domains):
    """The first values of all axes, then the second ..."""
    _need_levels(domains, "zip")
    lengths = {d.name: len(d.levels) for d in domains}
    if len(set(lengths.values())) > 1:
        raise SweepError("zip needs axes of equal length; they have "
                         + ", ".join(f"{name} {length}" for name, length in lengths.items()))
    return [dict(zip(lengths, values)) for values in zip(*(d.levels for d in domains))]


def random_points(domains, points, seed):
    """Independent draws; equal ones are drawn once."""
    draw = random.Random(seed).random
    return _distinct({d.name: d.at(draw()) for d in domains} for _ in range(points))


def latin_hypercube(domains, points, seed):
    """Each axis is cut into as many equal parts as there are points, and each part is met once."""
    draw = random.Random(seed).random
    columns = {}
    for domain in domains:
        places = list(range(points))
        for last in range(points - 1, 0, -1):
            other = int(draw() * (last + 1))
            places[last], places[other] = places[other], places[last]
        columns[domain.name] = [domain.at((place + draw()) / points) for place in places]
    return _distinct(dict(zip(columns, values)) for values in zip(*columns.values()))


def _need_levels(domains, what):
    for domain in domains:
        if not domain.levels:
            raise SweepError(f"axis '{domain.name}': a {what} needs values: a list, or 'step' or 'factor' beside 'from' "
                             "and 'to'")


def _distinct(points):
    seen = {}
    for point in points:
        seen.setdefault(repr(sorted(point.items())), point)
    return list(seen.values())
