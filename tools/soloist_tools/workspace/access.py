"""Who may do what with a file, kept so that a deleted one can come back as it was."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from soloist_sandbox.contract import Value

from soloist_tools.workspace.regular import NotAFile, opened


class Access(Value):
    """Mode and owner of a file."""

    mode: int
    """Permission bits, set-user-id and its kin included."""
    user: int
    group: int


def access(root: Path, path: str) -> Access | None:
    """Of a regular file; None where there is none. Raises OSError."""
    try:
        with opened(root, path) as handle:
            return access_of(handle)
    except NotAFile:
        return None


def access_of(handle: int) -> Access:
    """Of an open file."""
    status = os.fstat(handle)
    return Access(mode=stat.S_IMODE(status.st_mode), user=status.st_uid, group=status.st_gid)


def grant_owner(handle: int, wanted: Access) -> None:
    """Set owner and group as far as this process may; what it may not set stays its own, as with git."""
    ours = access_of(handle)
    if (ours.user, ours.group) == (wanted.user, wanted.group):
        return
    try:
        os.fchown(handle, wanted.user, wanted.group)
    except PermissionError:
        with suppress(PermissionError):
            os.fchown(handle, -1, wanted.group)


def grant_mode(handle: int, wanted: Access) -> None:
    """Set the permission bits; call it after `grant_owner`, which clears some."""
    ours = access_of(handle).user == wanted.user
    os.fchmod(handle, wanted.mode if ours else wanted.mode & 0o777)  # never lend our identity to a set-user-id program
