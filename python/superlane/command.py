# SPDX-License-Identifier: Apache-2.0
"""Commands of the command line with Python's keywords, run inside this process."""
import functools
import os
from collections.abc import Mapping
from keyword import iskeyword
from typing import Any

from . import _core
from .errors import NotMetError, UserError, nearest
from .result import Result


def _keyword(option: _core.OptionRow) -> str:
    """--prefill-rows -> prefill_rows, MODEL -> model; what Python keeps for itself gets a line behind it."""
    name = option.name.lower().replace("-", "_")
    return name + "_" if iskeyword(name) else name


@functools.cache
def options(command: str) -> dict[str, _core.OptionRow]:
    """{keyword: option} of a command, in the order of its help."""
    return {_keyword(option): option for option in _core.command_options(command)}


def _word(value: Any) -> str:
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    if isinstance(value, (list, tuple)):
        return ",".join(_word(each) for each in value)
    return str(value)


def _words(option: _core.OptionRow, value: Any) -> list[str]:
    """The words of one option with its value."""
    flag = "--" + option.name
    if not option.type:
        return [flag] if value else []
    if isinstance(value, Mapping):
        value = [f"{key}={_word(each)}" for key, each in value.items()]
    values = value if option.repeatable and isinstance(value, (list, tuple)) else [value]
    return [word for each in values for word in ([_word(each)] if option.positional else [flag, _word(each)])]


def arguments(command: str, *values: Any, **keywords: Any) -> list[str]:
    """The words of a command line: ``arguments("gemm", 1, 64, 64, dtype="int8")``.

    Raises
    ------
    UserError
        Unknown command or keyword (with the nearest), or more values than the command has places.
    """
    known = options(command)
    places = [keyword for keyword, option in known.items() if option.positional]
    many = bool(places) and known[places[-1]].repeatable
    if len(values) > len(places) and not many:
        raise UserError(f"{command}: {len(values)} values, but it takes {len(places)}: {', '.join(places)}")
    words = [command]
    for keyword in places[len(values):]:
        if keywords.get(keyword) is not None:
            values = (*values, keywords.pop(keyword))
    for keyword, value in keywords.items():
        given = getattr(value, "_arguments", None)  # a chip or a system knows its own options
        if given is not None:
            words += given(keyword)
            continue
        if keyword not in known:
            raise UserError(f"{command}: unknown keyword '{keyword}'" + nearest(keyword, known))
        if value is not None:
            words += _words(known[keyword], value)
    return words + [_word(value) for value in values]


def _run(words: list[str], has_json: bool) -> tuple[bytes, str]:
    try:
        return _core.run_command([*words, "--json", "-"] if has_json else words)
    except NotMetError as missed:
        missed.result = Result(missed.output, missed.notes) if has_json else None
        raise


def result_of(name: str, *values: Any, **keywords: Any) -> Result:
    """What a command writes as JSON."""
    return Result(*_run(arguments(name, *values, **keywords), has_json=True))


def text_of(name: str, *values: Any, **keywords: Any) -> str:
    """What a command prints."""
    return _run(arguments(name, *values, **keywords), has_json=False)[0].decode()


def command(name: str, *values: Any, **keywords: Any) -> Result | str:
    """Runs a command as the command line would, inside this process and without Python's lock.

    Parameters
    ----------
    name : str
        The command, as "decode".
    *values
        What stands without a name on the command line, as the model.
    **keywords
        Options: ``prefill_rows=4`` is ``--prefill-rows 4``, ``timing_only=True`` is ``--timing-only``, and None leaves an
        option out. Lists repeat an option; a dict for `set` gives ``KEY=VALUE``.

    Returns
    -------
    Result or str
        A result where the command can write JSON, else what it prints.

    Raises
    ------
    UserError
        A mistake in what was asked for; nothing ran, or the run could not be done.
    NotMetError
        `validate` found rows outside their tolerance.
    KeyboardInterrupt
        Ctrl-C; the run stops within a moment.
    """
    run = result_of if "json" in options(name) and "json" not in keywords else text_of
    return run(name, *values, **keywords)
