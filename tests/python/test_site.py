# SPDX-License-Identifier: Apache-2.0
"""The site of the documentation: builds without a warning, every page can be reached, no link is broken, a browser draws it."""
import html.parser
import os
import pathlib
import shutil
import subprocess
import urllib.parse

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow


class Page(html.parser.HTMLParser):
    """Links, what is loaded, and names that links can point to."""

    def __init__(self, file):
        super().__init__()
        self.links, self.loads, self.names = [], [], set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.names.add(values.get("id"))
        if "href" in values:
            (self.links if tag == "a" else self.loads).append(values["href"])
        if "src" in values:
            self.loads.append(values["src"])


def build(folder):
    done = subprocess.run([ROOT / "scripts" / "site", folder], env={**os.environ, "SUPERLANE_SKIP_PACKAGES": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if shutil.which("sphinx-build") is None:
        pytest.skip("no sphinx-build (apt install python3-sphinx python3-myst-parser furo)")
    return build(tmp_path_factory.mktemp("site") / "site")


@pytest.fixture(scope="module")
def pages(site):
    return {file.relative_to(site): Page(file) for file in site.rglob("*.html")}


def targets(name, links):
    """Links within the site: page or file, and anchor."""
    for link in links:
        parts = urllib.parse.urlsplit(link)
        if not parts.scheme and not parts.netloc:
            path = os.path.normpath(name.parent / urllib.parse.unquote(parts.path)) if parts.path else name
            yield pathlib.Path(path), urllib.parse.unquote(parts.fragment)


def test_no_link_is_broken(site, pages):
    broken = []
    for name, page in pages.items():
        for path, anchor in targets(name, page.links + page.loads):
            if not (site / path).is_file() or anchor and path in pages and anchor not in pages[path].names:
                broken.append(f"{name}: {path}#{anchor}")
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(pages):
    assert [load for page in pages.values() for load in page.loads if load.startswith(("http:", "https:", "//"))] == []


def test_every_page_is_reached_from_the_first(pages):
    reached, todo = set(), [pathlib.Path("docs/index.html")]
    while todo:
        name = todo.pop()
        if name in pages and name not in reached:
            reached.add(name)
            todo += [path for path, _ in targets(name, pages[name].links)]
    assert set(pages) - reached <= {pathlib.Path("genindex.html"), pathlib.Path("search.html")}
    sources = {path.relative_to(ROOT).with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert sources <= reached and pathlib.Path("examples/notebooks/1_first_program.html") in reached


def test_it_is_the_same_bytes_again(site, tmp_path):
    again = build(tmp_path / "site")
    files = sorted(file.relative_to(site) for file in site.rglob("*") if file.is_file())
    assert files == sorted(file.relative_to(again) for file in again.rglob("*") if file.is_file())
    assert [file for file in files if (site / file).read_bytes() != (again / file).read_bytes()] == []


@pytest.mark.parametrize("name", ["docs/index.html", "docs/pictures.html"])
def test_a_browser_draws_it(site, photograph, name):
    shot = photograph(site / name, 1400, 1000)
    sidebar = (0xf8, 0xf9, 0xfb)  # of furo: the style sheet was found
    assert {colour: count for count, colour in shot.getcolors(1 << 24)}.get(sidebar, 0) > 100_000
