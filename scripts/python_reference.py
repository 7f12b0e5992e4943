#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference/python.md from the docstrings of the package; with --check it compares instead."""
import ast
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "superlane"
PAGE = ROOT / "docs" / "reference" / "python.md"
SECTIONS = [("Commands", "command.py"), ("Results", "result.py"), ("Chips, systems, models", "machines.py"),
            ("Programs and schedules", "program.py"), ("Machines and runs", "machine.py"),
            ("Streams, regions, element types", "operands.py"), ("Errors", "errors.py"), ("Sweeps", "sweep/api.py"), ("Tables of sweeps", "sweep/result.py"),
            ("Pictures", "plots/__init__.py"), ("Reports", "report/__init__.py")]
HEAD = "<!-- Written by scripts/python_reference.py from python/superlane/. -->\n# The package superlane\n\nHow it is used: [python.md](../python.md). Functions named as commands take the options of [cli.md](cli.md); methods of a queue are the\ninstructions of [isa.md](isa.md).\n"


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


def entry(node, level, owner=""):
    """Lines of a function or class: heading, signature, docstring, members."""
    is_class = isinstance(node, ast.ClassDef)
    constructor = next((one for one in node.body if getattr(one, "name", "") == "__init__"), None) if is_class else None
    shown = signature(node) if not is_class else node.name + (signature(constructor)[len("__init__"):] if constructor else "")
    if any(ast.unparse(one) == "property" for one in node.decorator_list):
        shown = node.name
    yield f"\n{'#' * level} `{owner}{node.name}`\n\n```text\n{owner}{shown}\n\n{ast.get_docstring(node)}\n```\n"
    if is_class:
        for member in node.body:
            if is_public(member):
                yield from entry(member, level + 1, node.name + ".")


def page():
    text, names = HEAD, exported()
    for title, module in SECTIONS:
        tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
        text += f"\n## {title}\n" + "".join(line for node in tree.body if is_public(node) and node.name in names for line in entry(node, 3))
    return text


def main():
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit("docs/reference/python.md is stale: run scripts/python_reference.py")


main()
