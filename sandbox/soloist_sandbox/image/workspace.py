"""The files in /workspace: unpacked once, changed for a job, and put back afterwards where several jobs share a container."""

import os
import shutil
import stat
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

ROOT = "/workspace"
SCRATCH = ("/tmp", "/dev/shm")  # noqa: S108 - the container's own
EPOCH = 1_000_000_000
"""Modification time of every file as packed, seconds. A laid file gets a later one, never twice the same: a bytecode file, which
remembers its source's time and size, can then never be taken for that of another variant."""
RESTORE_SECONDS = 5.0

Changes = list[tuple[str, bytes]]


class Refused(ValueError):
    """A change that may not be laid; the client's mistake, not the program's."""


class Dirty(RuntimeError):
    """The workspace could not be put back: the container must be thrown away."""


@dataclass(frozen=True, slots=True)
class State:
    """What tells an untouched file from a changed one. ctime can't be set by the program."""

    inode: int
    mode: int
    size: int
    mtime: int
    ctime: int

    @classmethod
    def of(cls, path: str) -> "State":
        """The state now."""
        found = os.lstat(path)
        if stat.S_ISDIR(found.st_mode):  # a folder's times change with every file in it
            return cls(found.st_ino, found.st_mode, 0, 0, 0)
        return cls(found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class Workspace:
    """/workspace, and, when it is to be restored, the archive that it came from."""

    def __init__(self) -> None:
        self._archive: IO[bytes] | None = None
        self._members: dict[str, tarfile.TarInfo] = {}
        self._expected: dict[str, State] = {}
        self._laid = 0

    def unpack(self, body: Any, *, keep: bool) -> None:
        """Extract a tar archive; with `keep`, remember it in anonymous memory that no other process can open."""
        source = body
        if keep:
            self._archive = os.fdopen(os.memfd_create("workspace"), "w+b")
            shutil.copyfileobj(body, self._archive)
            self._archive.seek(0)
            source = self._archive
        with tarfile.open(fileobj=cast("IO[bytes]", source), mode="r:" if keep else "r|") as archive:
            if hasattr(tarfile, "fully_trusted_filter"):  # not before Python 3.11.4, which Debian 12 lacks
                archive.extraction_filter = tarfile.fully_trusted_filter  # packed by us
            archive.extractall(ROOT)  # noqa: S202
            if keep:
                self._members = {f"{ROOT}/{m.name}": m for m in archive.getmembers()}
        if keep:
            self.remember()

    def lay(self, changes: Changes) -> None:
        """Write changed files. Raises `Refused` before anything is written."""
        targets = [(self._target(path), content) for path, content in changes]
        for target, content in targets:
            mode = 0o644
            if os.path.lexists(target):
                mode = stat.S_IMODE(os.lstat(target).st_mode) if not os.path.islink(target) else mode
                _writable(os.path.dirname(target))
                os.unlink(target)
            else:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                _writable(os.path.dirname(target))
            self._laid += 1
            _write(target, content, mode, EPOCH + self._laid)

    def _target(self, path: str) -> str:
        parts = path.split("/")
        if not path or path.startswith("/") or "\0" in path or {"", ".", ".."} & set(parts):
            raise Refused(f"{path!r} does not lie in the workspace")
        folder = ROOT
        for part in parts[:-1]:
            folder = f"{folder}/{part}"
            if os.path.islink(folder) or (os.path.lexists(folder) and not os.path.isdir(folder)):
                raise Refused(f"{path!r}: {part!r} is not a folder of the workspace")
        target = f"{folder}/{parts[-1]}"
        if os.path.isdir(target) and not os.path.islink(target):
            raise Refused(f"{path!r} is a folder")
        return target

    def remember(self) -> None:
        """Take what is there now for the state to come back to."""
        self._expected = {path: State.of(path) for path in _below(ROOT)}

    def restore(self, *, keep_bytecode: bool = False) -> None:
        """Put everything back as it was remembered. Raises `Dirty` when that fails or takes longer than `RESTORE_SECONDS`.

        `keep_bytecode` spares new __pycache__ folders, for the run that fills them on purpose.
        """
        deadline = time.monotonic() + RESTORE_SECONDS
        try:
            for folder in SCRATCH:
                _empty(folder, deadline)
            self._remove_changed(deadline, keep_bytecode)
            for path in [path for path in self._expected if not os.path.lexists(path)]:
                if "/__pycache__/" in path:  # made again when needed, never trusted
                    del self._expected[path]
                else:
                    self._put_back(path)
        except (OSError, RecursionError, KeyError) as error:
            raise Dirty(f"{type(error).__name__}: {error}") from error

    def _remove_changed(self, deadline: float, keep_bytecode: bool) -> None:
        for path in list(_below(ROOT)):
            _in_time(deadline)
            if keep_bytecode and "/__pycache__" in path:
                continue
            try:
                state = State.of(path)
            except FileNotFoundError:  # went with its folder
                continue
            if self._expected.get(path) == state:
                continue
            _remove(path, deadline)

    def _put_back(self, path: str) -> None:
        member = self._members.get(path)
        parent = os.path.dirname(path)
        _writable(parent)
        if member is None or member.isdir():
            os.mkdir(path)
            os.chmod(path, (member.mode if member else 0o755))
        elif member.issym():
            os.symlink(member.linkname, path)
        else:
            assert self._archive is not None  # noqa: S101
            content = os.pread(self._archive.fileno(), member.size, member.offset_data)
            _write(path, content, member.mode, EPOCH)
        self._expected[path] = State.of(path)


def _below(top: str) -> "list[str]":
    """Every path under a folder, folders before what they hold; folders that we may not read are opened first."""
    found, folders = [], [top]
    while folders:
        folder = folders.pop()
        with os.scandir(_readable(folder)) as entries:
            for entry in entries:
                found.append(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
    return found


def _readable(folder: str) -> str:
    if not os.access(folder, os.R_OK | os.X_OK):
        os.chmod(folder, 0o700)
    return folder


def _writable(folder: str) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        os.chmod(folder, stat.S_IMODE(os.lstat(folder).st_mode) | 0o700)


def _write(path: str, content: bytes, mode: int, mtime: int) -> None:
    Path(path).write_bytes(content)
    os.chmod(path, mode)
    os.utime(path, (mtime, mtime))


def _empty(folder: str, deadline: float) -> None:
    with os.scandir(folder) as entries:
        for entry in list(entries):
            _remove(entry.path, deadline)


def _remove(path: str, deadline: float) -> None:
    _in_time(deadline)
    _writable(os.path.dirname(path))
    if not os.path.isdir(path) or os.path.islink(path):
        os.unlink(path)
        return
    _readable(path)
    _empty(path, deadline)
    os.rmdir(path)


def _in_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise Dirty("putting the workspace back took too long")
