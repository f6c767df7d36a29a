"""A change to a tree as a value: whole files, before and after."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple, Self

from pydantic import BeforeValidator, PlainSerializer, model_validator
from soloist_sandbox.contract import Value

from soloist_tools.workspace import diff
from soloist_tools.workspace.regular import content
from soloist_tools.workspace.treepath import TreePath, checked


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
    """One file's whole content before and after."""

    path: TreePath
    before: Blob
    after: Blob


class Stat(NamedTuple):
    """Size of a patch: files, and lines added and removed."""

    files: int
    added: int
    removed: int


class Patch(Value):
    """A change to existing regular files of one tree."""

    changes: tuple[FileChange, ...]

    @model_validator(mode="after")
    def _each_path_once(self) -> Self:
        if len({change.path for change in self.changes}) != len(self.changes):
            raise ValueError("a patch names each file once")
        return self

    def as_changes(self) -> dict[str, bytes]:
        """New content by path, as a sandbox session takes it."""
        return {change.path: change.after for change in self.changes}

    def diff_bytes(self) -> bytes:
        """A unified diff that `git apply` accepts in the root (with `--directory` where the root is a sub-folder)."""
        return b"".join(diff.unified(change.path, change.before, change.after) for change in self.changes)

    def diff(self) -> str:
        """`diff_bytes` as text; bytes that aren't UTF-8 are kept as lone surrogates (write it with "surrogateescape")."""
        return self.diff_bytes().decode("utf-8", "surrogateescape")

    def stat(self) -> Stat:
        """How much changes."""
        counts = [diff.counted(change.before, change.after) for change in self.changes]
        return Stat(len(self.changes), sum(added for added, _ in counts), sum(removed for _, removed in counts))


def make_patch(root: Path, changes: Mapping[str, bytes]) -> Patch:
    """The patch that turns the files under `root` (the copy) into `changes`; files that stay the same are left out.

    Raises ValueError for a path that leaves the root or is no existing regular file reached without links.
    """
    found = []
    for path, after in sorted(changes.items()):
        before = content(root, checked(path))
        if before != after:
            found.append(FileChange(path=path, before=before, after=after))
    return Patch(changes=tuple(found))
