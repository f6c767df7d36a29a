"""This machine's Python as a guest in somebody's image: with its own loader and libraries, whatever C library the image has.

It lives in one folder that nothing else looks into, and does not show in the environment of what it starts.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile, copytree
from typing import Final

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.machine.libraries import is_elf
from soloist_sandbox.machine.python import VERSION

HOME: Final = "/opt/soloist/private"
PYTHON: Final = f"{HOME}/bin/python3"
_LAUNCHER: Final = """#!/bin/sh
exec {home}/libraries/{loader} --inhibit-cache --library-path {home}/libraries --argv0 {python} {home}/bin/{version} "$@"
"""


def install(root: Path, folder: Path) -> None:
    """Copy it from a machine-made root file system to `folder`, which will be `HOME`.

    Raises `SandboxUnavailable` when the root has no loader.
    """
    copytree(root / "usr/local" / sys.platlibdir / VERSION, folder / sys.platlibdir / VERSION, symlinks=True)
    (folder / "bin").mkdir()
    (folder / "libraries").mkdir()
    copyfile(root / "usr/local/bin" / VERSION, folder / "bin" / VERSION)
    (folder / "bin" / VERSION).chmod(0o755)
    loader = ""
    for library in _libraries(root):
        copyfile(library, folder / "libraries" / library.name)
        (folder / "libraries" / library.name).chmod(0o755)
        loader = library.name if library.name.startswith(("ld-linux", "ld64", "ld.so")) else loader
    if not loader:
        raise SandboxUnavailable("this machine's Python can't be put into another image: its loader was not found")
    launcher = folder / "bin/python3"
    launcher.write_text(_LAUNCHER.format(home=HOME, loader=loader, python=PYTHON, version=VERSION))
    launcher.chmod(0o755)


def _libraries(root: Path) -> Iterator[Path]:
    for folder in ("usr/lib", "usr/lib64"):
        for file in sorted((root / folder).rglob("*.so*")):
            if file.is_file() and is_elf(file):
                yield file
