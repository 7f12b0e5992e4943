# SPDX-License-Identifier: Apache-2.0
"""Small pieces of HTML; whatever comes from a file is escaped here."""
import html
import json

from .units import shown, unit_of

escape = html.escape


def quoted(text):
    """A string of JavaScript inside an attribute."""
    return escape(json.dumps(text))


def table(heads, rows, numbers=(), marked=()):
    """`numbers`: columns set flush right; `marked`: rows that stand out. Cells are texts, or ("html", ...) as they are."""
    def cell(place, value):
        text = value[1] if isinstance(value, tuple) else escape(str(value))
        return f'<td class="{value[2]}">{text}</td>' if isinstance(value, tuple) and len(value) > 2 else \
            f'<td class="number">{text}</td>' if place in numbers else f"<td>{text}</td>"
    head = "".join(f'<th class="{"number" if place in numbers else "text"}">{escape(name)}</th>' for place, name in enumerate(heads))
    lines = [f'<tr{" class=set" if number in marked else ""}>' + "".join(cell(i, v) for i, v in enumerate(row)) + "</tr>" for number, row in enumerate(rows)]
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def words(key):
    return key.replace("_", " ").replace(".", ", ")


def figure_table(rows):
    """Names, numbers with units."""
    return table(("figure", "value", "key in the file"), [(words(key), shown(value, unit_of(key)), ("html", f"<code>{escape(key)}</code>")) for key, value in rows],
                 numbers=(1,))


def details(summary, inside, opened=False):
    return f'<details{" open" if opened else ""}><summary>{escape(summary)}</summary>{inside}</details>'
