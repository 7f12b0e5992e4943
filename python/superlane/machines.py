# SPDX-License-Identifier: Apache-2.0
"""Chips, systems of chips, and language models: what ships, what a file says, and what was set."""
import json
import os
from collections.abc import Iterable, KeysView, Mapping
from typing import TYPE_CHECKING, Any

from . import _core
from .display import html_table, text_table
from .errors import nearest, optional

if TYPE_CHECKING:
    import pandas

Overrides = Mapping[str, float] | Iterable[str] | None
Facts = list[tuple[str, Any]]


def _overrides(given: Overrides) -> list[str]:
    if given is None:
        return []
    return [f"{key}={value}" for key, value in given.items()] if isinstance(given, Mapping) else list(given)


class _Shown:
    """How it looks, by the facts about it."""

    name: str

    def _facts(self) -> Facts:
        raise NotImplementedError

    def __repr__(self) -> str:
        return text_table(f"{type(self).__name__} {self.name}", self._facts())

    def _repr_html_(self) -> str:
        return html_table(f"{type(self).__name__} {self.name}", self._facts())


class _Configured(_Shown):
    """Parameters by key."""

    source: str
    overrides: list[str]

    if TYPE_CHECKING:  # the extension module has it

        def parameters(self) -> dict[str, dict[str, Any]]: ...

    def __getitem__(self, key: str) -> float:
        rows = self.parameters()
        if key not in rows:
            raise KeyError(key + nearest(key, rows))
        value: float = rows[key]["value"]
        return value

    def keys(self) -> KeysView[str]:
        """Keys of all parameters, as in files and ``--set``."""
        return self.parameters().keys()

    def to_frame(self) -> "pandas.DataFrame":
        """Every parameter with value, unit, range, origin, mark (P published, T told, D derived, A assumed) and source.

        Returns
        -------
        pandas.DataFrame
        """
        return optional("pandas").DataFrame.from_dict(self.parameters(), orient="index")

    def _arguments(self, keyword: str) -> list[str]:
        return ["--" + keyword, self.source, *(word for one in self.overrides for word in ("--set", one))]


class Chip(_Configured, _core.Chip):
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

    def __init__(self, source: str | os.PathLike[str] = "tsp-v1", overrides: Overrides = None) -> None:
        self.source, self.overrides = os.fspath(source), _overrides(overrides)
        super().__init__(self.source, self.overrides)

    def __reduce__(self) -> tuple[Any, ...]:
        return Chip, (self.source, self.overrides)

    def _facts(self) -> Facts:
        return [("lanes", self.lanes), ("clock", f"{self.clock_mhz:g} MHz"), ("SRAM", f"{self.sram_bytes:,} B"),
                ("streams", f"{self.stream_bytes_per_cycle:,} B/cycle"), ("SRAM ports", f"{self.sram_bytes_per_cycle:,} B/cycle"),
                *((key, row["value"]) for key, row in self.parameters().items() if row["origin"] == "--set"),
                ("digest", self.digest[:12])]


class System(_Configured, _core.System):
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

    def __init__(self, source: str | int | os.PathLike[str], overrides: Overrides = None) -> None:
        self.source, self.overrides = str(source), _overrides(overrides)
        super().__init__(self.source, self.overrides)

    def __reduce__(self) -> tuple[Any, ...]:
        return System, (self.source, self.overrides)

    def _facts(self) -> Facts:
        return [("chips", f"{self.chips:,}"), ("nodes", f"{self.nodes:,}"), ("racks", f"{self.racks:,}"),
                ("cables", f"{len(self.cables()) // 2:,}"), ("link", f"{self.link_bytes_per_s / 1e9:.2f} GB/s each way"),
                ("chip", self.chip.name)]


class Model(_Shown, _core.Model):
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

    def __init__(self, source: str | os.PathLike[str]) -> None:
        self.source = os.fspath(source)
        super().__init__(self.source)

    def __reduce__(self) -> tuple[Any, ...]:
        return Model, (self.source,)

    @property
    def config(self) -> dict[str, Any]:
        """The keys of ``config.json``, as a dict."""
        config: dict[str, Any] = json.loads(self.config_json())
        return config

    def _facts(self) -> Facts:
        return [("family", self.family), ("parameters", f"{self.parameters:,}"), ("layers", self.layers), ("hidden", self.hidden),
                ("heads", f"{self.heads} of {self.head_dim}, {self.kv_heads} for keys and values"), ("ffn", self.ffn),
                ("vocabulary", f"{self.vocabulary:,}"), ("keys and values", f"{self.kv_bytes_per_token():,.0f} B a token in fp16")]

    def __str__(self) -> str:
        return self.source


def as_chip(chip: _core.Chip | str | os.PathLike[str]) -> _core.Chip:
    """A chip as it is, or by name."""
    return chip if isinstance(chip, _core.Chip) else Chip(chip)


def chips() -> list[str]:
    """Names of the chips that ship."""
    return _core.chip_names()


def systems() -> list[str]:
    """Names of the systems that ship."""
    return _core.system_names()


def models() -> list[str]:
    """Names of the models that ship: shapes without weights."""
    return _core.model_names()
