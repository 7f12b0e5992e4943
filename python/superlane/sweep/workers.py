# SPDX-License-Identifier: Apache-2.0
"""Where points are computed: processes of this machine, or the workers of a Dask scheduler; both take `submit`."""
import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import threading

from ..errors import optional
from .errors import SweepError

_CONNECT_S, _WORKERS_S = 10, 60  # workers of a cluster may be starting
_UNREACHABLE = (OSError, RuntimeError, TimeoutError, concurrent.futures.CancelledError)  # what Dask raises without its scheduler


def default_count():
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start_worker():
    """A worker leaves Ctrl-C to its parent, and ends with it, also when that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow():
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


class Local:
    """A pool of processes, made anew when one of them dies."""

    def __init__(self, count=None):
        self.count = count or default_count()
        self._make()

    def _make(self):
        self._pool = concurrent.futures.ProcessPoolExecutor(
            self.count, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker)

    def submit(self, function, *arguments):
        try:
            return self._pool.submit(function, *arguments)
        except concurrent.futures.BrokenExecutor as error:  # a process died just now: `lost` will hear of it
            failed = concurrent.futures.Future()
            failed.set_exception(error)
            return failed

    def lost(self, error):
        """Which points a process took with it that died: "all" that were in flight. The pool is then whole again."""
        if not isinstance(error, concurrent.futures.BrokenExecutor):
            return ""
        self._pool.shutdown(wait=False)
        self._make()
        return "all"

    def close(self):
        self._pool.shutdown(cancel_futures=True)


class Dask:
    """The workers of a Dask scheduler at an address, tcp://host:port."""

    def __init__(self, address):
        distributed = optional("distributed", "--scheduler", "'dask[distributed]'")
        self._address, self._killed = address, distributed.KilledWorker
        try:
            self._client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise SweepError(f"--scheduler {address}: not reachable: {_first_line(error)}") from None
        try:
            self._client.wait_for_workers(1, timeout=_WORKERS_S)
        except TimeoutError:
            self._client.close()
            raise SweepError(f"--scheduler {address}: has no workers; start some with `dask worker {address}`") from None
        self._executor = self._client.get_executor(pure=False)

    @property
    def count(self):
        """Points that can run at once, at this time: a cluster grows and shrinks."""
        with self._connected():
            return max(1, sum(self._client.nthreads().values()))

    def submit(self, function, *arguments):
        with self._connected():
            return self._executor.submit(function, *arguments)

    def lost(self, error):
        """Dask tries a point on some workers; those in flight on others go on."""
        with self._connected():
            if isinstance(error, concurrent.futures.CancelledError):
                raise error
        return "this" if isinstance(error, self._killed) else ""

    @contextlib.contextmanager
    def _connected(self):
        """A scheduler that goes away while points are in flight ends the sweep."""
        try:
            yield
        except _UNREACHABLE:
            raise SweepError(f"--scheduler {self._address}: the connection is lost; the same command goes on when it is back") from None

    def close(self):
        with contextlib.suppress(*_UNREACHABLE):
            self._executor.shutdown(wait=False)
            self._client.close()


def _first_line(error):
    return str(error).strip().split("\n")[0] or type(error).__name__


@contextlib.contextmanager
def open_workers(count=None, scheduler=None):
    workers = Dask(scheduler) if scheduler else Local(count)
    try:
        yield workers
    finally:
        workers.close()
