"""The files in /workspace: unpacked once; changed for a job in its own layer; and what a job has changed, brought back."""

import contextlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from typing import IO, Final, cast

from .frames import read_exactly, write_all

ROOT: Final = "/workspace"
LAYER: Final = "/tmp/layer"  # noqa: S108 - the container's own; jobs see another /tmp
"""Byte code that a warming run has left, laid over the tree for later jobs."""
EPOCH: Final = 1_000_000_000
"""Modification time of every file as packed, seconds. A laid file gets a later one, never twice the same: a bytecode file, which
remembers its source's time and size, can then never be taken for that of another variant."""
_CACHE: Final = "__pycache__"
_CHUNK: Final = 1 << 20
_MOST_CACHED: Final = 64 << 20
_MOST_FILES: Final = 10_000
_LARGEST: Final = 16 << 20
_LONGEST_PATH: Final = 1000
"""Characters, which bounds how deep folders may lie in each other."""
_OPAQUE: Final = "user.overlay.opaque"
"""Overlayfs's mark on a folder that hides what the tree has there. Jobs can't make it: the names that they give are changed."""


class Refused(ValueError):
    """A change that may not be laid; the client's mistake, not the program's."""


class Payload:
    """The bytes behind an order, readable once, as from a file."""

    def __init__(self, descriptor: int, length: int) -> None:
        self._descriptor = descriptor
        self.left = length

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes (all that is left when negative); fewer only at the end. Raises `ClientGone`."""
        wanted = self.left if size < 0 else min(size, self.left)
        self.left -= wanted
        return read_exactly(self._descriptor, wanted)


def unpack(archive: Payload) -> None:
    """Extract a tar archive, packed by us. Raises OSError, `tarfile.TarError`."""
    import tarfile  # in the fork that unpacks: a smaller broker forks faster

    with tarfile.open(fileobj=cast("IO[bytes]", archive), mode="r|") as tar:
        if hasattr(tarfile, "fully_trusted_filter"):  # not before Python 3.11.4, which Debian 12 lacks
            tar.extraction_filter = tarfile.fully_trusted_filter
        tar.extractall(ROOT)  # noqa: S202
    while archive.left:  # the end of a tar archive is padding, which the reader may leave: the next order stands behind it
        archive.read(_CHUNK)


def lay(changes: "list[tuple[str, bytes]]", serial: int) -> None:
    """Write changed files. `serial` numbers the jobs of a container. Raises `Refused` before anything is written."""
    targets = [(*_target(path), content) for path, content in changes]
    for folder, target, content in targets:
        mode = 0o644
        found = _mode(target)
        if found:
            mode = mode if stat.S_ISLNK(found) else stat.S_IMODE(found)
            _writable(folder)
            os.unlink(target)
        else:
            os.makedirs(folder, exist_ok=True)
            _writable(folder)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        write_all(descriptor, content)
        os.fchmod(descriptor, mode)
        os.close(descriptor)
        os.utime(target, (EPOCH + serial, EPOCH + serial))


def _target(path: str) -> "tuple[str, str]":
    """Its folder, and itself."""
    parts = path.split("/")
    if "\0" in path or "" in parts or "." in parts or ".." in parts:
        raise Refused(f"{path!r} does not lie in the workspace")
    folder = ROOT
    for part in parts[:-1]:
        folder = f"{folder}/{part}"
        found = _mode(folder)
        if found and not stat.S_ISDIR(found):
            raise Refused(f"{path!r}: {part!r} is not a folder of the workspace")
    target = f"{folder}/{parts[-1]}"
    if stat.S_ISDIR(_mode(target)):
        raise Refused(f"{path!r} is a folder")
    return folder, target


def _mode(path: str) -> int:
    """What is there, no link followed; 0 for nothing."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _writable(folder: str) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        os.chmod(folder, stat.S_IMODE(os.lstat(folder).st_mode) | 0o700)


def collect(upper: int, send: Callable[[bytes], object]) -> None:
    """Send every regular file of a dead job's layer: a line of JSON, then the content; for a removed one the line alone.

    No link is followed, nothing but regular files is opened, and the client bounds how much is taken. Raises OSError for more
    than can be sent. Files whose path is no text are left out.
    """
    for count, (path, found, folder, name) in enumerate(_below(upper, "")):
        if count >= _MOST_FILES:
            raise OSError(f"the job has made more than {_MOST_FILES} files")
        if not _is_text(path):
            continue
        if not stat.S_ISREG(found.st_mode):
            if os.path.lexists(f"{ROOT}/{path}"):  # what the tree has there is hidden: by overlayfs's own mark, or by a link
                send(json.dumps({"path": path, "size": None}).encode() + b"\n")
        elif _CACHE not in path.split("/"):
            _send_file(path, found, folder, name, send)


def _send_file(path: str, found: os.stat_result, folder: int, name: str, send: Callable[[bytes], object]) -> None:
    if found.st_size > _LARGEST:
        raise OSError(f"{path[:200]!r} is larger than {_LARGEST >> 20} MiB")
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with open(descriptor, "rb") as file:
        content = file.read(found.st_size)
    line = {"path": path, "size": len(content), "executable": bool(found.st_mode & 0o100)}
    send(json.dumps(line).encode() + b"\n")
    send(content)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _below(folder: int, prefix: str) -> "Iterator[tuple[str, os.stat_result, int, str]]":
    """(path, what it is, the folder that holds it, its name there) of all files, and of folders that hide those of the tree."""
    if len(prefix) > _LONGEST_PATH:
        raise OSError(f"the job has made paths of more than {_LONGEST_PATH} characters")
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            os.chmod(name, 0o700, dir_fd=folder)  # it is the job's own, and the job is dead
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            try:
                if _opaque(inner):
                    yield f"{prefix}{name}", found, folder, name
                yield from _below(inner, f"{prefix}{name}/")
            finally:
                os.close(inner)
        else:
            yield f"{prefix}{name}", found, folder, name


def _opaque(folder: int) -> bool:
    try:
        return os.getxattr(folder, _OPAQUE) == b"y"
    except OSError:
        return False


def harvest(upper: int) -> None:
    """Keep the byte code that a dead job has compiled, as a layer for later ones; nothing else that it wrote."""
    left = _MOST_CACHED
    for path, found, folder, name in _below(upper, ""):
        parent = os.path.dirname(path)
        if os.path.basename(parent) != _CACHE or not name.endswith(".pyc") or not stat.S_ISREG(found.st_mode):
            continue
        left -= found.st_size
        if left < 0:
            return
        os.makedirs(f"{LAYER}/{parent}", exist_ok=True)
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        with open(descriptor, "rb") as source, contextlib.suppress(FileExistsError), open(f"{LAYER}/{path}", "xb") as target:
            target.write(source.read(found.st_size))
