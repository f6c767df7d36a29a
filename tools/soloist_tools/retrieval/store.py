"""The file in which an index lives: one SQLite database for each root, under the user's cache folder.

Two things are kept. *Contents*: a digest for each content ever seen, by hash, so that a branch switched back costs nothing.
*The base*: the postings of the whole tree as it stood when the base was last built, one row for each word. What has changed
since lies over it in memory (see `View`); when that grows large, the base is built anew.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

VERSION = 1
"""Of the layout *and* of what chunks and words are: another number than the file's, and the file is made anew."""

_LAYOUT = """
CREATE TABLE content (key TEXT PRIMARY KEY, places TEXT NOT NULL, words BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE file (
    path TEXT PRIMARY KEY, size INT NOT NULL, mtime_ns INT NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE base_file (number INTEGER PRIMARY KEY, path TEXT NOT NULL, key TEXT NOT NULL);
CREATE TABLE posting (word TEXT PRIMARY KEY, chunk BLOB NOT NULL, often BLOB NOT NULL);
CREATE TABLE note (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""
_WAIT = 30.0
"""Seconds for another process to finish writing."""


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/soloist/retrieval`, by default below `~/.cache`."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if Path(named).is_absolute() else Path.home() / ".cache") / "soloist" / "retrieval"


def store_path(root: Path, folder: Path) -> Path:
    """The database of a root: its name for people, a hash of its whole path against mix-ups."""
    real = os.path.realpath(root)
    return folder / f"{Path(real).name or 'root'}-{blake2b(os.fsencode(real), digest_size=8).hexdigest()}.sqlite"


class Store:
    """An open database. A file that is damaged or of another version is replaced by an empty one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self.sql = _opened(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise
            self._remove()
            self.sql = _opened(path)

    def remade(self) -> "Store":
        """A new, empty store in place of this one."""
        self.close()
        self._remove()
        return Store(self.path)

    def close(self) -> None:
        """End the connection; the file stays."""
        self.sql.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        self.sql.execute("BEGIN IMMEDIATE")
        try:
            yield self.sql
        except BaseException:
            self.sql.execute("ROLLBACK")
            raise
        self.sql.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One unchanging state, whatever other processes write meanwhile."""
        self.sql.execute("BEGIN")
        try:
            yield self.sql
        finally:
            if self.sql.in_transaction:
                self.sql.execute("ROLLBACK")

    def note(self, name: str) -> bytes:
        """A named value, b"" when there is none."""
        row = self.sql.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else b""

    def put_note(self, name: str, value: bytes) -> None:
        """Set a named value; call it while `writing`."""
        self.sql.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, value))

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)


def _opened(path: Path) -> sqlite3.Connection:
    sql = sqlite3.connect(path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
    try:
        path.chmod(0o600)
        _use_wal(sql)
        sql.execute("PRAGMA synchronous=NORMAL")
        if sql.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            _lay_out(sql)
        sql.execute("SELECT 1 FROM content, file, base_file, posting, note LIMIT 0")
    except BaseException:
        sql.close()
        raise
    return sql


def _use_wal(sql: sqlite3.Connection) -> None:
    """Let readers go on while one writes. SQLite does not wait here as it does elsewhere when two processes ask at once."""
    deadline = time.monotonic() + _WAIT
    while True:
        try:
            sql.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _lay_out(sql: sqlite3.Connection) -> None:
    sql.execute("BEGIN IMMEDIATE")
    if sql.execute("PRAGMA user_version").fetchone()[0] != VERSION:  # another process may have been first
        for (name,) in sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            sql.execute(f'DROP TABLE "{name}"')
        for statement in _LAYOUT.split(";"):
            sql.execute(statement)
        sql.execute(f"PRAGMA user_version = {VERSION}")
    sql.execute("COMMIT")
