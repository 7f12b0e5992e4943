#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what the Python package has from tables: a function a command, a method an instruction.

python_package.py BUILD writes python/superlane/commands.py and instructions.py; with --check it compares instead.
"""
import importlib.util
import keyword
import pathlib
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "superlane"
HEAD = '# SPDX-License-Identifier: Apache-2.0\n"""{}; written by scripts/python_package.py."""\n'


def load_core(build):
    """The extension module alone: the package around it may be what is to be written."""
    found = sorted((build / "python" / "superlane").glob("_core*.so"))
    if not found:
        sys.exit(f"{build}: no extension module; build the target superlane_python")
    spec = importlib.util.spec_from_file_location("_core", found[0])
    core = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(core)
    return core


def python_name(name):
    name = name.lower().replace("-", "_").replace(".", "_").replace(" ", "_")
    return name + "_" if keyword.iskeyword(name) else name


def wrapped(text, indent):
    return textwrap.fill(text, 128, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def escaped(text):
    return text.replace("\\", "\\\\").replace('"""', "'''")


def call(head, arguments, tail):
    """`head(arguments)tail`, over several lines when it is long."""
    line = f"{head}({', '.join(arguments)}){tail}"
    if len(line) <= 128:
        return line
    indent = " " * (len(head) - len(head.lstrip()) + 8)
    return f"{head}(\n" + wrapped(", ".join(arguments), indent) + f"){tail}"


def option_type(option):
    """(annotation, words of the docstring)"""
    if not option.type:
        return "bool", "bool"
    kind = option.type.split(":")[0]  # without what a validator says of itself
    base = {"N": "int", "CHIP": "int", "FLOAT": "float", "UINT": "int", "INT": "int"}.get(kind)
    if kind == "N,N":
        return "Sequence[int] | str | None", "list of int"
    if "|" in kind and kind.islower():
        words = "{" + ", ".join(f'"{each}"' for each in kind.split("|")) + "}"
        return "str | None", words
    if option.name == "set":
        return "Mapping[str, float] | Sequence[str] | None", "dict or list of str"
    plain = base or "str"
    if option.repeatable:
        return f"{plain} | Sequence[Any] | None", f"{plain} or list"
    if base:
        return f"{plain} | str | None" if "float" not in plain else "float | None", plain
    return "Any", "str" + (" or path" if "FILE" in option.type or option.positional else "")


def command_function(core, name):
    options = [option for option in core.command_options(name) if option.name != "json"]
    places = [option for option in options if option.positional]
    others = [option for option in options if not option.positional]
    signature, documented = [], []
    for option in (*places, *others):
        annotation, words = option_type(option)
        if option.positional:
            annotation = "Any"
        needed = option.positional and option.required
        default = "" if needed else " = False" if annotation == "bool" else " = None"
        signature.append(f"{python_name(option.name)}: {annotation}{default}")
        if option is (places[-1] if places else None) and others:
            signature.append("*")
        shown = "" if not option.default or not option.type else f", default {option.default}"
        documented.append(f"    {python_name(option.name)} : {words}{shown if not needed else ''}")
        documented.append(wrapped(escaped(option.help), "        "))
    if not places:
        signature.insert(0, "*")
    has_json = any(option.name == "json" for option in core.command_options(name))
    result = "Result" if has_json else "str"
    given = [python_name(option.name) for option in places] + [f"{python_name(option.name)}={python_name(option.name)}" for option in others]
    lines = [call(f"def {python_name(name)}", signature, f" -> {result}:")]
    summary = core.command_summary(name)
    lines += [f'    """{summary[0].upper()}{escaped(summary[1:])}: ``superlane {name}``.', "", "    Parameters", "    ----------", *documented]
    lines += ["", "    Returns", "    -------", f"    {result}"]
    lines += ["        What the command writes as JSON; ``superlane.explain(key)`` says what a figure means." if has_json else "        What the command prints."]
    lines += ["", "    Raises", "    ------", "    UserError", "        A mistake in what was asked for.", '    """']
    lines.append(call("    return command", [f'"{name}"', *given], ""))
    return "\n".join(lines)


def commands_module(core):
    names = list(core.command_names())
    head = HEAD.format("The commands of the command line, a function each")
    head += "from collections.abc import Mapping, Sequence\nfrom typing import Any\n\nfrom .command import command\nfrom .result import Result\n\n"
    head += wrapped("__all__ = [" + ", ".join(f'"{python_name(name)}"' for name in names) + "]", "").replace("\n", "\n           ") + "\n"
    return head + "\n\n" + "\n\n\n".join(command_function(core, name) for name in names) + "\n"


OPERAND_TYPES = {"stream": "str", "to": "str", "source": "Operand", "address": "Address", "result_type": "str", "reduction": "str"}


def instruction_method(row):
    inputs = [(python_name(name), kind) for name, kind in row["operands"] if kind != "to"]
    output = next((python_name(name) for name, kind in row["operands"] if kind == "to"), None)
    signature = ["self"] + (["dtype: str"] if row["types"] else [])
    signature += [f"{name}: {OPERAND_TYPES.get(kind, 'int')}" for name, kind in inputs if kind != "wrap"]
    optional = any(kind == "to" and name == "to" for name, kind in row["operands"]) and row["unit"].startswith("an ALU")
    if output:
        signature.append(f"to: str{' | None = None' if optional else ''}")
    signature += ["*", *(f"{name}: bool = False" for name, kind in inputs if kind == "wrap"), "at: int | None = None", "after: int | None = None"]
    operands = ", ".join(f'("{kind}", {name})' for name, kind in inputs)
    words = [f'"{row["mnemonic"]}"', "dtype" if row["types"] else "None", f"[{operands}]", output or "None", "at", "after"]
    summary = escaped(row["summary"])
    doc = [wrapped(f'"""{summary[0].upper()}{summary[1:]}.', "        ").rstrip(), "", f"        In {row['unit']}; latency {row['latency']}."]
    if row["types"]:
        doc.append(wrapped(f"Types: {', '.join(row['types'])}.", "        "))
    doc.append('        """')
    return "\n".join([call(f"    def {python_name(row['mnemonic'])}", signature, ' -> "Queue":'), *doc, call("        return self._emit", words, "")])


def instructions_module(core):
    head = HEAD.format("The instructions, a method each (isa/instructions.def)")
    head += "from .operands import QueueBase, Region\n\nOperand = str | int | float | bool\nAddress = str | int | Region\n\n\n"
    head += 'class Queue(QueueBase):\n    """An instruction queue of a program: each method appends one instruction and returns the queue.\n\n'
    head += "    `at` is the cycle of dispatch, `after` cycles behind the instruction before (its last repetition); without either, the next\n"
    head += '    cycle. A stream is "E3" or "W17"; a source of the VXM is a stream, a number, "a3" (the output of ALU 3) or "latched".\n'
    head += '    Methods raise UserError for what the queue cannot take.\n    """\n\n'
    return head + "\n\n".join(instruction_method(row) for row in core.instruction_table()) + "\n"


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
    core = load_core(build)
    stale = []
    for name, text in (("commands.py", commands_module(core)), ("instructions.py", instructions_module(core))):
        path = PACKAGE / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text)
    if "--check" in sys.argv and stale:
        sys.exit(f"stale: {', '.join(stale)}; run scripts/python_package.py {sys.argv[1]}")


main()
