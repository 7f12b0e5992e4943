#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference/python.md from the docstrings of the package; with --check it compares instead."""
import ast
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "superlane"
PAGE = ROOT / "docs" / "reference" / "python.md"
SECTIONS = [("Commands", "command.py"), ("Results", "result.py"), ("Chips, systems, models", "machines.py"),
            ("Programs and schedules", "program.py"), ("Machines and runs", "machine.py"),
            ("Streams, regions, element types", "operands.py"), ("Errors", "errors.py"), ("Sweeps", "sweep/api.py"), ("Tables of sweeps", "sweep/result.py"),
            ("Pictures", "plots/__init__.py"), ("Reports", "report/__init__.py")]
HEAD = "<!-- Written by scripts/python_reference.py from python/superlane/. -->\n# The package superlane\n\nHow it is used: [python.md](../python.md). Functions named as commands take the options of [cli.md](cli.md); methods of a queue are the\ninstructions of [isa.md](isa.md)."


def signature(function):
    arguments = ast.unparse(function.args)
    for own in ("self, ", "cls, ", "self", "cls"):
        if arguments.startswith(own):
            arguments = arguments[len(own):]
            break
    result = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return f"{function.name}({arguments}){result}"


def exported():
    """Names that the package and its parts give in __all__."""
    names = set()
    for module in PACKAGE.glob("**/__init__.py"):
        for node in ast.parse(module.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names |= {each.value for each in node.value.elts if isinstance(each, ast.Constant)}
    return names


def is_public(node):
    return isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_") and ast.get_docstring(node)


def inline(text):
    """Markdown for the little of reStructuredText that docstrings have."""
    return re.sub(r"``(.+?)``", r"`\1`", re.sub(r":\w+:`(.+?)`", r"`\1`", text))


def items(lines):
    """Entries of a section: a name or type, what stands behind it, and the indented text below."""
    entries = []
    for line in lines:
        if line and not line.startswith(" "):
            entries.append([line, ""])
        elif line.strip():
            entries[-1][1] += " " + line.strip()
    for head, text in entries:
        name, _, kind = head.partition(" : ")
        yield f"- `{name}`" + (f" ({inline(kind)})" if kind else "") + (f":{inline(text)}" if text else "")


def prose(lines):
    """Paragraphs; examples of an interpreter and indented lines stay as they are."""
    for paragraph in "\n".join(lines).strip("\n").split("\n\n"):
        literal = paragraph.startswith((">>>", "    "))
        yield f"```text\n{textwrap.dedent(paragraph)}\n```" if literal else inline(paragraph)


def described(docstring):
    """A docstring of numpy's style as Markdown."""
    head, *rest = re.split(r"^(\w[\w ]*)\n-{3,}$", docstring, flags=re.M)
    yield from prose(head.rstrip().splitlines())
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        yield f"**{title}**"
        lines = body.strip("\n").splitlines()
        yield from prose(lines) if title in ("Examples", "Notes") else ["\n".join(items(lines))]


def entry(node, level, owner=""):
    """Paragraphs of a function or class: heading, signature, docstring, members."""
    is_class = isinstance(node, ast.ClassDef)
    constructor = next((one for one in node.body if getattr(one, "name", "") == "__init__"), None) if is_class else None
    shown = signature(node) if not is_class else node.name + (signature(constructor)[len("__init__"):] if constructor else "")
    if any(ast.unparse(one) == "property" for one in node.decorator_list):
        shown = node.name
    yield f"{'#' * level} `{owner}{node.name}`"
    yield f"```text\n{owner}{shown}\n```"
    yield from described(ast.get_docstring(node))
    if is_class:
        for member in node.body:
            if is_public(member):
                yield from entry(member, level + 1, node.name + ".")


def page():
    paragraphs, names = [HEAD], exported()
    for title, module in SECTIONS:
        tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
        paragraphs.append(f"## {title}")
        for node in tree.body:
            if is_public(node) and node.name in names:
                paragraphs += entry(node, 3)
    return "\n\n".join(paragraphs) + "\n"


def main():
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit("docs/reference/python.md is stale: run scripts/python_reference.py")


main()
