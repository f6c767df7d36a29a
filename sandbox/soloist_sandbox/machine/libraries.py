"""Shared libraries: what the copied programs and modules need, laid where the loader looks by default.

Libraries keep their names but not their folders. A program whose own search path points outside the image (a Python built under
somebody's home) then still finds them, without a loader cache.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile, which
from threading import Event

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.machine.command import run

LDD_SECONDS = 120.0
_FOUND = re.compile(r"^\s+(\S+) => (/.+) \(0x", re.MULTILINE)
_LOADER = re.compile(r"^\s+(/\S+) \(0x", re.MULTILINE)
_OPENED_AT_RUN_TIME = ("libgcc_s.so.1", "libnss_files.so.2")
"""No program names these: the C library opens them, to end a thread and to read /etc/passwd (before glibc 2.34)."""


def is_elf(file: Path) -> bool:
    """Whether the file is a program or a library."""
    with file.open("rb") as start:
        return start.read(4) == b"\x7fELF"


def install(root: Path, users: Sequence[Path], stop: Event) -> None:
    """Copy the loader, and all that `users` (files below `root`) need, into `root`."""
    ldd = which("ldd")
    if ldd is None:
        raise SandboxUnavailable("ldd is missing: install the package that brings it (libc-bin on Debian, Ubuntu)")
    _, text = run([ldd, *map(str, users)], stop=stop, seconds=LDD_SECONDS)  # modules that nobody can load only cost a line
    found = {name: Path(path) for name, path in _FOUND.findall(text) if "/" not in name}
    loaders = {Path(path) for path in _LOADER.findall(text)}
    if "libc.so.6" not in found or not loaders:
        raise SandboxUnavailable("this machine's C library is not glibc: only Docker with a registry image can work here")
    default = found["libc.so.6"].parent
    for name in _OPENED_AT_RUN_TIME:
        if (default / name).exists():
            found[name] = default / name
    for name, path in found.items():
        if not path.is_relative_to(root):  # a wheel's own libraries, beside its modules
            _copy(path, root / default.relative_to("/") / name)
    for loader in loaders:
        _copy(loader, root / loader.relative_to("/"))


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        return  # of an image whose files are shared
    target.parent.mkdir(parents=True, exist_ok=True)
    copyfile(source, target)
    target.chmod(0o755)
