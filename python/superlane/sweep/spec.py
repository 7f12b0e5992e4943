# SPDX-License-Identifier: Apache-2.0
"""What a sweep is asked to do, read from JSON and checked before anything runs."""
import dataclasses
import hashlib
import json
import os
import pathlib

from ..errors import nearest
from . import design
from .domain import check_value, domain
from .errors import SweepError
from .expression import Expression

_KEYS = ("sweep", "name", "description", "fixed", "axes", "search", "constraints", "objectives")
_SEARCHES = {"grid": (), "zip": (), "random": ("points", "seed"), "latin_hypercube": ("points", "seed"),
             "optuna": ("points", "seed", "batch")}
_PATHS = ("model", "chip", "system", "draft", "prices")
_VERSION = 1


@dataclasses.dataclass
class Spec:
    """`domains` by axis, `fixed` values of all points, `search` with its options, constraints, objectives."""
    name: str
    fixed: dict
    domains: dict
    search: str
    options: dict
    before: list  # expressions that read the point alone
    after: list  # that read metrics too
    objectives: dict  # metric -> "min" or "max"

    def points(self):
        """All points of the design; empty for a search that chooses them as it goes."""
        domains = list(self.domains.values())
        if self.search == "grid":
            return design.grid(domains)
        if self.search == "zip":
            return design.zipped(domains)
        make = design.random_points if self.search == "random" else design.latin_hypercube
        return make(domains, **self.options)

    def canonical(self):
        """The same as JSON with nothing left out."""
        return {"fixed": self.fixed, "axes": {name: dataclasses.asdict(each) for name, each in self.domains.items()},
                "search": {self.search: self.options},
                "constraints": [each.text for each in self.before + self.after], "objectives": self.objectives}


def identity_of(canonical, version):
    """SHA-256 of what a spec asks a version of the program for; its name is not part of that."""
    return hashlib.sha256(json.dumps([version, canonical], sort_keys=True).encode()).hexdigest()


def read_spec(spec, known, where=None):
    """From a file's name or a dictionary. Paths in a file are relative to it."""
    folder = pathlib.Path(".")
    if not isinstance(spec, dict):
        path = pathlib.Path(spec)
        where, folder, spec = str(path), path.parent, _read_json(path)
    where = where or "sweep"
    _check_keys(spec, where)
    fixed = _object(spec, "fixed", where)
    axes = _object(spec, "axes", where)
    if not axes:
        raise SweepError(f"{where}: key 'axes': no axis, so there is nothing to sweep")
    for name in fixed:
        check_value(name, fixed[name], known, f"{where}: fixed")
        if name in axes:
            raise SweepError(f"{where}: '{name}' is both fixed and an axis")
    fixed = {name: _beside(folder, name, value) for name, value in fixed.items()}
    search, options = _search(spec, where)
    domains = {}
    for name, values in axes.items():
        if isinstance(values, list):
            values = [_beside(folder, name, value) for value in values]
        domains[name] = domain(name, values, known, f"{where}: axis", repeats=search == "zip")
    before, after = _constraints(spec, known, where)
    return Spec(str(spec.get("name") or _name_of(where)), fixed, domains, search, options, before, after,
                _objectives(spec, where))


def _read_json(path):
    def no_duplicates(pairs):
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise SweepError(f"{path}: key '{key}' is there twice")
        return dict(pairs)

    try:
        read = json.loads(path.read_text(), object_pairs_hook=no_duplicates)
    except OSError as error:
        raise SweepError(f"{path}: {error.strerror}") from None
    except json.JSONDecodeError as error:
        raise SweepError(f"{path}:{error.lineno}:{error.colno}: {error.msg}") from None
    except UnicodeDecodeError:
        raise SweepError(f"{path}: is not UTF-8 text") from None
    if not isinstance(read, dict):
        raise SweepError(f"{path}: must be a JSON object")
    return read


def _name_of(where):
    return pathlib.Path(where).stem


def _check_keys(spec, where):
    for key in spec:
        if key not in _KEYS:
            raise SweepError(f"{where}: unknown key '{key}'{nearest(key, _KEYS)}; allowed are {', '.join(_KEYS)}")
    if spec.get("sweep", _VERSION) != _VERSION:
        raise SweepError(f"{where}: key 'sweep': version {spec['sweep']!r}; this program reads {_VERSION}")


def _object(spec, key, where):
    value = spec.get(key, {})
    if not isinstance(value, dict):
        raise SweepError(f"{where}: key '{key}': {value!r} is not an object")
    return value


def _beside(folder, name, value):
    """Files are found wherever a worker runs."""
    if name in _PATHS and isinstance(value, str) and (value.endswith(".json") or os.sep in value):
        return str((folder / value).resolve())
    return value


def _search(spec, where):
    given = spec.get("search", "grid")
    if isinstance(given, str):
        given = {given: {}}
    if not isinstance(given, dict) or len(given) != 1:
        raise SweepError(f"{where}: key 'search': {given!r}; allowed is one of {', '.join(_SEARCHES)}")
    (name, options), = given.items()
    where = f"{where}: search '{name}'"
    if name not in _SEARCHES:
        raise SweepError(f"{where} is unknown{nearest(name, _SEARCHES)}; allowed are {', '.join(_SEARCHES)}")
    if not isinstance(options, dict):
        raise SweepError(f"{where}: {options!r} is not an object")
    for key in options:
        if key not in _SEARCHES[name]:
            raise SweepError(f"{where}: unknown key '{key}'{nearest(key, _SEARCHES[name])}")
    if not _SEARCHES[name]:
        return name, {}
    standard = {"seed": 0} | ({"batch": 8} if name == "optuna" else {})
    options = {**standard, **options}
    for key, low in (("points", 1), ("seed", 0), ("batch", 1)):
        value = options.get(key)
        if key in _SEARCHES[name] and (type(value) is not int or not low <= value <= design.MOST_POINTS):
            raise SweepError(f"{where}: key '{key}': {value!r}; must be a whole number from {low} to {design.MOST_POINTS}")
    return name, options


def _constraints(spec, known, where):
    given = spec.get("constraints", [])
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise SweepError(f"{where}: key 'constraints': must be a list of texts, as [\"batch * context <= 65536\"]")
    expressions = [Expression(text) for text in given]
    before = [each for each in expressions if each.names <= set(known)]
    return before, [each for each in expressions if each not in before]


def _objectives(spec, where):
    objectives = _object(spec, "objectives", where)
    for metric, sense in objectives.items():
        if sense not in ("min", "max"):
            raise SweepError(f"{where}: objective '{metric}': {sense!r}; allowed are min, max")
    if not objectives and "optuna" in spec.get("search", ""):
        raise SweepError(f"{where}: search 'optuna' needs 'objectives'")
    return objectives
