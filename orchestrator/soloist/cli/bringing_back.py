"""Files that a program has made, written to a folder of the user's: only inside it, and through no link.

Their names and contents are foreign. The sandbox has looked at the names; here they are looked at again.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from soloist_sandbox.contract import ChangedFile
from soloist_sandbox.paths import misplaced

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LISTED: Final = 5


def bring_back(files: Sequence[ChangedFile], folder: Path, *, force: bool) -> tuple[int, int]:
    """Write every made or changed file below `folder`: (files written, files that the program has removed).

    Nothing is removed here. Raises `ValueError` before anything is written when a file is there already and `force` is not
    given; else replaces it. Raises `ValueError` for a path that leads through a link or a file, `OSError` where the disk refuses.
    """
    made = [file for file in files if file.content is not None]
    if bad := [reason for file in made if (reason := misplaced(file.path))]:
        raise ValueError(f"nothing was written: {bad[0]}")
    there = [file.path for file in made if os.path.lexists(folder / file.path)]
    if there and not force:
        more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
        raise ValueError(f"nothing was written: {folder} has {', '.join(there[:_LISTED])}{more} already; --force replaces them")
    folder.mkdir(parents=True, exist_ok=True)
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # the user's own word may be a link
    try:
        for file in made:
            _write(root, file, folder)
    finally:
        os.close(root)
    return len(made), len(files) - len(made)


def _write(root: int, file: ChangedFile, folder: Path) -> None:
    *parents, name = file.path.split("/")
    place = os.dup(root)
    try:
        for part in parents:
            place = _inside(place, part)
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=place)  # a link is replaced, never followed
        with os.fdopen(os.open(name, _NEW, 0o777 if file.executable else 0o666, dir_fd=place), "wb") as target:
            target.write(file.content or b"")
    except (NotADirectoryError, IsADirectoryError, FileExistsError) as error:
        raise ValueError(f"{folder / file.path} can't be written: a link, a file or a folder is in its way") from error
    except OSError as error:
        error.filename = str(folder / file.path)
        raise
    finally:
        os.close(place)


def _inside(place: int, part: str) -> int:
    """The folder of this name, made where it is missing, in exchange for the one that holds it."""
    with suppress(FileExistsError):
        os.mkdir(part, dir_fd=place)
    inner = os.open(part, _FOLDER, dir_fd=place)
    os.close(place)
    return inner
