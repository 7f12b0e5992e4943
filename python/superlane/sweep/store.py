# SPDX-License-Identifier: Apache-2.0
"""Results in one SQLite file: a row a point, by the hash of all that decides it. Several sweeps and several processes
share a file: a point is claimed before it is computed, and a claim lapses when its process is gone."""
import contextlib
import itertools
import json
import os
import pathlib
import socket
import sqlite3
import time

from .errors import SweepError

APPLICATION = 0x534C5377  # in the file's header: results of a sweep
SCHEMA = 1
LEASE_S = 60.0
_BUSY_MS = 60_000
_AT_ONCE = 500  # keys of one question; SQLite takes 999 or more
_TABLES = """
CREATE TABLE points (
    key TEXT PRIMARY KEY, version TEXT NOT NULL, point TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('claimed', 'done', 'failed', 'crashed')),
    metrics TEXT, reason TEXT, seconds REAL, owner TEXT, lease REAL);
CREATE TABLE sweeps (id TEXT PRIMARY KEY, name TEXT NOT NULL, spec TEXT NOT NULL);
CREATE TABLE members (
    sweep TEXT NOT NULL REFERENCES sweeps, number INTEGER NOT NULL, key TEXT NOT NULL, axes TEXT NOT NULL,
    PRIMARY KEY (sweep, number)) WITHOUT ROWID;
"""
FINAL = ("done", "failed")


def _started(process):
    """When a process of this machine began, in clock ticks; None when there is none, "" when it cannot be known."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return None if pathlib.Path("/proc/self/stat").exists() else ""


_opened = itertools.count()


def _new_owner():
    """This process, and which of its open files."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}/{next(_opened)}"


def _gone(owner):
    """Surely dead: of this machine, and no process with its number began when it did."""
    host, process, started, _ = owner.rsplit("/", 3)
    return host == socket.gethostname() and _started(process) not in (started, "")


class Store:
    """An open results file. Only the process that drives a sweep uses it; workers never do."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.owner = _new_owner()
        existed = self.path.exists()
        with self._explained():
            self._db = sqlite3.connect(self.path, timeout=_BUSY_MS / 1000, isolation_level=None)
        try:
            self._open()
        except BaseException:
            self._db.close()
            if not existed:
                for suffix in ("", "-wal", "-shm"):
                    pathlib.Path(f"{self.path}{suffix}").unlink(missing_ok=True)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Gives back what is claimed and not done."""
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("DELETE FROM points WHERE state = 'claimed' AND owner = ?", (self.owner,))
        self._db.close()

    @contextlib.contextmanager
    def _explained(self):
        try:
            yield
        except sqlite3.Error as error:
            raise SweepError(f"results file {self.path}: {error}") from None

    def _open(self):
        with self._explained():
            application, schema = (self._db.execute(f"PRAGMA {name}").fetchone()[0]
                                   for name in ("application_id", "user_version"))
            empty = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if not empty and application != APPLICATION:
            raise SweepError(f"results file {self.path}: an SQLite file, but not of a sweep; name another file")
        if not empty and schema != SCHEMA:
            raise SweepError(f"results file {self.path}: has schema {schema}, this program reads {SCHEMA}; "
                             "name another file, or use the version of superlane that wrote it")
        with self._explained():
            self._use_wal()
            if empty:
                self._create()

    def _use_wal(self):
        """Two processes that open a new file at once meet here, and SQLite does not wait for this one lock."""
        until = time.monotonic() + _BUSY_MS / 1000
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def _create(self):
        with self._write():
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                for statement in _TABLES.split(";")[:-1]:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {APPLICATION}")
                self._db.execute(f"PRAGMA user_version = {SCHEMA}")

    @contextlib.contextmanager
    def _write(self):
        """A transaction: all of it or nothing."""
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk has rolled back already
                    self._db.execute("ROLLBACK")
                raise

    def register(self, identity, name, spec, members):
        """Notes a sweep and its points, (number, key, axes) each, so that the file can be read without the spec."""
        with self._write():
            self._db.execute("INSERT OR IGNORE INTO sweeps VALUES (?, ?, ?)", (identity, name, json.dumps(spec)))
            self._db.executemany("INSERT OR IGNORE INTO members VALUES (?, ?, ?, ?)",
                                 [(identity, number, key, json.dumps(axes)) for number, key, axes in members])

    def states(self, keys):
        """{key: state} of those that the file has."""
        found = {}
        keys = list(keys)
        with self._explained():
            for begin in range(0, len(keys), _AT_ONCE):
                part = keys[begin:begin + _AT_ONCE]
                marks = ",".join("?" * len(part))
                found.update(self._db.execute(f"SELECT key, state FROM points WHERE key IN ({marks})", part))
        return found

    def claim(self, key, version, point):
        """True when this process is to compute the point now; also one over which the simulator crashed before."""
        lease = time.time() + LEASE_S
        with self._write():
            row = self._db.execute("SELECT state, owner, lease FROM points WHERE key = ?", (key,)).fetchone()
            if row is None:
                self._db.execute("INSERT INTO points (key, version, point, state, owner, lease) VALUES (?,?,?,'claimed',?,?)",
                                 (key, version, json.dumps(point), self.owner, lease))
                return True
            state, owner, until = row
            lapsed = state == "claimed" and (until < time.time() or _gone(owner))
            if not lapsed and state != "crashed":
                return False
            self._db.execute("UPDATE points SET state = 'claimed', owner = ?, lease = ? WHERE key = ?",
                             (self.owner, lease, key))
            return True

    def renew(self):
        """This process is alive: its claims hold for another lease."""
        with self._write():
            self._db.execute("UPDATE points SET lease = ? WHERE state = 'claimed' AND owner = ?",
                             (time.time() + LEASE_S, self.owner))

    def finish(self, key, state, metrics=None, reason=None, seconds=None):
        """The first result of a point stays."""
        with self._write():
            self._db.execute("UPDATE points SET state = ?, metrics = ?, reason = ?, seconds = ?, owner = NULL, lease = NULL "
                             "WHERE key = ? AND state NOT IN ('done', 'failed')",
                             (state, None if metrics is None else json.dumps(metrics), reason, seconds, key))

    def sweeps(self):
        """[(id, name, spec)] of the file, by name."""
        with self._explained():
            rows = self._db.execute("SELECT id, name, spec FROM sweeps ORDER BY name, id").fetchall()
        return [(identity, name, json.loads(spec)) for identity, name, spec in rows]

    def rows(self, identity):
        """(number, key, axes, state, metrics, reason, seconds) of a sweep's points, in its order; those not begun are
        left out."""
        with self._explained():
            rows = self._db.execute(
                "SELECT number, points.key, axes, state, metrics, reason, seconds FROM members JOIN points USING (key) "
                "WHERE sweep = ? ORDER BY number", (identity,)).fetchall()
        return [(number, key, json.loads(axes), state, json.loads(metrics or "null"), reason, seconds)
                for number, key, axes, state, metrics, reason, seconds in rows]
