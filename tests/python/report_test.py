# SPDX-License-Identifier: Apache-2.0
"""Pages: self-contained, the same bytes again, every parameter with its origin; and drawn by a browser."""
import base64
import gzip
import html.parser
import re
import subprocess

import plots_results as results
import pytest

from superlane import report
from superlane.__main__ import main
from superlane.report.units import shown, unit_of


class Page(html.parser.HTMLParser):
    """Open elements, and whatever an element would load."""
    VOID = {"meta", "link", "br", "img", "input", "hr"}

    def __init__(self, text):
        super().__init__()
        self.open, self.loads, self.ids = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag not in self.VOID:
            self.open.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.loads += [values[name] for name in ("src", "data") if name in values]
        self.loads += [values[name] for name in ("href", "xlink:href") if name in values and tag not in ("a",) and not values[name].startswith("#")]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page():
    return report.report([results.result("gemm"), results.trace("gemm"), results.result("sizes"), results.table()])


def test_a_page_loads_nothing_and_is_the_same_again():
    text = page()
    assert text == page()
    parsed = Page(text)
    assert parsed.open == [] and all(load.startswith("data:") for load in parsed.loads)
    assert "@import" not in text and "url(http" not in text
    names = [name for name in parsed.ids if name.startswith("superlane-")]
    assert names and len(names) == len(set(names))  # pictures of one page do not share what they are cut by


def test_figures_have_units_and_parameters_origins(tmp_path):
    result = tmp_path / "slow.json"
    words = [results.PROGRAM, "gemm", "1", "320", "320", "--set", "mem.read=3", "--json", result]
    results.result("gemm")
    subprocess.run(words, cwd=results.ROOT, check=True, capture_output=True)
    text = report.report(result)
    row = re.search(r"<tr class=set><td><code>mem\.read</code></td><td class=\"number\">3</td><td>cycles</td><td>([^<]*)</td>", text)
    assert row and row[1] != "default"
    assert re.search(r"<td>sram read bytes</td><td class=\"number\">[0-9,]+ B</td>", text)
    assert re.search(r"\d+ parameters, 1 of them set for this run", text)


def test_what_a_file_says_is_escaped():
    assert "cards & <more>" not in report.report(results.comparison())


def test_the_trace_is_in_the_page_byte_for_byte():
    packed = re.search(r'<script type="text/plain" id="trace1">([^<]+)</script>', report.report(results.trace("add")))[1]
    assert gzip.decompress(base64.b64decode(packed)) == results.trace("add").read_bytes()
    assert "https://ui.perfetto.dev" in report.report(results.trace("add"))


@pytest.mark.parametrize("key, unit", [("latency_us_per_token", "us a token"), ("ttft_s.p50", "s"), ("memory_bytes.kv", "B"), ("stream_utilisation", "%"),
                                       ("usd_per_million_tokens", "USD per million tokens"), ("model", ""), ("tp", "")])
def test_units_come_from_keys(key, unit):
    assert unit_of(key) == unit


def test_numbers_are_grouped():
    assert shown(1234567, "B") == "1,234,567 B" and shown(0.125, "%") == "12.5 %" and shown(True) == "yes"


def test_mistakes_are_told_in_one_line(tmp_path, capsys):
    assert main(["report", "none.json", "-o", str(tmp_path / "x.html")]) == 2
    assert main(["report", str(results.trace("add")), "-o", str(tmp_path / "x.pdf")]) == 2
    assert main(["report", str(results.trace("add")), "-o", str(tmp_path / "no" / "x.html")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.startswith("superlane: ") for line in said] == [True] * 3
    assert "no such file" in said[0] and "must end in .html" in said[1] and "cannot be written" in said[2]


@pytest.mark.slow
def test_a_browser_draws_the_page(tmp_path, photograph):
    file = tmp_path / "page.html"
    file.write_text(page(), encoding="utf-8")
    shot = photograph(file, 1120, 3000)
    assert shot.size == (1120, 3000)
    colours = {colour for _, colour in shot.getcolors(1 << 24)}
    assert {(0x00, 0x72, 0xb2), (0xcc, 0x79, 0xa7), (0x56, 0xb4, 0xe9)} <= colours  # frames of the cards, MXM, MEM
    middle = [shot.getpixel((560, y)) for y in range(0, 3000, 10)]
    assert sum(pixel != (255, 255, 255) for pixel in middle) > 60  # not an empty page
