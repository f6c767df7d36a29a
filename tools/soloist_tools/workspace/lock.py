"""One writer at a time for a tree."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WAIT_SECONDS = 10.0
_PAUSE_SECONDS = 0.05


@contextmanager
def locked(root: Path, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the tree's lock: on the folder itself, so that nothing is written and the lock ends with its process.

    Where the file system can't lock a folder (NFS), the comparison of every file before writing is the only guard.
    Raises TimeoutError when another process still holds it after `wait` seconds.
    """
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(_Unsupported):
            _acquire(handle, root, time.monotonic() + wait)
        yield
    finally:
        os.close(handle)


class _Unsupported(Exception):
    pass


def _acquire(handle: int, root: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TimeoutError(
                    f"another process is applying or undoing a change in {root}; try again when it is done"
                ) from None
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            raise _Unsupported from None
