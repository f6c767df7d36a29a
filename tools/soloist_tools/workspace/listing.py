"""Which files belong to a tree: git's view where there is one, a plain walk elsewhere.

Tracked files count as they lie in the working tree now; ignored ones don't. Links are listed as links and never
followed. Submodules and nested repositories are listed by their own git.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from soloist_tools.workspace import git

SKIPPED = frozenset(
    (
        ".git",
        ".hg",
        ".svn",
        "__pycache__",
        "node_modules",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".direnv",
    )
)
"""Folders that hold no sources; left out unless git tracks what is in them. Virtual environments are told by their pyvenv.cfg."""

_ENVIRONMENT_MARK = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file, link or folder of a tree, with its `lstat`."""

    path: str
    status: os.stat_result


def entries(root: Path) -> Iterator[Entry]:
    """Everything that belongs to the folder `root`, in no given order; each path once.

    Folders are listed only where they may be empty. FIFOs, sockets and devices are left out.
    Raises ValueError when something can't be read or git refuses the tree.
    """
    tracked, untracked = git.tracked(root), git.untracked(root)
    if tracked or untracked:
        return _from_git(root, [*(tracked or ()), *_worth_having(untracked or ())])
    return _walk(root)  # no git tree, or a folder that the repository around it ignores


def _from_git(root: Path, names: Iterable[str]) -> Iterator[Entry]:
    folders = _RealFolders(root)
    for name in dict.fromkeys(name.rstrip("/") for name in names):
        if not folders.real(name.rpartition("/")[0]):
            continue  # deleted, or a tracked folder that is a link today: the link itself is listed
        status = _lstat(root / name)
        if status is None:
            continue
        if stat.S_ISDIR(status.st_mode) and _has_git(root / name):
            yield from _nested(root, name)
        elif _wanted(status):
            yield Entry(name, status)


def _walk(root: Path) -> Iterator[Entry]:
    waiting: list[Entry | None] = [None]
    while waiting:
        folder = waiting.pop()
        children = _children(root / folder.path if folder else root)
        if folder and ".git" in children:
            yield from _nested(root, folder.path)
            continue
        if folder and _ENVIRONMENT_MARK in children:
            continue
        if folder:
            yield folder
        for name in children:
            path = f"{folder.path}/{name}" if folder else name
            status = None if name in SKIPPED else _lstat(root / path)
            if status is None or not _wanted(status):
                continue
            if stat.S_ISDIR(status.st_mode):
                waiting.append(Entry(path, status))
            else:
                yield Entry(path, status)


def _nested(root: Path, folder: str) -> Iterator[Entry]:
    return (Entry(f"{folder}/{entry.path}", entry.status) for entry in entries(root / folder))


def _worth_having(untracked: Iterable[str]) -> Iterator[str]:
    names = list(untracked)
    environments = {name.rpartition("/")[0] for name in names if name.rpartition("/")[2] == _ENVIRONMENT_MARK} - {""}
    for name in names:
        parts = name.rstrip("/").split("/")
        ancestors = ("/".join(parts[:depth]) for depth in range(1, len(parts))) if environments else ()
        if SKIPPED.isdisjoint(parts) and environments.isdisjoint(ancestors):
            yield name


def _wanted(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode) or stat.S_ISDIR(status.st_mode)


def _has_git(folder: Path) -> bool:
    return _lstat(folder / ".git") is not None


def _children(folder: Path) -> list[str]:
    try:
        return [child.name for child in folder.iterdir()]
    except PermissionError:
        raise ValueError(f"can't read the folder {folder}; make it readable, or have git ignore it") from None
    except (FileNotFoundError, NotADirectoryError):
        return []  # gone since its parent was listed


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise ValueError(f"can't look at {path}; make its folder readable, or have git ignore it") from None


@dataclass(frozen=True, slots=True)
class _RealFolders:
    """Remembers which folders below a root are real, all the way down, and not links."""

    root: Path
    known: dict[str, bool] = field(default_factory=lambda: {"": True})

    def real(self, folder: str) -> bool:
        if folder not in self.known:
            status = _lstat(self.root / folder) if self.real(folder.rpartition("/")[0]) else None
            self.known[folder] = status is not None and stat.S_ISDIR(status.st_mode)
        return self.known[folder]
