# SPDX-License-Identifier: Apache-2.0
"""What a page says about one result, one trace, one table."""
from ..plots.operators import run_text
from ..plots.style import KINDS
from ..plots.tables import axes_of
from ..display import figures
from .html import details, escape, figure_table, table
from .perfetto import trace_block
from .units import shown, unit_of

CARDS = ("tokens_per_second", "latency_us_per_token", "throughput_tokens_per_second", "cycles", "tokens_per_second_per_user.p50", "ttft_s.p50",
         "new_tokens_per_second", "usd_per_million_tokens", "usd_per_hour", "chips", "stream_utilisation", "mxm_utilisation", "step_s", "slo_attainment",
         "energy_j", "stream_bound_share", "chip_usd")
INPUTS = ("configuration", "parameters", "system_parameters", "command", "version", "simulator", "digest", "text")
MARKS = "Marks: P published by the maker, T told by practitioners' public programs, D derived, A assumed. Rows in colour were set for this run."
MOST_ROWS = 60


def result_section(each):
    """Everything a result says; its pictures are the caller's."""
    data = each.data
    parts = [f"<p><code>superlane {escape(' '.join(data['command']))}</code></p>"]
    rows = list(figures({key: value for key, value in data.items() if key not in INPUTS}))
    cards = [(key, value) for wanted in CARDS for key, value in rows if key == wanted and value][:8]
    parts.append('<div class="cards">' + "".join(f"<div class=card><b>{escape(shown(value, unit_of(key)))}</b><span>{escape(key.replace('_', ' '))}</span></div>"
                                                 for key, value in cards) + "</div>")
    for hazard in data.get("hazards", []):
        parts.append(f'<p class="hazard">{escape(hazard if isinstance(hazard, str) else str(hazard.get("message", hazard)))}</p>')
    if data.get("text"):
        parts.append(f"<h3>Text</h3><pre>{escape(data['text'])}</pre>")
    if data.get("operators"):
        parts.append(_operators(data))
    parts.append("<h3>Figures</h3>" + figure_table(rows))
    parts += [_list(key, value) for key, value in data.items() if isinstance(value, list) and value and isinstance(value[0], dict) and key not in ("operators", "hazards")]
    parts.append(_parameters(data))
    if data.get("digest"):
        parts.append(f"<p class=note>Digest of all that decides the result, and of the result: <code>{escape(data['digest'])}</code>. "
                     "<code>superlane rerun FILE</code> repeats the run of a result file and compares it.</p>")
    return "".join(parts)


def _operators(data):
    steps = max(1, len(data.get("cycles_per_token", [])))
    mhz = data["parameters"]["clock.mhz"]["value"]
    total = sum(row["cycles"] for row in data["operators"])
    bar = "<i style='width:{:.1f}%;background:{}'></i>"
    most = max(row["cycles"] for row in data["operators"])
    rows = [(row["name"], row["kind"], shown(row["cycles"] / steps), f"{row['cycles'] / steps / mhz:,.4g}", f"{100 * row['cycles'] / total:.1f} %",
             ("html", bar.format(100 * row["cycles"] / most, KINDS[row["kind"]]), "bar")) for row in data["operators"]]
    return "<h3>Operators</h3>" + table(("operator", "kind", "cycles a token", "us", "share", ""), rows, numbers=(2, 3, 4))


def _list(key, rows):
    """A list of objects as a table, its numbers with units in the head."""
    columns = [name for name, value in figures(rows[0])]
    units = [unit_of(name) or ("B" if key.startswith("sram") and name != "stage" else "") for name in columns]
    heads = [name.replace("_", " ") + (f", {unit}" if unit and unit not in name else "") for name, unit in zip(columns, units)]
    lines = []
    for row in rows[:MOST_ROWS]:
        values = dict(figures(row))
        lines.append([shown(values.get(name, ""), "%" if unit_of(name) == "%" else "") for name in columns])
    more = f"<p class=note>{len(rows) - MOST_ROWS:,} more rows are in the file.</p>" if len(rows) > MOST_ROWS else ""
    return details(f"{key.replace('_', ' ')}: {len(rows):,} rows", table(heads, lines, numbers=range(len(columns))) + more, opened=len(rows) <= 12)


def _parameters(data):
    rows, marked = [], []
    for group in ("system_parameters", "parameters"):
        for name, row in (data.get(group) or {}).items():
            if row["origin"] not in ("default", data.get("gpu")):
                marked.append(len(rows))
            rows.append((("html", f"<code>{escape(name)}</code>"), shown(row["value"]), row["unit"], row["origin"], row["mark"], row["source"]))
    if not rows:
        return ""
    order = marked + [i for i in range(len(rows)) if i not in marked]
    text = table(("parameter", "value", "unit", "origin", "mark", "source"), [rows[i] for i in order], numbers=(1,), marked=range(len(marked)))
    given = f"{len(rows)} parameters, {len(marked)} of them set for this run" if marked else f"{len(rows)} parameters, all as shipped"
    settings = [(key, value) for key, value in figures(data.get("configuration") or {}) if value not in ("", None)]
    return ("<h3>Inputs</h3>" + (details("configuration of the run", figure_table(settings)) if settings else "")
            + details(given, f"<p class=note>{MARKS}</p>{text}", opened=bool(marked)))


def trace_section(each, number):
    trace = each.data
    facts = [("chip", trace.chip), ("clock", f"{trace.clock_mhz:,.6g} MHz"), ("length", f"{trace.cycles:,} cycles"),
             ("instructions", f"{sum(b.count for b in trace.bursts):,}"), ("values handed on over streams", f"{sum(f.count * f.streams for f in trace.flows):,} vectors")]
    return table(("trace", ""), facts) + trace_block(each.file, number)


def table_section(each):
    frame = each.data
    columns = [name for name in frame.columns if name not in ("reason", "state")][:14]
    rows = [[shown(v.item() if hasattr(v, "item") else v) for v in row] for row in frame[columns].head(MOST_ROWS).itertuples(index=False)]
    more = f"; the first {MOST_ROWS}" if len(frame) > MOST_ROWS else ""
    return f"<p>{len(frame):,} points; varied: {escape(', '.join(map(str, axes_of(frame))))}.</p>" + \
        details(f"points{more}", table(columns, rows, numbers=range(len(columns))))


def heading(each):
    """What a source is, in a few words."""
    if each.form == "trace":
        return f"Trace of {each.data.chip}"
    if each.form == "table":
        return f"Sweep {each.label}"
    if each.data.get("model") and each.form in ("decode", "run"):
        return f"{each.form.capitalize()}: {run_text(each.data)}"
    return " ".join(each.data["command"][:3]).capitalize()
