# SPDX-License-Identifier: Apache-2.0
"""How the page looks; no fonts, scripts or pictures from elsewhere."""

CSS = """
:root { --ink: #222; --grey: #6b6b6b; --line: #e4e4e4; --blue: #0072b2; --pale: #f6f8fa; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: white; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
main, header { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 28px; }
h1 { font-size: 26px; margin: 0 0 4px; }
h2 { font-size: 20px; margin: 40px 0 8px; padding-bottom: 4px; border-bottom: 2px solid var(--blue); }
h3 { font-size: 16px; margin: 26px 0 8px; }
p.note, figcaption, small { color: var(--grey); }
code, pre { font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; background: var(--pale); border-radius: 4px; }
code { padding: 1px 4px; overflow-wrap: anywhere; }
pre { padding: 10px 14px; overflow-x: auto; white-space: pre-wrap; }
nav a { margin-right: 16px; color: var(--blue); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 12px; margin: 16px 0; }
.card { border: 1px solid var(--line); border-left: 4px solid var(--blue); border-radius: 6px; padding: 10px 12px; }
.card b { display: block; font-size: 21px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.card span { color: var(--grey); font-size: 13px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; margin: 8px 0 16px; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--grey); font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-right: 18px; }
tr.set td { background: #fff6e0; }
td.bar { width: 30%; }
td.bar i { display: block; height: 12px; margin-top: 5px; border-radius: 2px; }
figure { margin: 18px 0; }
figure svg { width: 100%; height: auto; }
figure.narrow svg { max-width: 760px; }
details { margin: 10px 0; }
summary { cursor: pointer; color: var(--blue); }
.scroll { overflow-x: auto; }
.hazard { border-left: 4px solid #d55e00; padding: 6px 12px; background: #fdf1ea; }
button, a.button { font: inherit; color: white; background: var(--blue); border: 0; border-radius: 5px; padding: 7px 14px; cursor: pointer; text-decoration: none;
  display: inline-block; margin-right: 10px; }
footer { max-width: 1080px; margin: 40px auto; padding: 12px 24px; color: var(--grey); font-size: 13px; border-top: 1px solid var(--line); }
@media print { nav, button, a.button { display: none; } h2 { break-after: avoid; } figure, table { break-inside: avoid; } }
"""
