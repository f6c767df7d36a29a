"""A copy of the user's tree to work on, and a record of what it held."""

import hashlib
import os
import shutil
import stat
import threading
from collections.abc import Mapping
from pathlib import Path

from soloist_sandbox.contract import Value

from soloist_tools.workspace.listing import Entry, entries
from soloist_tools.workspace.treepath import AnyName, TreePath, portable

MAX_FILES = 200_000
MAX_BYTES = 2 * 1024**3
_CHUNK = 1024 * 1024


class FileState(Value):
    """One regular file or link, as it was when it was copied."""

    sha256: str | None = None
    """Of the content; None for a link."""
    link: AnyName | None = None
    """Where a link points, as written; None for a file."""
    mode: int
    """Permission bits, set-user-id and its kin included (the copy gets only the plain ones)."""
    size: int
    """Bytes."""


class Snapshot(Value):
    """What a tree held when it was copied."""

    root: AnyName
    """Absolute path of the user's tree."""
    files: Mapping[TreePath, FileState]
    """By path relative to the root."""


def copy_tree(
    root: Path, into: Path, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES, stop: threading.Event | None = None
) -> Snapshot:
    """Copy what belongs to `root` (see `listing.entries`) into the new or empty folder `into`.

    Content, permission bits, modification times and links are kept as they are; hard links become separate files; folders of the
    copy can always be written by their owner. Links keep their text, so an absolute one still points where it did.
    `stop`, once set, ends the copying with InterruptedError. Nothing is left in `into` after an error.
    Raises ValueError for a root that is no folder, is larger than the limits, or can't be read.
    """
    root = root_folder(root)
    found = _within_limits(root, max_files, max_bytes)
    into.mkdir(parents=True, exist_ok=True)
    if any(into.iterdir()):
        raise ValueError(f"{into} is not empty; the copy needs a folder of its own")
    try:
        files = _copy(root, into, found, stop)
    except PermissionError as error:
        _clear(into)
        raise ValueError(f"can't read {error.filename}; make it readable, or have git ignore it") from None
    except BaseException:
        _clear(into)
        raise
    return Snapshot(root=str(root), files=files)


def root_folder(root: Path) -> Path:
    """The folder's absolute path without links. Raises ValueError when it is no folder."""
    resolved = Path(os.path.realpath(root))
    if not resolved.is_dir():
        raise ValueError(f"{root} is not a folder")
    return resolved


def _within_limits(root: Path, max_files: int, max_bytes: int) -> list[Entry]:
    found: list[Entry] = []
    size = 0
    for entry in entries(root):
        found.append(entry)
        size += entry.status.st_size if stat.S_ISREG(entry.status.st_mode) else 0
        if len(found) > max_files or size > max_bytes:
            raise ValueError(
                f"{root} holds more than {max_files:,} files or {max_bytes / 1024**3:,.1f} GiB; "
                "point --repo at a smaller folder, or have git ignore what is not source"
            )
    return sorted(found, key=lambda entry: entry.path)


def _copy(root: Path, into: Path, found: list[Entry], stop: threading.Event | None) -> dict[str, FileState]:
    made = {""}
    files: dict[str, FileState] = {}
    for entry in found:
        if stop is not None and stop.is_set():
            raise InterruptedError(f"copying {root} was stopped")
        if stat.S_ISDIR(entry.status.st_mode):
            _make_folder(root, into, entry.path, made)
            continue
        _make_folder(root, into, entry.path.rpartition("/")[0], made)
        state = _copy_entry(root / entry.path, into / entry.path, entry.status)
        if state is not None:
            files[entry.path] = state
    return files


def _make_folder(root: Path, into: Path, folder: str, made: set[str]) -> None:
    if folder in made:
        return
    _make_folder(root, into, folder.rpartition("/")[0], made)
    (into / folder).mkdir()
    (into / folder).chmod(stat.S_IMODE((root / folder).stat().st_mode) & 0o777 | 0o700)
    made.add(folder)


def _copy_entry(source: Path, target: Path, status: os.stat_result) -> FileState | None:
    mode = stat.S_IMODE(status.st_mode)
    try:
        if stat.S_ISLNK(status.st_mode):
            text = os.readlink(source)  # noqa: PTH115 -- Path.readlink would tidy the text
            target.symlink_to(text)
            return FileState(link=portable(text), mode=mode, size=status.st_size)
        return _copy_file(source, target)
    except FileNotFoundError:
        return None  # deleted since it was listed


def _copy_file(source: Path, target: Path) -> FileState:
    digest = hashlib.sha256()
    # NOFOLLOW and NONBLOCK: a file swapped for a link or a FIFO since it was listed must neither lead out nor hang.
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb", buffering=0) as reader, target.open("xb") as writer:
        status = os.fstat(reader.fileno())
        size = 0
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
            size += len(chunk)
        writer.flush()  # a later write would change the time set below
        os.fchmod(writer.fileno(), stat.S_IMODE(status.st_mode) & 0o777)
        os.utime(writer.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
    return FileState(sha256=digest.hexdigest(), mode=stat.S_IMODE(status.st_mode), size=size)


def _clear(into: Path) -> None:
    for child in into.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child, ignore_errors=True)
        else:
            child.unlink(missing_ok=True)
