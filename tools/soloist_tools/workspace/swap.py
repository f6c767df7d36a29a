"""Replacing a file's content in one atomic step, keeping what the file system says about it.

Hard links are broken, as git breaks them: the other names of the file keep the old content. Writing through them would
be neither atomic nor wanted (package managers link shared caches into trees).
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from soloist_tools.workspace.regular import opened, parent

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def stage(root: Path, path: str, sibling: str, content: bytes) -> None:
    """Write `content` to disk beside `path` under the name `sibling`, with the mode, owner and extended attributes of `path`.

    An owner that this process may not set becomes its own, as with git. Raises OSError, `NotAFile`.
    """
    with opened(root, path) as original, parent(root, path) as (folder, _):
        handle = os.open(sibling, _NEW, 0o600, dir_fd=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            _like(original, handle)
            os.fsync(handle)


def commit(root: Path, path: str, sibling: str) -> None:
    """Put the staged sibling in the file's place."""
    with parent(root, path) as (folder, name):
        os.replace(sibling, name, src_dir_fd=folder, dst_dir_fd=folder)


def settle(root: Path, paths: Iterable[str]) -> None:
    """Make what was committed last through a power cut. Each folder is written once, since that is slow."""
    for path in {path.rpartition("/")[0]: path for path in paths}.values():
        with parent(root, path) as (folder, _):
            os.fsync(folder)


def discard(root: Path, path: str, sibling: str) -> None:
    """Remove a staged sibling, if it is there."""
    with suppress(FileNotFoundError, NotADirectoryError), parent(root, path) as (folder, _):
        os.unlink(sibling, dir_fd=folder)


def _like(original: int, new: int) -> None:
    status = os.fstat(original)
    ours = os.fstat(new)
    if (status.st_uid, status.st_gid) != (ours.st_uid, ours.st_gid):
        try:
            os.fchown(new, status.st_uid, status.st_gid)
        except PermissionError:
            with suppress(PermissionError):
                os.fchown(new, -1, status.st_gid)
    _copy_attributes(original, new)
    mode = stat.S_IMODE(status.st_mode)
    if os.fstat(new).st_uid != status.st_uid:
        mode &= 0o777  # never lend our identity to a set-user-id program
    os.fchmod(new, mode)
    # Python takes a compiled file for fresh by the whole second and the size: a change within the same second must show.
    if int(status.st_mtime) == int(os.fstat(new).st_mtime):
        later = status.st_mtime_ns + 1_000_000_000
        os.utime(new, ns=(later, later))


def _copy_attributes(original: int, new: int) -> None:
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):  # a file system without them
        for name in os.listxattr(original):
            with suppress(OSError):  # one that only the system may set
                os.setxattr(new, name, os.getxattr(original, name))
