"""The files of a tree that are worth indexing, and a count of the others by reason."""

import os
import stat
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from soloist_tools.retrieval.git import GitFailed, asked, listed
from soloist_tools.retrieval.skipping import Reason, skipped_by_name, skipped_by_size


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A regular file as the file system describes it."""

    path: str
    """Relative to the root, POSIX."""
    size: int
    """Bytes."""
    mtime_ns: int


@dataclass(slots=True)
class Walked:
    """What a walk found."""

    files: list[SeenFile] = field(default_factory=list)
    skipped: Counter[Reason] = field(default_factory=Counter)


def walked(root: Path) -> Walked:
    """Every file below a root, `.gitignore` obeyed whether or not the root is a repository; names and sizes only.

    Raises NotADirectoryError when there is no such folder.
    """
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a folder; name the root of a source tree")
    found = Walked()
    inside = os.path.realpath(root)
    for path in _paths(root):
        file = look(root, path, inside)
        if isinstance(file, SeenFile):
            found.files.append(file)
        elif file is not None:
            found.skipped[file] += 1
    return found


def look(root: Path, path: str, inside: str | None = None) -> SeenFile | Reason | None:
    """One file: what is known about it, why it is skipped, or None when it is gone. `inside`: the root without links."""
    reason = skipped_by_name(path)
    if reason:
        return reason
    full = f"{root}{os.sep}{path}"  # ten thousand times: a Path would cost more than the question
    try:
        found = os.lstat(full)
        if stat.S_ISLNK(found.st_mode):
            return _linked(full, inside or os.path.realpath(root))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return "unreadable"
    if inside is None and not os.path.realpath(full).startswith(os.path.realpath(root) + os.sep):
        return "link out of the root"  # a folder on the way is a link; a walk never takes such a way
    if not stat.S_ISREG(found.st_mode):
        return "not a file"  # a submodule, a socket, a device
    return skipped_by_size(path, found.st_size) or SeenFile(path, found.st_size, found.st_mtime_ns)


def _linked(full: str, inside: str) -> Reason | None:
    """A link inside the root shows a file that the walk meets anyway: left out in silence."""
    return None if os.path.realpath(full).startswith(inside + os.sep) else "link out of the root"


def _paths(root: Path) -> Iterator[str]:
    try:
        yield from _known_to_git(root)
    except GitFailed:
        yield from _all(root)


def _known_to_git(root: Path) -> list[str]:
    # A folder that a repository around it ignores (a build or a test folder, say) is a tree of its own.
    try:
        outside = asked(root, "rev-parse", "--show-prefix").strip()
        if not outside or not _ignored(root):
            return listed(root)
    except GitFailed:
        pass
    with tempfile.TemporaryDirectory(prefix="soloist-") as folder:
        empty = Path(folder)
        asked(empty, "init", "-q", "--bare", ".")
        return listed(root, empty)


def _ignored(root: Path) -> bool:
    try:
        asked(root, "check-ignore", "-q", ".")
    except GitFailed:
        return False
    return True


def _all(root: Path) -> Iterator[str]:
    for folder, below, names in os.walk(root):
        shown = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if shown == "." else shown + "/"
        below[:] = sorted(name for name in below if not skipped_by_name(f"{prefix}{name}/x"))
        yield from (prefix + name for name in sorted(names))
