# SPDX-License-Identifier: Apache-2.0
"""The package as a whole: stubs, docstrings, and its commands from the program built from C++."""
import ast
import inspect
import os
import subprocess
import sys

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


TYPED = """
import numpy
import superlane
result: superlane.Result = superlane.gemm(1, 64, 64, dtype="int8")
text: str = superlane.explain("stream_utilisation")
chip = superlane.Chip("tsp-v1", {"mem.read": 2})
lanes: int = chip.lanes
p = superlane.Program(chip)
x = p.place("x", numpy.arange(320, dtype=numpy.uint8), "mem.e.0")
queue: superlane.Queue = p["mem.e.0"].read(x, to="E0", at=0).read(x, to="E0")
cycles: int = p.run(watch=["E0"]).cycles
chip.lane  # type: ignore[attr-defined]
p.place("x", [1], 5)  # type: ignore[arg-type]
p["mem.e.0"].read(x, to=0)  # type: ignore[arg-type]
"""


@pytest.mark.slow
def test_programs_that_use_it_are_checked_by_its_types(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    (tmp_path / "user.py").write_text(TYPED)
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--cache-dir", tmp_path / "cache", tmp_path / "user.py"],
                          capture_output=True, text=True, env=os.environ | {"MYPYPATH": str(ROOT / "python")})
    assert done.returncode == 0, done.stdout
