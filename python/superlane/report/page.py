# SPDX-License-Identifier: Apache-2.0
"""The page: a section each source, its pictures within."""
from ..plots.errors import PlotError
from ..plots.kinds import KINDS, takes
from ..plots.style import style, svg_text
from .css import CSS
from .html import escape
from .perfetto import SCRIPT
from .sections import heading, result_section, table_section, trace_section

OVERVIEW = 400  # cycles of a space-time diagram that are also shown alone, from the middle of a longer program


def pictures(inputs, number):
    """Every picture that these inputs have what it takes for, as (kind, svg)."""
    drawn = []
    for kind in KINDS:
        if all(takes(kind, each) for each in inputs) and (len(inputs) == 1 or kind.many):
            for options in _options(kind, inputs[0]):
                salt = f"superlane-{number}-{kind.name}-{len(drawn)}"
                try:
                    with style(salt):
                        figure = kind.draw(inputs, **options)
                except PlotError:  # one result has no curve over contexts, a table may lack a column
                    continue
                drawn.append((kind, svg_text(figure, salt)))
    return drawn


def _options(kind, each):
    if kind.name != "spacetime" or each.data.cycles <= 2 * OVERVIEW:
        return [{}]
    middle = each.data.cycles // 2
    return [{}, {"cycles": (middle - OVERVIEW // 2, middle + OVERVIEW // 2)}]


def _figures(drawn):
    return "".join(f'<figure class="{"narrow" if kind.name == "topology" else "wide"}">{svg}<figcaption>{escape(kind.name.capitalize())}: {escape(kind.summary)}.</figcaption></figure>'
                   for kind, svg in drawn)


def _section(each, number):
    if each.form == "trace":
        inside = trace_section(each, number) + _figures(pictures([each], number))
    elif each.form == "table":
        inside = _figures(pictures([each], number)) + table_section(each)
    else:
        text = result_section(each)
        before, mark, after = text.partition("<h3>")
        inside = before + _figures(pictures([each], number)) + mark + after
    return f'<section id="s{number}"><h2>{escape(heading(each))}</h2>{inside}</section>'


def page(inputs, title=None):
    """The whole page as text."""
    name = title or heading(inputs[0])
    together = _figures(pictures(inputs, 0)) if len(inputs) > 1 else ""
    versions = sorted({each.data["version"] for each in inputs if each.form not in ("trace", "table") and "version" in each.data})
    links = "".join(f'<a href="#s{number}">{escape(heading(each))}</a>' for number, each in enumerate(inputs, 1))
    script = f"<script>{SCRIPT}</script>" if any(each.form == "trace" for each in inputs) else ""
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(name)}</title><style>{CSS}</style>{script}</head>\n<body><header><h1>{escape(name)}</h1>"
            f'<p class="note">Superlane {escape(", ".join(versions))}: simulated cycle by cycle; every number stands with its unit, every parameter with its origin.</p>'
            f"{f'<nav>{links}</nav>' if len(inputs) > 1 else ''}</header>\n<main>"
            + (f"<section><h2>Side by side</h2>{together}</section>" if together else "")
            + "\n".join(_section(each, number) for number, each in enumerate(inputs, 1))
            + f"</main>\n<footer>Made by superlane report from {escape(', '.join(each.file for each in inputs))}.</footer></body></html>\n")
