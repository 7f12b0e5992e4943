# SPDX-License-Identifier: Apache-2.0
"""Computes the points of a sweep that its results file does not have, on workers, and notes each as it is done."""
import collections
import concurrent.futures
import contextlib
import hashlib
import json
import signal
import threading
import time

from .errors import SweepError
from .store import FINAL, LEASE_S

_POLL_S = 0.2
_WAIT_S = 0.5  # so soon is Ctrl-C seen
_TRIES = 3  # workers that die before any point is done mean that none can start


def timed(evaluate, point):
    """What a worker runs."""
    begin = time.monotonic()
    answer = evaluate(point)
    return answer, time.monotonic() - begin


def _error(future):
    """What a worker raised, None after an answer; cancelled futures are those of workers that are gone."""
    return concurrent.futures.CancelledError() if future.cancelled() else future.exception()


class Entry:
    """A point by its axes, its key, and what decides it; or why it is none."""

    def __init__(self, axes, point, answer, version):
        self.axes, self.point = axes, point
        self.reason = answer.get("error")
        self.resolved = answer.get("point", {})
        self.version = version
        self.key = answer.get("key") or hashlib.sha256(
            json.dumps(["unresolved", version, point], sort_keys=True).encode()).hexdigest()

    def values(self, defaults):
        """What constraints on the point alone may read; of a point that cannot be, the defaults of what it leaves out."""
        if self.reason is not None:
            return {**defaults, **self.point}
        return {**self.resolved.get("options", {}), **self.resolved.get("parameters", {}), **self.point}


class Runner:
    """Brings points into a store. `computed` counts those that this process ran."""

    def __init__(self, store, workers, evaluate, progress, after=None):
        self._store, self._workers, self._evaluate, self._progress = store, workers, evaluate, progress
        self._after = after or (lambda metrics: None)
        self.computed = 0
        self._finished_any = False
        self._deaths = 0

    def compute(self, entries):
        """Returns when the store has a final state of each; those that others compute are waited for."""
        self._entries = {entry.key: entry for entry in entries}
        for entry in self._entries.values():
            if entry.reason is not None:
                self._note_unresolved(entry)
        states = self._store.states(self._entries)
        self._left = {key for key in self._entries if states.get(key) not in FINAL}
        self._waiting = collections.deque(key for key in self._entries if key in self._left)
        self._elsewhere = collections.deque()
        self._suspects = collections.deque()
        self._flying = {}
        self._renewed = time.monotonic()
        self._progress.begin(len(self._entries), len(self._entries) - len(self._left))
        self._interrupted = False
        try:
            with self._catching_interrupt():
                while self._left:
                    if self._interrupted:
                        self._end_early()
                        raise KeyboardInterrupt("; the same command goes on")
                    self._step()
        finally:
            self._progress.clear()

    @contextlib.contextmanager
    def _catching_interrupt(self):
        """Ctrl-C ends the sweep between two points; a second one ends it at once."""
        def interrupt(*_):
            if self._interrupted:
                raise KeyboardInterrupt
            self._interrupted = True

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _note_unresolved(self, entry):
        if self._store.claim(entry.key, entry.version, entry.point):
            self._store.finish(entry.key, "failed", reason=entry.reason)

    def _step(self):
        self._submit()
        self._renew()
        if self._flying:
            done, _ = concurrent.futures.wait(self._flying, _WAIT_S, concurrent.futures.FIRST_COMPLETED)
            for future in sorted(done, key=lambda each: _error(each) is not None):
                if future in self._flying:  # still: a pool that breaks takes all with it
                    self._take(future)
        elif self._elsewhere:
            time.sleep(_POLL_S)
            self._look_elsewhere()

    def _renew(self):
        if time.monotonic() - self._renewed > LEASE_S / 3:
            self._store.renew()
            self._renewed = time.monotonic()

    def _submit(self):
        """While a point is suspected of killing its worker, suspects run one at a time."""
        if self._suspects:
            if not self._flying:
                self._send(self._suspects[0])
            return
        room = 2 * self._workers.count
        while self._waiting and len(self._flying) < room:
            key = self._waiting.popleft()
            entry = self._entries[key]
            if self._store.claim(key, entry.version, entry.resolved):
                self._send(key)
            else:
                self._elsewhere.append(key)

    def _send(self, key):
        self._flying[self._workers.submit(timed, self._evaluate, self._entries[key].point)] = key

    def _look_elsewhere(self):
        """What others have finished is done; what they gave up is ours."""
        keys, self._elsewhere = list(self._elsewhere), collections.deque()
        states = self._store.states(keys)
        for key in keys:
            if states.get(key) in FINAL or states.get(key) == "crashed":
                self._done(key, states[key])
            else:
                self._waiting.append(key)

    def _take(self, future):
        key = self._flying.pop(future)
        error = _error(future)
        if error is None:
            self._finish(key, *future.result())
        elif (lost := self._workers.lost(error)) == "all":
            self._lose([key, *self._flying.values()])
        elif lost:
            self._finish(key, {"crash": "workers died over it"}, None)
        else:
            raise SweepError(f"workers cannot compute points: {type(error).__name__}: {error}") from error

    def _lose(self, keys):
        """A process died: alone in flight, its point killed it; else any of them may have."""
        self._flying.clear()
        self._deaths += 1
        if self._deaths >= _TRIES and not self._finished_any:
            raise SweepError("worker processes die as they start; a script that sweeps needs "
                             "`if __name__ == '__main__':` around it")
        if len(keys) > 1:
            self._suspects.extend(key for key in keys if key not in self._suspects)
        else:
            self._finish(keys[0], {"crash": "the worker process died over it"}, None)

    def _finish(self, key, answer, seconds):
        if answer.get("key", key) != key:
            raise SweepError("workers resolve a point otherwise than this process: they have another version of "
                             "superlane, or other files")
        self.computed += 1
        if "metrics" in answer:
            self._finished_any = True
            self._store.finish(key, "done", metrics=answer["metrics"], seconds=seconds)
            self._done(key, "done")
            self._after(answer["metrics"])
        elif "error" in answer:
            self._finished_any = True
            self._store.finish(key, "failed", reason=answer["error"], seconds=seconds)
            self._done(key, "failed")
        else:
            self._store.finish(key, "crashed", reason=answer.get("crash", "no answer"), seconds=seconds)
            self._done(key, "crashed")

    def _done(self, key, state):
        self._left.discard(key)
        if key in self._suspects:
            self._suspects.remove(key)
        self._progress.step(state == "done")

    def _end_early(self):
        """Points that are being computed are finished and noted; the rest is given back."""
        self._progress.note("ends with the points in flight; Ctrl-C again ends at once")
        for future in list(self._flying):
            if future.cancel():
                del self._flying[future]
        for future in concurrent.futures.as_completed(list(self._flying)):
            if _error(future) is None:
                self._take(future)
