# SPDX-License-Identifier: Apache-2.0
"""Notebooks as pages: cells, printed text and pictures, as they are committed."""
import json

from myst_parser.parsers.sphinx_ import MystParser


def fence(language, text):
    ticks = "`" * 4
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}\n"


def output(one):
    """Text and pictures; of several forms of one result, the picture."""
    if one["output_type"] == "stream":
        return fence("text", "".join(one["text"]))
    data = one.get("data", {})
    if "image/png" in data:
        return f"![picture](data:image/png;base64,{''.join(''.join(data['image/png']).split())})\n"
    return fence("text", "".join(data.get("text/plain", [])))


def markdown(notebook):
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield source + "\n"
        else:
            yield fence("python", source)
            yield from map(output, cell["outputs"])


class NotebookParser(MystParser):
    """The Markdown parser, given a notebook."""
    supported = ("notebook",)

    def parse(self, inputstring, document):
        super().parse("\n".join(markdown(inputstring)), document)
