"""Replacing a file's content in one atomic step, keeping what the file system says about it.

Hard links are broken, as git breaks them: the other names of the file keep the old content. Writing through them would
be neither atomic nor wanted (package managers link shared caches into trees).
"""

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from soloist_tools.workspace.access import Access, access_of, grant_mode, grant_owner
from soloist_tools.workspace.regular import opened, parent

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)  # a file system without hard links


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


def stage_new(root: Path, path: str, sibling: str, content: bytes, access: Access | None) -> None:
    """Write `content` to disk beside `path`, where no file is; with `access`, or as any new file of this process."""
    with parent(root, path) as (folder, _):
        handle = os.open(sibling, _NEW, 0o666 if access is None else 0o600, dir_fd=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if access is not None:
                grant_owner(handle, access)
                grant_mode(handle, access)
            os.fsync(handle)


def commit(root: Path, path: str, sibling: str) -> None:
    """Put the staged sibling in the file's place."""
    with parent(root, path) as (folder, name):
        os.replace(sibling, name, src_dir_fd=folder, dst_dir_fd=folder)


def commit_new(root: Path, path: str, sibling: str) -> None:
    """Give the staged sibling the name `path`. Raises FileExistsError when something has that name by now."""
    with parent(root, path) as (folder, name):
        try:
            os.link(
                sibling, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False
            )  # unlike a rename never over a file
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.rename(sibling, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            os.unlink(sibling, dir_fd=folder)


def remove(root: Path, path: str) -> None:
    """Delete the file."""
    with parent(root, path) as (folder, name):
        os.unlink(name, dir_fd=folder)


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
    status, access = os.fstat(original), access_of(original)
    grant_owner(new, access)
    _copy_attributes(original, new)
    grant_mode(new, access)
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
