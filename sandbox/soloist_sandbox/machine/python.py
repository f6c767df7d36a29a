"""The Python that runs Soloist, moved to /usr/local. It finds its library from where it stands, however it was built."""

import sys
import sysconfig
from pathlib import Path
from shutil import copyfile, copytree, ignore_patterns

from soloist_sandbox.image_spec import OwnPackage

VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
SITE = "/opt/soloist/site"
_SITES = ("site-packages", "dist-packages")
"""The second is Debian's name."""
VENV = "/opt/soloist/venv"
"""Where a virtual environment of the user's is bound."""

_LEFT_OUT = ignore_patterns(
    "__pycache__", "site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "turtle.py", "lib2to3",
    "ensurepip", "config-*", "*.a", "sitecustomize.py", "usercustomize.py", "EXTERNALLY-MANAGED", "*.orig",
    "_tkinter.*", "nis.*", "_test*.so", "_ctypes_test.*", "_xxtestfuzz.*", "xxlimited*.so",
)  # fmt: skip


def standard_library(root: Path) -> Path:
    """Where Python looks for its library inside `root`."""
    return root / "usr/local" / sys.platlibdir / VERSION


def import_path(own: OwnPackage | None) -> str:
    """The text of the .pth file that every Python inside reads. Folders that are not there are passed over.

    With the repository's own package, its modules are found as if it were installed for development.
    """
    roots = (*own.roots, ".") if own else ()
    return "".join(f"{folder}\n" for folder in (SITE, VENV, *(f"/workspace/{root}".removesuffix("/.") for root in roots)))


def launcher(file: Path, python: str) -> None:
    """A program that starts Python in its own process. Not a link: through one, Python does not see its virtual environment."""
    file.write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    file.chmod(0o755)


def install(root: Path, own: OwnPackage | None) -> None:
    """Copy interpreter and standard library; put /opt/soloist/site on the import path."""
    library = standard_library(root)
    copytree(sysconfig.get_path("stdlib"), library, ignore=_LEFT_OUT, copy_function=copyfile)
    _move(library)
    interpreter = root / "usr/local/bin" / VERSION
    copyfile(Path(sys.base_prefix) / "bin" / VERSION, interpreter)
    interpreter.chmod(0o755)
    for name in ("python3", "python"):
        interpreter.with_name(name).symlink_to(VERSION)
    for folder in _SITES:
        (library / folder).mkdir()
    write_import_path(root, own)


def write_import_path(root: Path, own: OwnPackage | None) -> None:
    """Put /opt/soloist/site, and what else there is, on the import path. An older file may be shared with other images."""
    for folder in _SITES:
        file = standard_library(root) / folder / "soloist.pth"
        file.unlink(missing_ok=True)
        file.write_text(import_path(own))


def _move(library: Path) -> None:
    """Name the new place in the record of how this Python was built; a home folder's name must not go into the image."""
    if sys.base_prefix in ("/usr", "/usr/local"):
        return
    for record in library.glob("_sysconfig*"):
        record.write_text(record.read_text().replace(sys.base_prefix, "/usr/local"))
