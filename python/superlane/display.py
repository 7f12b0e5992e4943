# SPDX-License-Identifier: Apache-2.0
"""How objects look: lines of text, and tables of HTML in notebooks."""
import html
from collections.abc import Iterable, Mapping
from typing import Any

_LONGEST = 70  # characters of a cell


def figures(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """(dotted key, value) of the single values in an object, in its order; lists are left out."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from figures(value, f"{prefix}{key}.")
        elif not isinstance(value, list):
            yield prefix + key, value


def short(value: Any) -> str:
    """A value in a cell: digits grouped, long texts cut."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        text = str(value)
        return text if len(text) <= _LONGEST else text[:_LONGEST - 3] + "..."
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def text_table(title: str, rows: Iterable[tuple[str, Any]]) -> str:
    """A line a row under the title."""
    return "\n".join([f"<superlane.{title}>", *(f"  {name:30} {short(value)}" for name, value in rows)])


def html_table(title: str, rows: Iterable[tuple[str, Any]]) -> str:
    """The same for a notebook."""
    cells = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(short(value))}</td></tr>" for name, value in rows)
    return f"<table><caption>{html.escape(title)}</caption>{cells}</table>"
