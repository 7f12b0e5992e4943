#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws docs/images/*.svg: runs the commands of the pages that show them, in a scratch folder.

    python3 scripts/pictures.py build     # needs the package in build/python, matplotlib, pandas
"""
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "style"))
import commands  # noqa: E402
import documents  # noqa: E402


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for page in ("tutorial.md", "pictures.md"):
        with commands.scratch(ROOT, pathlib.Path(sys.argv[1]).resolve()) as folder:
            for block in documents.blocks((ROOT / "docs" / page).read_text()):
                if block.language == "sh" and documents.runs(block):
                    print(block.text, end="", flush=True)
                    complaints = commands.run(block, folder)[1]
                    if complaints:
                        sys.exit("\n".join(complaints))
            for picture in pathlib.Path(folder, "docs", "images").glob("*.svg"):
                shutil.copy(picture, ROOT / "docs" / "images")


if __name__ == "__main__":
    main()
