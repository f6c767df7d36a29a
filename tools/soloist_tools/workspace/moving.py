"""Moving several files from one content to another, or to being there or not: all or none."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from soloist_tools.workspace import swap
from soloist_tools.workspace.access import Access
from soloist_tools.workspace.folders import make_folders, missing_folders, remove_folders, standing_folder
from soloist_tools.workspace.journal import Record, sibling
from soloist_tools.workspace.patch import Patch
from soloist_tools.workspace.regular import NotAFile, parent, present

_THERE = "there already"


@dataclass(frozen=True, slots=True)
class Move:
    """One file, its content now and wanted (None: no file), and the name of the sibling through which it is replaced."""

    path: str
    old: bytes | None
    new: bytes | None
    sibling: str
    access: Access | None = None
    """What the file gets where the move, or its way back, creates it."""

    @property
    def back(self) -> "Move":
        """The way back."""
        return replace(self, old=self.new, new=self.old)


class Moved(Exception):
    """A file changed between the comparison and the writing."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def carry_out(record: Record, moves: Sequence[Move], obsolete: Sequence[str] = ()) -> None:
    """Replace, create and delete the files; one that is at its end already is left alone. Folders are made as needed.

    The folders `obsolete`, outer ones first, are removed at the end where they are empty.
    Raises `Moved`, or whatever went wrong, after putting back what was replaced. Where that fails too, the error carries a note.
    """
    root = Path(record.root)
    begun: list[Move] = []
    folders = missing_folders(root, (move.path for move in moves if move.new is not None))
    unneeded = folders
    with _opened_folders(record):
        try:
            make_folders(root, folders)
            _write(root, moves, begun)
            swap.settle(root, [*folders, *(move.path for move in begun)])
            unneeded = tuple(obsolete)
        except BaseException as error:
            _put_back(root, begun, error)
            raise
        finally:
            _sweep(root, moves)
            remove_folders(root, unneeded)


def _write(root: Path, moves: Sequence[Move], begun: list[Move]) -> None:
    waiting = [move for move in moves if _present(root, move.path) != move.new]
    for move in waiting:  # all contents first, so that a full disk shows before anything is replaced
        _stage(root, move)
    for move in waiting:
        reason = difference(_present(root, move.path), move.old)
        if reason:
            raise Moved(move.path, reason)
        begun.append(move)  # before the rename: an interrupt right after it must find the move in the list
        _commit(root, move)


def _stage(root: Path, move: Move) -> None:
    if move.new is None:
        return
    if move.old is None:
        swap.stage_new(root, move.path, move.sibling, move.new, move.access)
    else:
        swap.stage(root, move.path, move.sibling, move.new)


def _commit(root: Path, move: Move) -> None:
    if move.new is None:
        swap.remove(root, move.path)
    elif move.old is None:
        try:
            swap.commit_new(root, move.path, move.sibling)
        except FileExistsError:
            raise Moved(move.path, _THERE) from None
    else:
        swap.commit(root, move.path, move.sibling)


def _put_back(root: Path, begun: Sequence[Move], error: BaseException) -> None:
    for move in reversed(begun):
        try:
            if present(root, move.path) != move.new:
                continue
            swap.discard(root, move.path, move.sibling)
            _stage(root, move.back)
            _commit(root, move.back)
            swap.settle(root, [move.path])
        except (OSError, NotAFile, Moved) as second:
            error.add_note(f"putting back {move.path} failed as well ({second}); run undo to finish that")


def difference(present: bytes | None, wanted: bytes | None) -> str:
    """What happened to a file that should have the content `wanted`; empty when nothing did."""
    if present == wanted:
        return ""
    if wanted is None:
        return _THERE
    return "missing" if present is None else "changed"


def _present(root: Path, path: str) -> bytes | None:
    try:
        return present(root, path)
    except NotAFile as error:
        raise Moved(path, error.reason) from None


def in_tree(root: Path, moves: Sequence[Move]) -> bool:
    """Whether any file is where its move ends."""
    for move in moves:
        with suppress(NotAFile, OSError):
            if move.old != move.new and present(root, move.path) == move.new:
                return True
    return False


def closed_folders(root: Path, patch: Patch) -> dict[str, int]:
    """Folders of the patch in which this process may not write yet, with their modes.

    Raises PermissionError for one that it can't make writable either.
    """
    closed = {}
    for folder in sorted({standing_folder(root, change.path) for change in patch.changes}):
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
