"""A change to a tree as a value: whole files, before and after."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, NamedTuple, Self

from pydantic import BeforeValidator, PlainSerializer, model_validator
from soloist_sandbox.contract import Value

from soloist_tools.workspace import diff
from soloist_tools.workspace.regular import present
from soloist_tools.workspace.treepath import TreePath, checked, shown


def _from_base64(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("a file's content must be base64") from None


# The model option `ser_json_bytes` would be lost when a patch sits inside another model.
Blob = Annotated[
    bytes,
    BeforeValidator(_from_base64),
    PlainSerializer(lambda raw: base64.b64encode(raw).decode(), return_type=str, when_used="json"),
]
"""Any bytes; base64 in JSON."""


class FileChange(Value):
    """One file's whole content before and after; None where there is no file."""

    path: TreePath
    before: Blob | None
    after: Blob | None

    @model_validator(mode="after")
    def _of_some_file(self) -> Self:
        if self.before is None and self.after is None:
            raise ValueError("a change needs a file before or after it")
        return self


class Stat(NamedTuple):
    """Size of a patch: files, and lines added and removed."""

    files: int
    added: int
    removed: int


class Patch(Value):
    """A change to regular files of one tree: edited, created and deleted ones. Folders come with the files in them."""

    changes: tuple[FileChange, ...]

    @model_validator(mode="after")
    def _each_path_once(self) -> Self:
        if len({change.path for change in self.changes}) != len(self.changes):
            raise ValueError("a patch names each file once")
        return self

    @model_validator(mode="after")
    def _no_file_is_a_folder(self) -> Self:
        paths = {change.path for change in self.changes}
        folders = {str(folder) for path in paths for folder in PurePosixPath(path).parents}
        if paths & folders:
            raise ValueError(f"{shown(min(paths & folders))} can't be a file and a folder in one patch")
        return self

    def as_changes(self) -> dict[str, bytes]:
        """New content by path of the files that are edited or created, as a sandbox session takes it; see `removed`."""
        return {change.path: change.after for change in self.changes if change.after is not None}

    def removed(self) -> tuple[str, ...]:
        """Paths of the files that are deleted."""
        return tuple(change.path for change in self.changes if change.after is None)

    def diff_bytes(self) -> bytes:
        """A unified diff that `git apply` accepts in the root (with `--directory` where the root is a sub-folder)."""
        return b"".join(diff.unified(change.path, change.before, change.after) for change in self.changes)

    def diff(self) -> str:
        """`diff_bytes` as text; bytes that aren't UTF-8 are kept as lone surrogates (write it with "surrogateescape")."""
        return self.diff_bytes().decode("utf-8", "surrogateescape")

    def stat(self) -> Stat:
        """How much changes."""
        counts = [diff.counted(change.before or b"", change.after or b"") for change in self.changes]
        return Stat(len(self.changes), sum(added for added, _ in counts), sum(removed for _, removed in counts))


def make_patch(root: Path, changes: Mapping[str, bytes | None]) -> Patch:
    """The patch that turns the files under `root` (the copy) into `changes`; files that stay the same are left out.

    A path without a file is created, a path with None deleted. Raises ValueError for a path that leaves the root, leads
    through a link, or is anything but a regular file.
    """
    found = []
    for path, after in sorted(changes.items()):
        before = present(root, checked(path))
        if before != after:
            found.append(FileChange(path=path, before=before, after=after))
    return Patch(changes=tuple(found))
