# SPDX-License-Identifier: Apache-2.0
"""The package as a whole: stubs, docstrings, and its commands from the program built from C++."""
import ast
import inspect
import os
import subprocess

import pytest
import superlane
from conftest import BUILD, ROOT

from superlane import _core
from superlane.command import options


def public(scope):
    return {name for name in vars(scope) if not name.startswith("_")}


def test_the_stubs_name_what_the_module_has():
    tree = ast.parse((ROOT / "python" / "superlane" / "_core.pyi").read_text())
    stubs = {node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    assert set(stubs) == public(_core)
    for name, node in stubs.items():
        if isinstance(node, ast.ClassDef):
            members = {member.name for member in node.body if isinstance(member, ast.FunctionDef)} - {"__init__"}
            assert members == public(getattr(_core, name)), name


def test_its_version_is_the_program_s():
    assert f'version = "{superlane.__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_further_parts_are_imported_when_they_are_asked_for():
    assert callable(superlane.sweep) and superlane.plots.plot and superlane.report.report
    assert issubclass(superlane.sweep.SweepError, superlane.UserError) and issubclass(superlane.plots.PlotError, superlane.UserError)
    with pytest.raises(AttributeError, match="no attribute 'plot'"):
        superlane.plot


def test_everything_public_says_what_it_is():
    for name in superlane.__all__:
        one = getattr(superlane, name)
        if inspect.isclass(one) or inspect.isfunction(one):
            assert inspect.getdoc(one), name
    for name in _core.command_names():
        text = inspect.getdoc(getattr(superlane, name))
        assert "Parameters" in text and "Returns" in text and "Raises" in text, name


def test_every_option_of_every_command_is_a_keyword():
    for name in _core.command_names():
        taken = set(inspect.signature(getattr(superlane, name)).parameters)
        assert taken == set(options(name)) - {"json"}, name


@pytest.mark.parametrize("name", ["sweep", "plot", "report"])
def test_the_program_hands_on_what_only_the_package_has(name, program):
    assert f"  {name} " in program("--help")
    without = subprocess.run([BUILD / "superlane", name, "--help"], capture_output=True, text=True,
                             env=os.environ | {"SUPERLANE_PYTHON": "/no/python"})
    assert without.returncode == 2 and without.stderr.count("\n") == 1 and "SUPERLANE_PYTHON" in without.stderr
    with pytest.raises(superlane.UserError, match=f"superlane.{name}\\(\\)"):
        _core.run_command([name])
