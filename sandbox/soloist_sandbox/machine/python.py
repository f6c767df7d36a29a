"""The Python that runs Soloist, moved to /usr/local. It finds its library from where it stands, however it was built."""

import sys
import sysconfig
from pathlib import Path
from shutil import copyfile, copytree, ignore_patterns

VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
SITE = "/opt/soloist/site"

_LEFT_OUT = ignore_patterns(
    "__pycache__", "site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "turtle.py", "lib2to3",
    "ensurepip", "config-*", "*.a", "sitecustomize.py", "usercustomize.py", "EXTERNALLY-MANAGED", "*.orig",
    "_tkinter.*", "nis.*", "_test*.so", "_ctypes_test.*", "_xxtestfuzz.*", "xxlimited*.so",
)  # fmt: skip


def standard_library(root: Path) -> Path:
    """Where Python looks for its library inside `root`."""
    return root / "usr/local" / sys.platlibdir / VERSION


def install(root: Path) -> None:
    """Copy interpreter and standard library; put /opt/soloist/site on the import path."""
    library = standard_library(root)
    copytree(sysconfig.get_path("stdlib"), library, ignore=_LEFT_OUT, copy_function=copyfile)
    _move(library)
    interpreter = root / "usr/local/bin" / VERSION
    copyfile(Path(sys.base_prefix) / "bin" / VERSION, interpreter)
    interpreter.chmod(0o755)
    for name in ("python3", "python"):
        interpreter.with_name(name).symlink_to(VERSION)
    for folder in ("site-packages", "dist-packages"):  # the second is Debian's name
        (library / folder).mkdir()
        (library / folder / "soloist.pth").write_text(SITE + "\n")


def _move(library: Path) -> None:
    """Name the new place in the record of how this Python was built; a home folder's name must not go into the image."""
    if sys.base_prefix in ("/usr", "/usr/local"):
        return
    for record in library.glob("_sysconfig*"):
        record.write_text(record.read_text().replace(sys.base_prefix, "/usr/local"))
