# SPDX-License-Identifier: Apache-2.0
"""The one seam to the simulator: design points in, keys and metrics out. It runs in this process, or, where the environment's
SUPERLANE_BINARY names a program, by `superlane evaluate` beside it."""
import atexit
import functools
import json
import os
import subprocess
import sys
import threading

from .. import _core
from .errors import SweepError

_of_thread = threading.local()
_one_point = threading.Lock()  # of this process: the simulator runs one at a time


@functools.cache
def binary():
    """The program to use instead of this process, or None."""
    path = os.environ.get("SUPERLANE_BINARY")
    if path and not os.access(path, os.X_OK):
        raise SweepError(f"SUPERLANE_BINARY {path}: is no program")
    return path


def _output(*arguments):
    done = subprocess.run([binary(), *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise SweepError(f"SUPERLANE_BINARY {binary()} {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


@functools.cache
def known_axes():
    """{name: row} of every axis that a point may set, as `superlane describe axes` lists them."""
    text = _output("describe", "axes", "--json", "-") if binary() else _core.axes()
    return {row["name"]: row for row in json.loads(text)}


@functools.cache
def program_version():
    return _output("--version").split()[-1] if binary() else _core.__version__


class _Process:
    """A running `superlane evaluate`: a line in, a line out, until it ends or dies."""

    def __init__(self, *options):
        self._process = subprocess.Popen([binary(), "evaluate", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL, text=True, start_new_session=True)

    def ask(self, point):
        """The answer, or None when the process died over it."""
        try:
            self._process.stdin.write(json.dumps(point) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        return json.loads(line) if line else None

    def end(self):
        """Closes it; its exit code."""
        try:
            self._process.stdin.close()
        except OSError:
            pass
        self._process.stdout.close()
        return self._process.wait()


def _running():
    """The process of this thread, so that the threads of one worker do not share one."""
    process = getattr(_of_thread, "process", None)
    if process is None:
        process = _of_thread.process = _Process()
        atexit.register(process.end)
    return process


def evaluate(point):
    """Runs one point: {"key", "point", "metrics"}, {"error"} when it cannot be, {"crash"} when the simulator died."""
    if not binary():
        with _one_point:
            return json.loads(_core.evaluate_point(json.dumps(point), False))
    process = _running()
    answer = process.ask(point)
    if answer is None:
        atexit.unregister(process.end)
        _of_thread.process = None
        return {"crash": f"the simulator ended with exit code {process.end()}"}
    return answer


def resolve(points):
    """For each point {"key", "point"} or {"error"}, without running it."""
    if not binary():
        return [json.loads(_core.evaluate_point(json.dumps(point), True)) for point in points]
    process = _Process("--resolve")
    answers = [process.ask(point) for point in points]
    process.end()
    if None in answers:
        raise SweepError(f"SUPERLANE_BINARY {binary()}: `evaluate --resolve` ended early; is it of this version?")
    return answers
