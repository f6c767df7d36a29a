"""Regular files below a root, reached without following any link."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from soloist_tools.workspace.treepath import shown

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # NONBLOCK: opening a FIFO must not wait for a writer


class NotAFile(ValueError):
    """A path does not lead, without links, to a regular file. `reason` says what is there instead."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{shown(path)}: {reason}")
        self.path = path
        self.reason = reason


class Missing(NotAFile):
    """Nothing is there, and no link or file is in the way of making it."""


@contextmanager
def parent(root: Path, path: str) -> Iterator[tuple[int, str]]:
    """A handle on the folder that holds `path`, and the name in it. Raises OSError; a link on the way counts as no folder."""
    *folders, name = path.split("/")
    handle = os.open(root, _FOLDER)
    try:
        for folder in folders:
            inner = os.open(folder, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle, name
    finally:
        os.close(handle)


def content(root: Path, path: str) -> bytes:
    """The bytes of a regular file. Raises `NotAFile`."""
    with opened(root, path) as handle, os.fdopen(handle, "rb", closefd=False) as file:
        return file.read()


def present(root: Path, path: str) -> bytes | None:
    """The bytes of a regular file, or None where nothing is. Raises `NotAFile` for anything else."""
    try:
        return content(root, path)
    except Missing:
        return None


@contextmanager
def opened(root: Path, path: str) -> Iterator[int]:
    """A handle for reading a regular file. Raises `NotAFile`."""
    handle = _open(root, path)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotAFile(path, "not a regular file")
        yield handle
    finally:
        os.close(handle)


def _open(root: Path, path: str) -> int:
    try:
        with parent(root, path) as (folder, name):
            return os.open(name, _FILE, dir_fd=folder)
    except FileNotFoundError:
        raise Missing(path, "missing") from None
    except NotADirectoryError:
        raise NotAFile(path, "its folder is a link or a file now") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotAFile(path, "a symbolic link") from None
        if error.errno == errno.ENAMETOOLONG:
            raise NotAFile(path, "a name that is too long") from None
        if error.errno == errno.ENXIO:
            raise NotAFile(path, "not a regular file") from None
        raise
