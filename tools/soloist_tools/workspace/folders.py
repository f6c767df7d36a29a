"""Folders that a patch needs and the tree doesn't have yet."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from soloist_tools.workspace.regular import parent


def missing_folders(root: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Folders that have to be made before the files `paths` can be, outer ones first."""
    missing = {folder for path in paths for folder in _above(path) if not os.path.lexists(root / folder)}
    return tuple(sorted(missing))


def standing_folder(root: Path, path: str) -> str:
    """The innermost folder above `path` that exists already; the root is ""."""
    return next((folder for folder in _above(path) if os.path.lexists(root / folder)), "")


def make_folders(root: Path, folders: Sequence[str]) -> None:
    """Make them, outer ones first. Raises OSError."""
    for folder in folders:
        with suppress(FileExistsError), parent(root, folder) as (handle, name):
            os.mkdir(name, dir_fd=handle)


def remove_folders(root: Path, folders: Sequence[str]) -> None:
    """Remove those that are empty, inner ones first; any other holds somebody's files and stays."""
    for folder in reversed(folders):
        with suppress(OSError), parent(root, folder) as (handle, name):
            os.rmdir(name, dir_fd=handle)


def _above(path: str) -> list[str]:
    """The folders that hold `path`, inner ones first, without the root."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
