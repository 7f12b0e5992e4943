# SPDX-License-Identifier: Apache-2.0
"""A progress bar on standard error when that is a terminal; silent otherwise."""
import sys
import time

_WIDTH = 30
_EVERY_S = 0.1


class Progress:
    def __init__(self, stream=None):
        self._stream = stream or sys.stderr
        self._shows = self._stream.isatty()
        self._shown_at = 0.0

    def begin(self, total, done):
        self._total, self._done, self._before, self._failed = total, done, done, 0
        self._began = time.monotonic()
        self._show()

    def step(self, well):
        self._done += 1
        self._failed += not well
        self._show()

    def note(self, text):
        self.clear()
        if self._shows:
            print(text, file=self._stream)

    def clear(self):
        if self._shows:
            print("\r\033[K", end="", file=self._stream, flush=True)

    def _show(self):
        now = time.monotonic()
        if not self._shows or self._done < self._total and now - self._shown_at < _EVERY_S:
            return
        self._shown_at = now
        share = self._done / max(1, self._total)
        bar = "#" * int(share * _WIDTH)
        new = self._done - self._before
        left = f", {(now - self._began) / new * (self._total - self._done):.0f} s left" if new else ""
        failed = f", {self._failed} failed" if self._failed else ""
        print(f"\r[{bar:<{_WIDTH}}] {self._done} of {self._total} points{failed}{left}\033[K", end="", file=self._stream,
              flush=True)
