"""The undo record: written and on disk before the first file of the tree changes.

A journal is a folder: `record.json`, and `kept/` with the versions that could not be written because the tree had moved.
"""

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field
from soloist_sandbox.contract import Value

from soloist_tools.workspace.access import Access
from soloist_tools.workspace.patch import Patch
from soloist_tools.workspace.treepath import AnyName, TreePath, checked

_RECORD = "record.json"
_KEPT = "kept"


class Record(Value):
    """One patch, where it goes, and what must be put right should the process die midway."""

    format: Literal[1, 2] = 2
    """1 knew neither created nor deleted files."""
    root: AnyName
    """Absolute path of the tree."""
    patch: Patch
    token: str = Field(pattern=r"[0-9a-f]+")
    """Names the temporary siblings of this application."""
    folders: Mapping[AnyName, int]
    """Folders that had to be made writable for the time of writing, and their modes before. The root is ""."""
    made: tuple[TreePath, ...] = ()
    """Folders made for new files, outer ones first."""
    access: Mapping[TreePath, Access] = {}
    """Mode and owner of the files that are deleted. Their extended attributes are not kept."""
    undone: bool = False


def sibling(token: str, index: int) -> str:
    """Temporary name beside the file of change number `index`."""
    return f".soloist-{token}-{index}.tmp"


def read(journal: Path) -> Record | None:
    """The record, or None when there is none. Raises ValueError for one that is damaged."""
    try:
        text = (journal / _RECORD).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        record = Record.model_validate_json(text)
        for folder in record.folders:
            _ = folder == "" or checked(folder)
    except ValueError:
        raise ValueError(f"{journal / _RECORD} is damaged; what it recorded can't be completed or undone") from None
    return record


def write(journal: Path, record: Record) -> None:
    """Put the record on disk, whole or not at all."""
    journal.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = journal / f"{_RECORD}.new"
    with new.open("wb") as file:
        os.fchmod(file.fileno(), stat.S_IRUSR | stat.S_IWUSR)
        file.write(record.model_dump_json().encode())
        file.flush()
        os.fsync(file.fileno())
    new.replace(journal / _RECORD)
    _sync(journal)
    _sync(journal.parent)


def forget(journal: Path) -> None:
    """Remove the record of an application that left no trace in the tree."""
    (journal / _RECORD).unlink(missing_ok=True)


def keep(journal: Path, versions: Mapping[str, bytes]) -> Path:
    """Write versions that could not go into the tree to `kept/PATH`; the folder's path."""
    kept = journal / _KEPT
    journal.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    for path, content in versions.items():
        target = kept / checked(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return kept


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
