"""Moving several files from one content to another: all or none."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from soloist_tools.workspace import swap
from soloist_tools.workspace.journal import Record, sibling
from soloist_tools.workspace.patch import Patch
from soloist_tools.workspace.regular import NotAFile, content, parent


@dataclass(frozen=True, slots=True)
class Move:
    """One file, its content now and wanted, and the name of the sibling through which it is replaced."""

    path: str
    old: bytes
    new: bytes
    sibling: str


class Moved(Exception):
    """A file changed between the comparison and the writing."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def carry_out(record: Record, moves: Sequence[Move]) -> None:
    """Replace the files; one that is at its end already is left alone.

    Raises `Moved`, or whatever went wrong, after putting back what was replaced. Where that fails too, the error carries a note.
    """
    root = Path(record.root)
    begun: list[Move] = []
    with _opened_folders(record):
        try:
            _write(root, moves, begun)
        except BaseException as error:
            _put_back(root, begun, error)
            raise
        finally:
            _sweep(root, moves)


def _write(root: Path, moves: Sequence[Move], begun: list[Move]) -> None:
    waiting = [move for move in moves if _present(root, move.path) != move.new]
    for move in waiting:  # all contents first, so that a full disk shows before anything is replaced
        swap.stage(root, move.path, move.sibling, move.new)
    for move in waiting:
        if _present(root, move.path) != move.old:
            raise Moved(move.path, "changed")
        begun.append(move)  # before the rename: an interrupt right after it must find the move in the list
        swap.commit(root, move.path, move.sibling)
    swap.settle(root, (move.path for move in waiting))


def _put_back(root: Path, begun: Sequence[Move], error: BaseException) -> None:
    for move in reversed(begun):
        try:
            if content(root, move.path) != move.new:
                continue
            swap.discard(root, move.path, move.sibling)
            swap.stage(root, move.path, move.sibling, move.old)
            swap.commit(root, move.path, move.sibling)
            swap.settle(root, [move.path])
        except (OSError, NotAFile) as second:
            error.add_note(f"putting back {move.path} failed as well ({second}); run undo to finish that")


def _present(root: Path, path: str) -> bytes:
    try:
        return content(root, path)
    except NotAFile as error:
        raise Moved(path, error.reason) from None


def in_tree(root: Path, moves: Sequence[Move]) -> bool:
    """Whether any file is where its move ends."""
    for move in moves:
        with suppress(NotAFile, OSError):
            if move.old != move.new and content(root, move.path) == move.new:
                return True
    return False


def closed_folders(root: Path, patch: Patch) -> dict[str, int]:
    """Folders of the patch in which this process may not write yet, with their modes.

    Raises PermissionError for one that it can't make writable either.
    """
    closed = {}
    for folder in sorted({change.path.rpartition("/")[0] for change in patch.changes}):
        place = root / folder
        if not place.is_dir() or os.access(place, os.W_OK | os.X_OK):
            continue
        status = place.stat()
        if status.st_uid != os.geteuid():
            raise PermissionError(f"can't write in {place}, which another user owns; nothing was applied")
        closed[folder] = stat.S_IMODE(status.st_mode)
    return closed


@contextmanager
def _opened_folders(record: Record) -> Iterator[None]:
    try:
        _set_modes(record, stat.S_IRWXU)
        yield
    finally:
        _set_modes(record)


def _set_modes(record: Record, extra: int = 0) -> None:
    for folder, mode in record.folders.items():
        inside = f"{folder}/x" if folder else "x"
        with suppress(FileNotFoundError, NotADirectoryError), parent(Path(record.root), inside) as (handle, _):
            os.fchmod(handle, mode | extra)


def tidy(record: Record) -> None:
    """Remove what a killed process left behind: temporary siblings and opened folders."""
    with _opened_folders(record):
        for index, change in enumerate(record.patch.changes):
            swap.discard(Path(record.root), change.path, sibling(record.token, index))


def _sweep(root: Path, moves: Sequence[Move]) -> None:
    for move in moves:
        with suppress(OSError):
            swap.discard(root, move.path, move.sibling)
