"""A workspace packed once into an archive that containers unpack: the same bytes for the same tree."""

import os
import stat
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

SKIPPED: Final = frozenset({".git", "__pycache__"})
UID: Final = 10001
EPOCH: Final = 1_000_000_000
"""Modification time of every packed file; `image/workspace.py` relies on it."""
_PAGE: Final = 4096
_CHUNK: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Packed:
    """The archive, and what it will occupy."""

    file: IO[bytes]
    length: int
    """Bytes of the archive."""
    disk: int
    """Bytes on a tmpfs."""
    entries: int

    def chunk(self, offset: int) -> bytes:
        """A piece of the archive from `offset`. Several readers may read at once."""
        return os.pread(self.file.fileno(), _CHUNK, offset)

    def close(self) -> None:
        """Forget the archive."""
        self.file.close()


def pack(tree: Path) -> Packed:
    """Pack regular files, folders and symbolic links. Blocks. Raises OSError, and ValueError where `tree` is no folder."""
    if not tree.is_dir():
        raise ValueError(f"{tree} is not a folder")
    file = TemporaryFile()  # noqa: SIM115 - lives as long as the session
    try:
        return _packed(tree, file)
    except BaseException:
        file.close()
        raise


def _packed(tree: Path, file: IO[bytes]) -> Packed:
    disk = entries = 0
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, found in _walk(str(tree)):
            info = _member(os.path.relpath(path, tree), path, found)
            entries += 1
            disk += -(-info.size // _PAGE) * _PAGE
            if info.isreg():
                _add_file(archive, info, path)
            else:
                archive.addfile(info)
    file.flush()  # readers go round the buffer
    return Packed(file, file.tell(), disk, entries)


def _walk(folder: str) -> "list[tuple[str, os.stat_result]]":
    found = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            kept = entry.stat(follow_symlinks=False)
            if entry.name in SKIPPED or not (stat.S_ISREG(kept.st_mode) or stat.S_ISDIR(kept.st_mode) or entry.is_symlink()):
                continue
            found.append((entry.path, kept))
            if stat.S_ISDIR(kept.st_mode):
                found += _walk(entry.path)
    return found


def _member(name: str, path: str, found: os.stat_result) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.uid = info.gid = UID
    info.mtime = EPOCH
    info.mode = stat.S_IMODE(found.st_mode) & 0o777
    if stat.S_ISLNK(found.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, str(Path(path).readlink())
    elif stat.S_ISDIR(found.st_mode):
        info.type, info.mode = tarfile.DIRTYPE, info.mode | 0o700
    else:
        info.size, info.mode = found.st_size, info.mode | 0o400  # the job's uid owns it and must read it
    return info


def _add_file(archive: tarfile.TarFile, info: tarfile.TarInfo, path: str) -> None:
    with Path(path).open("rb") as content:
        archive.addfile(info, content)
