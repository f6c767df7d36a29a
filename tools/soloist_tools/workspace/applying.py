"""Applying a patch to the user's tree, and taking it back: all of it or none, whatever happens midway.

Every file is replaced, created or deleted in one atomic step. Between two files a `kill -9` can leave the tree half
changed; the journal, on disk before the first step, then lets the next `apply` or `undo` with it recover by looking at the
files themselves.
"""

import secrets
from collections.abc import Iterable
from pathlib import Path

from soloist_sandbox.contract import Value

from soloist_tools.workspace import journal as journals
from soloist_tools.workspace.access import Access, access
from soloist_tools.workspace.folders import missing_folders
from soloist_tools.workspace.journal import Record
from soloist_tools.workspace.lock import locked
from soloist_tools.workspace.moving import Move, Moved, carry_out, closed_folders, difference, in_tree, tidy
from soloist_tools.workspace.patch import FileChange, Patch
from soloist_tools.workspace.regular import NotAFile, present
from soloist_tools.workspace.snapshot import root_folder
from soloist_tools.workspace.treepath import TreePath, shown

_NAMED = 20


class TreeMoved(RuntimeError):
    """Files are not as they were, so nothing was written. `paths` names them; `kept` is the folder with our versions."""

    def __init__(self, text: str, paths: tuple[str, ...], kept: Path) -> None:
        super().__init__(text)
        self.paths = paths
        self.kept = kept


class Applied(Value):
    """What was written to the tree."""

    root: Path
    journal: Path
    paths: tuple[TreePath, ...]
    """Files of the patch, relative to the root."""


def apply(root: Path, patch: Patch, journal: Path) -> Applied:
    """Write the patch into the tree `root`, if every file still is exactly what the patch starts from.

    `journal` is a folder for this application alone, made if missing. Applying the same patch with it again does nothing when
    all is in place, and starts over after an interruption. Mode, owner and extended attributes stay; hard links are broken.
    Folders are made for new files, and stay when their last file is deleted.
    Raises TreeMoved (tree untouched), ValueError for a root that is no folder or a journal of another change,
    TimeoutError while another process writes to the tree, OSError when writing failed (everything rolled back).
    """
    root, journal = root_folder(root), journal.absolute()
    with locked(root):
        if not _in_place(root, patch, journal):
            _apply_anew(root, patch, journal)
    return _applied(root, patch, journal)


def undo(journal: Path) -> Applied:
    """Take back what `apply` wrote with this journal, also when it was cut off midway.

    Files keep the mode that they have now; deleted ones come back with theirs. A file that already is as it was before counts
    as restored. Folders that `apply` made go, where nothing else is in them.
    Raises TreeMoved when a file changed since (nothing is written), ValueError when there is nothing to undo or it was undone
    already, TimeoutError and OSError as `apply`.
    """
    journal = journal.absolute()
    record = journals.read(journal)
    if record is None:
        raise ValueError(f"nothing was applied with {journal}, so there is nothing to undo")
    with locked(root_folder(Path(record.root))):
        record = journals.read(journal) or record
        if record.undone:
            raise ValueError(f"the change of {journal} was undone already")
        _restore(record, journal)
        journals.write(journal, record.model_copy(update={"undone": True}))
    return _applied(Path(record.root), record.patch, journal)


def _apply_anew(root: Path, patch: Patch, journal: Path) -> None:
    token = secrets.token_hex(4)
    deleted = {path: found for path in patch.removed() if (found := access(root, path))}
    moves = [
        Move(c.path, c.before, c.after, journals.sibling(token, i), deleted.get(c.path)) for i, c in enumerate(patch.changes)
    ]
    changed = _changed(root, moves, lenient=False)
    if changed:
        raise _not_applied(changed, patch, journal)
    record = Record(
        root=str(root),
        patch=patch,
        token=token,
        folders=closed_folders(root, patch),
        made=missing_folders(root, patch.as_changes()),
        access=deleted,
    )
    journals.write(journal, record)
    try:
        carry_out(record, moves)
    except BaseException as error:
        if not in_tree(root, moves):  # otherwise putting back failed as well, and undo needs the record
            journals.forget(journal)
        if isinstance(error, Moved):
            raise _not_applied({error.path: error.reason}, patch, journal) from None
        raise


def _in_place(root: Path, patch: Patch, journal: Path) -> bool:
    """Whether this journal's patch is in the tree. What is left of an interrupted application is taken back first."""
    record = journals.read(journal)
    if record is None or record.undone:
        return False
    if record.root != str(root) or record.patch != patch:
        raise ValueError(f"{journal} holds another change; give each application a journal of its own, or undo that one first")
    tidy(record)
    if not _changed(root, [Move(c.path, c.after, c.after, "") for c in patch.changes], lenient=False):
        return True
    _restore(record, journal)
    return False


def _restore(record: Record, journal: Path) -> None:
    tidy(record)
    root = Path(record.root)
    moves = [
        Move(c.path, c.after, c.before, journals.sibling(record.token, i), record.access.get(c.path) or _created(root, c))
        for i, c in enumerate(record.patch.changes)
    ]
    changed = _changed(root, moves, lenient=True)
    if changed:
        raise _not_undone(changed, record, journal)
    try:
        carry_out(record, moves, obsolete=record.made)
    except Moved as moved:
        raise _not_undone({moved.path: moved.reason}, record, journal) from None


def _changed(root: Path, moves: Iterable[Move], *, lenient: bool) -> dict[str, str]:
    """Files that are not where the moves start, with what happened to them. Lenient: where a move ends will do, too."""
    changed = {}
    for move in moves:
        try:
            found = present(root, move.path)
        except NotAFile as error:
            changed[move.path] = error.reason
            continue
        if found != move.old and not (lenient and found == move.new):
            changed[move.path] = difference(found, move.old)
    return changed


def _created(root: Path, change: FileChange) -> Access | None:
    """Mode and owner of a file that the patch created, so that a failing undo can put it back."""
    return access(root, change.path) if change.before is None else None


def _not_applied(changed: dict[str, str], patch: Patch, journal: Path) -> TreeMoved:
    kept = journals.keep(journal, patch.as_changes())
    text = f"not applied, since your files moved on: {_list(changed)}. Yours are untouched; the new versions are in {kept}"
    return TreeMoved(text, tuple(changed), kept)


def _not_undone(changed: dict[str, str], record: Record, journal: Path) -> TreeMoved:
    kept = journals.keep(journal, {c.path: c.before for c in record.patch.changes if c.before is not None})
    text = f"not undone, since your files moved on: {_list(changed)}. Yours are untouched; the earlier versions are in {kept}"
    return TreeMoved(text, tuple(changed), kept)


def _list(changed: dict[str, str]) -> str:
    named = ", ".join(f"{shown(path)} ({reason})" for path, reason in list(changed.items())[:_NAMED])
    return named if len(changed) <= _NAMED else f"{named} and {len(changed) - _NAMED} more"


def _applied(root: Path, patch: Patch, journal: Path) -> Applied:
    return Applied(root=root, journal=journal, paths=tuple(change.path for change in patch.changes))
