# SPDX-License-Identifier: Apache-2.0
"""How Sphinx makes the site: scripts/site. The sources are the Markdown of the repository, where links work as they stand."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

project = "Superlane"
html_title = "Superlane"
extensions = ["myst_parser"]
include_patterns = ["docs/**", "examples/**", "workloads/*.md"]
exclude_patterns = ["build*", ".*"]
source_suffix = {".md": "markdown", ".ipynb": "notebook"}
root_doc = "docs/index"
html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
highlight_language = "text"
myst_heading_anchors = 4

# A list item of these pages that begins with a link to a page is a place in the table of contents.
CONTENTS = ("docs/index", "docs/decisions/README", "examples/notebooks/README")
ITEM = re.compile(r"^(?:-|\d+\.) \[[^\]]+\]\((\S+\.(?:md|ipynb))\)", re.M)


def add_contents(app, name, source):
    """Behind each section of such a page a hidden table of contents, made from its list."""
    if name not in CONTENTS:
        return
    sections = re.split(r"^(?=## )", source[0], flags=re.M)
    for number, section in enumerate(sections):
        pages = "\n".join(ITEM.findall(section))
        caption = re.match(r"## (.*)", section)
        if pages:
            sections[number] += f"\n```{{toctree}}\n:hidden:\n" + (f":caption: {caption[1]}\n" if caption else "") + f"\n{pages}\n```\n\n"
    source[0] = "".join(sections)


def drop_script(app, name, template, context, doctree):
    """Pages do without the theme's script: as Debian 12 ships it, a module in parts, no browser runs it. Search has its own."""
    context["script_files"] = [file for file in context["script_files"] if not str(file.filename).endswith("furo.js")]


def setup(app):
    from notebook_parser import NotebookParser

    app.add_source_parser(NotebookParser)
    app.connect("source-read", add_contents)
    app.connect("html-page-context", drop_script, priority=900)
