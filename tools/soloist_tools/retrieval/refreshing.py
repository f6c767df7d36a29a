"""Bringing the store up to the tree: only files whose size or time changed are read, only contents never seen are split."""

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from soloist_tools.retrieval.base import build_base
from soloist_tools.retrieval.digest import content_key, digested, packed
from soloist_tools.retrieval.skipping import Reason, skipped_by_content
from soloist_tools.retrieval.store import Store
from soloist_tools.retrieval.view import Base, drift
from soloist_tools.retrieval.walking import SeenFile, look, walked

Progress = Callable[[int, int], None]
"""Called with the files done and the files to do."""

SETTLED_NS = 2_000_000_000
"""A file written this short before it was read may be written again in the same tick of the clock: its time proves nothing."""
_DRIFT = 100
"""So many changed files are laid over the base, or a tenth of the tree if that is more; then the base is built anew."""
_UNUSED = 4
"""Contents kept for other branches, in multiples of the tree."""
_BATCH = 500

_Row = tuple[int, int, str, str]  # size, mtime_ns, key ("" when skipped), reason


@dataclass(slots=True)
class Tree:
    """What the store knows of the files of a root."""

    keys: dict[str, str] = field(default_factory=dict)
    """Path -> key of its content."""
    skipped: Counter[Reason] = field(default_factory=Counter)
    """How many files are left out, by reason."""
    read: int = 0
    """Files read by the last refresh."""
    split: int = 0
    """Contents that were new to the store."""


def refresh(store: Store, root: Path, progress: Progress | None = None) -> Tree:
    """Walk the whole tree. Raises NotADirectoryError and sqlite3.Error."""
    found = walked(root)
    known = _known(store)
    present = {file.path for file in found.files}
    return _refreshed(store, root, found.files, known, [path for path in known if path not in present], found.skipped, progress)


def refresh_paths(store: Store, root: Path, paths: Iterable[str], tree: Tree) -> Tree:
    """Look again at some files only, relative to the root; of the others `tree` is believed. Ignore rules are not asked."""
    files, gone = [], []
    for path in paths:
        seen = look(root, path)
        if isinstance(seen, SeenFile):
            files.append(seen)
        else:
            gone.append(path)
    known = {path: row for path in [f.path for f in files] + gone if (row := _row(store, path))}
    after = _refreshed(store, root, files, known, [path for path in gone if path in known], Counter(), None)
    keys = {path: key for path, key in tree.keys.items() if path not in gone} | after.keys
    return Tree(keys, tree.skipped, after.read, after.split)


def _refreshed(
    store: Store,
    root: Path,
    files: list[SeenFile],
    known: dict[str, _Row],
    gone: list[str],
    skipped: Counter[Reason],
    progress: Progress | None,
) -> Tree:
    todo = [file for file in files if known.get(file.path, ())[:2] != (file.size, file.mtime_ns)]
    read = 0
    split = 0
    for first in range(0, len(todo), _BATCH):
        with store.writing() as sql:  # a batch at a time: a first build that is interrupted goes on where it was
            for file in todo[first : first + _BATCH]:
                known[file.path], new = _taken(sql, root, file)
                read, split = read + 1, split + new
                if progress:
                    progress(read, len(todo))
            sql.executemany(
                "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)",
                ((file.path, *known[file.path]) for file in todo[first : first + _BATCH]),
            )
    if gone:
        with store.writing() as sql:
            sql.executemany("DELETE FROM file WHERE path = ?", ((path,) for path in gone))
    tree = Tree({}, Counter(skipped), read, split)
    for file in files:
        key, reason = known[file.path][2:]
        if key:
            tree.keys[file.path] = key
        else:
            tree.skipped[reason] += 1  # type: ignore[index]
    return tree


def settle(store: Store, tree: Tree, base: Base | None) -> None:
    """Build the base anew when the tree has moved too far from it, and forget contents that no branch has used for long."""
    if base is not None:
        new, dead = drift(base, tree.keys)
        if len(new) + len(dead) <= max(_DRIFT, len(tree.keys) // 10):
            return
    with store.writing() as sql:
        build_base(store, tree.keys)
        if sql.execute("SELECT count(*) FROM content").fetchone()[0] > _UNUSED * len(tree.keys) + _BATCH:
            sql.execute("DELETE FROM content WHERE key NOT IN (SELECT key FROM file)")
    store.sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log would else keep the size of all that was written


def _taken(sql: sqlite3.Connection, root: Path, file: SeenFile) -> tuple[_Row, bool]:
    """The row of a file that has to be read, and whether its content was new."""
    began = time.time_ns()
    try:
        raw = _bytes(root / file.path, file.size)
    except OSError:
        return (file.size, 0, "", "unreadable"), False
    mtime = file.mtime_ns if began - file.mtime_ns > SETTLED_NS and len(raw) == file.size else 0
    reason = skipped_by_content(raw)
    if reason:
        return (file.size, mtime, "", reason), False
    key = content_key(file.path, raw)
    if sql.execute("SELECT 1 FROM content WHERE key = ?", (key,)).fetchone():
        return (file.size, mtime, key, ""), False
    sql.execute("INSERT INTO content VALUES (?, ?, ?)", (key, *packed(digested(file.path, raw))))
    return (file.size, mtime, key, ""), True


def _bytes(path: Path, size: int) -> bytes:
    """A file's bytes, never many more than were announced; no link is followed: it may have replaced the file since."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(size + 1_000_000)


def _known(store: Store) -> dict[str, _Row]:
    rows = store.sql.execute("SELECT path, size, mtime_ns, key, reason FROM file")
    return {path: (size, mtime, key, reason) for path, size, mtime, key, reason in rows}


def _row(store: Store, path: str) -> _Row | None:
    row = store.sql.execute("SELECT size, mtime_ns, key, reason FROM file WHERE path = ?", (path,)).fetchone()
    return None if row is None else (row[0], row[1], row[2], row[3])
