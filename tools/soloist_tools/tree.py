"""A tree of files as a mapping: path -> bytes, with changes laid over it that are not on disk."""

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from soloist_tools.workspace.listing import SKIPPED
from soloist_tools.workspace.regular import NotAFile, content
from soloist_tools.workspace.treepath import checked


class Tree(Mapping[str, bytes]):
    """The regular files below a folder; links are not followed. Files are read when asked for."""

    def __init__(self, root: Path, changes: Mapping[str, bytes] | None = None) -> None:
        self.root = root
        self.changes = dict(changes or {})

    def __getitem__(self, path: str) -> bytes:
        if path in self.changes:
            return self.changes[path]
        try:
            return content(self.root, checked(path))
        except (NotAFile, ValueError):
            raise KeyError(path) from None

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and (path in self.changes or path in self._on_disk)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._on_disk | self.changes.keys()))

    def __len__(self) -> int:
        return len(self._on_disk | self.changes.keys())

    def read(self, path: str) -> bytes | None:
        """The file's bytes, or None when there is no such regular file."""
        try:
            return self[path]
        except KeyError:
            return None

    def over(self, changes: Mapping[str, bytes]) -> "Tree":
        """The same tree with more changes laid over it."""
        return Tree(self.root, {**self.changes, **changes})

    @cached_property
    def _on_disk(self) -> frozenset[str]:
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name not in SKIPPED]
            inner = Path(folder).relative_to(self.root)
            found += [(inner / name).as_posix() for name in names if not (Path(folder) / name).is_symlink()]
        return frozenset(found)
