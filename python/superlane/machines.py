# SPDX-License-Identifier: Apache-2.0
"""Chips, systems of chips, and language models: what ships, what a file says, and what was set."""
import html
import json
import os

from . import _core


def _overrides(given):
    if given is None:
        return []
    return [f"{key}={value}" for key, value in given.items()] if hasattr(given, "items") else list(given)


def _table(title, rows):
    cells = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>" for name, value in rows)
    return f"<table><caption>{html.escape(title)}</caption>{cells}</table>"


def _text(title, rows):
    return "\n".join([f"<{title}>", *(f"  {name:24} {value}" for name, value in rows)])


class _Described:
    """Parameters by key, and how it looks."""

    def __getitem__(self, key):
        rows = self.parameters()
        if key not in rows:
            raise KeyError(key + _core.nearest_hint(key, list(rows)))
        return rows[key]["value"]

    def keys(self):
        """Keys of all parameters, as in files and ``--set``."""
        return self.parameters().keys()

    def to_frame(self):
        """Every parameter with value, unit, range, origin, mark (P published, T told, D derived, A assumed) and source.

        Returns
        -------
        pandas.DataFrame
        """
        from .result import optional

        return optional("pandas").DataFrame.from_dict(self.parameters(), orient="index")

    def _arguments(self, keyword):
        return ["--" + keyword, self.source, *(word for one in self.overrides for word in ("--set", one))]

    def __repr__(self):
        return _text(f"superlane.{type(self).__name__} {self.name}", self._facts())

    def _repr_html_(self):
        return _table(f"{type(self).__name__} {self.name}", self._facts())


class Chip(_Described, _core.Chip):
    """A chip: geometry, timing, energy and area.

    Parameters
    ----------
    source : str or path, default "tsp-v1"
        A chip that ships (:func:`chips`) or a JSON file.
    overrides : dict, optional
        Parameters to set, as ``{"mem.slices_per_hemisphere": 40}``.

    Attributes
    ----------
    lanes : int
        Bytes of a vector.
    sram_bytes : int
        Of all MEM slices, bytes.
    stream_bytes_per_cycle, sram_bytes_per_cycle : int
        What all streams, and all MEM ports, carry; bytes a cycle.
    clock_mhz : float
        MHz.
    digest : str
        SHA-256 of geometry and timing: what a static schedule depends on.

    Raises
    ------
    UserError
        Unknown chip or key (with the nearest), or a value out of range.

    Examples
    --------
    >>> chip = superlane.Chip("tsp-v1", {"mem.slices_per_hemisphere": 40})
    >>> chip["mem.slices_per_hemisphere"], chip.lanes
    (40, 320)
    """

    def __init__(self, source="tsp-v1", overrides=None):
        self.source, self.overrides = os.fspath(source), _overrides(overrides)
        super().__init__(self.source, self.overrides)

    def __reduce__(self):
        return Chip, (self.source, self.overrides)

    def _facts(self):
        return [("lanes", self.lanes), ("clock", f"{self.clock_mhz:g} MHz"), ("SRAM", f"{self.sram_bytes:,} B"),
                ("streams", f"{self.stream_bytes_per_cycle:,} B/cycle"), ("SRAM ports", f"{self.sram_bytes_per_cycle:,} B/cycle"),
                *((key, row["value"]) for key, row in self.parameters().items() if row["origin"] == "--set"),
                ("digest", self.digest[:12])]


class System(_Described, _core.System):
    """Chips of one kind, the cables between them, and the host beside them.

    Parameters
    ----------
    source : str, int or path
        A system that ships (:func:`systems`), a JSON file, or a number of chips of ``tsp-v1``.
    overrides : dict, optional
        Parameters of the system or of its chip to set.

    Attributes
    ----------
    chips, nodes, racks, chips_per_node : int
        Counts.
    link_bytes_per_s : float
        Payload of one link and direction, B/s.

    Raises
    ------
    UserError
        Unknown system or key, or cables that do not make one system.
    """

    def __init__(self, source, overrides=None):
        self.source, self.overrides = str(source), _overrides(overrides)
        super().__init__(self.source, self.overrides)

    def __reduce__(self):
        return System, (self.source, self.overrides)

    def _facts(self):
        return [("chips", f"{self.chips:,}"), ("nodes", f"{self.nodes:,}"), ("racks", f"{self.racks:,}"),
                ("cables", f"{len(self.cables()) // 2:,}"), ("link", f"{self.link_bytes_per_s / 1e9:.2f} GB/s each way"),
                ("chip", self.chip.name)]


class Model(_core.Model):
    """The shape of a language model.

    Parameters
    ----------
    source : str or path
        A model that ships (:func:`models`), or a directory with a Hugging Face ``config.json``.

    Attributes
    ----------
    layers, hidden, heads, kv_heads, head_dim, ffn, vocabulary : int
        Counts and elements.
    parameters : int
        Stored parameters; ``projection_parameters`` are those that one token reads.

    Raises
    ------
    UserError
        Unknown model, or a configuration that says what is not known.
    """

    def __init__(self, source):
        self.source = os.fspath(source)
        super().__init__(self.source)

    def __reduce__(self):
        return Model, (self.source,)

    @property
    def config(self):
        """The keys of ``config.json``, as a dict."""
        return json.loads(self.config_json())

    def _facts(self):
        return [("family", self.family), ("parameters", f"{self.parameters:,}"), ("layers", self.layers), ("hidden", self.hidden),
                ("heads", f"{self.heads} of {self.head_dim}, {self.kv_heads} for keys and values"), ("ffn", self.ffn),
                ("vocabulary", f"{self.vocabulary:,}"), ("keys and values", f"{self.kv_bytes_per_token():,.0f} B a token in fp16")]

    def __str__(self):
        return self.source

    def __repr__(self):
        return _text(f"superlane.Model {self.name}", self._facts())

    def _repr_html_(self):
        return _table(f"Model {self.name}", self._facts())


def as_chip(chip):
    """A chip as it is, or by name."""
    return chip if isinstance(chip, _core.Chip) else Chip(chip)


def chips():
    """Names of the chips that ship."""
    return _core.chip_names()


def systems():
    """Names of the systems that ship."""
    return _core.system_names()


def models():
    """Names of the models that ship: shapes without weights."""
    return _core.model_names()
