# SPDX-License-Identifier: Apache-2.0
"""The one seam to the simulator: design points in, keys and metrics out, by the program `superlane evaluate`."""
import atexit
import functools
import json
import os
import subprocess
import sys
import threading

from .errors import SweepError


@functools.cache
def program():
    """The words that start the simulator: SUPERLANE_BINARY, or the package's own command line."""
    path = os.environ.get("SUPERLANE_BINARY")
    if not path:
        return (sys.executable, "-m", "superlane")
    if not os.access(path, os.X_OK):
        raise SweepError(f"SUPERLANE_BINARY: {path} is no program")
    return (path,)


def _command(*arguments):
    return [*program(), *arguments]


@functools.cache
def known_axes():
    """{name: row} of every axis that a point may set, as `superlane describe axes` lists them."""
    done = subprocess.run(_command("describe", "axes", "--json", "-"), capture_output=True, text=True)
    if done.returncode != 0:
        raise SweepError(f"{' '.join(program())}: cannot list axes: {done.stderr.strip()}")
    return {row["name"]: row for row in json.loads(done.stdout)}


class _Process:
    """A running `superlane evaluate`: a line in, a line out, until it ends or dies."""

    def __init__(self, *options):
        self._process = subprocess.Popen(_command("evaluate", *options), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
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


_of_thread = threading.local()


def _running():
    """The process of this thread, so that the threads of one worker do not share one."""
    process = getattr(_of_thread, "process", None)
    if process is None:
        process = _of_thread.process = _Process()
        atexit.register(process.end)
    return process


def evaluate(point):
    """Runs one point: {"key", "point", "metrics"}, {"error"} when it cannot be, {"crash"} when the simulator died."""
    process = _running()
    answer = process.ask(point)
    if answer is None:
        atexit.unregister(process.end)
        _of_thread.process = None
        return {"crash": f"the simulator ended with exit code {process.end()}"}
    return answer


def resolve(points):
    """For each point {"key", "point"} or {"error"}, without running it."""
    process = _Process("--resolve")
    answers = [process.ask(point) for point in points]
    process.end()
    if None in answers:
        raise SweepError(f"{' '.join(program())}: `evaluate --resolve` ended early; is it of this version?")
    return answers


@functools.cache
def program_version():
    return subprocess.run(_command("--version"), capture_output=True, text=True).stdout.strip()
