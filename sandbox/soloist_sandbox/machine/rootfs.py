"""The root file system as a whole.

Only what is named here is copied: never a folder of the host that could hold more than it should. Everything ends up readable
by any uid, writable by nobody else, and without setuid bits.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shutil import copyfile, copytree, ignore_patterns
from threading import Event

from soloist_sandbox.image_spec import RUNNER, ImageSpec, runner_files
from soloist_sandbox.machine import libraries, packages, programs, python
from soloist_sandbox.machine.command import run
from soloist_sandbox.machine.installer import Target

UID = 10001
"""The user that jobs run as."""
COMPILE_SECONDS = 300.0

_MERGED = ("bin", "sbin", "lib", "lib64")
_MOUNT_POINTS = ("workspace", "tmp", "proc", "dev")
_ETC = {
    "passwd": f"root:x:0:0:root:/:/bin/sh\nsandbox:x:{UID}:{UID}:sandbox:/tmp:/bin/sh\n",
    "group": f"root:x:0:\nsandbox:x:{UID}:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def assemble(root: Path, spec: ImageSpec, stop: Event) -> None:
    """Make the root file system in the new folder `root`.

    Raises `SandboxUnavailable` when a part is missing or a requirement can't be installed, `InterruptedError` after `stop`.
    """
    _skeleton(root)
    _install_soloist(root, spec, stop)
    python.install(root, spec.own)
    programs.install(root)
    _data(root)
    if stop.is_set():
        raise InterruptedError
    libraries.install(root, list(_executables(root)), stop)
    _compile(root, (python.standard_library(root), root / "opt/soloist"), stop)
    _normalise(root)


def extend(root: Path, base: Path, spec: ImageSpec, stop: Event) -> None:
    """As `assemble`, on a finished root file system without packages of the user's, whose files are shared rather than copied."""
    copytree(base, root, symlinks=True, copy_function=_share, ignore=_but_soloist(base))
    _install_soloist(root, spec, stop)
    python.write_import_path(root, spec.own)
    if stop.is_set():
        raise InterruptedError
    site = [file for file in (root / "opt/soloist/site").rglob("*.so*") if file.is_file() and libraries.is_elf(file)]
    if site:
        libraries.install(root, site, stop)
    _compile(root, (root / "opt/soloist",), stop)
    _normalise(root)


def _share(source: str, target: str) -> None:
    """One file under two names, as no image is ever written to."""
    try:
        os.link(source, target)
    except OSError:
        copyfile(source, target)


def _but_soloist(base: Path) -> Callable[[str, list[str]], list[str]]:
    opt = str(base / "opt")
    return lambda folder, names: ["soloist"] if folder == opt else []


def _install_soloist(root: Path, spec: ImageSpec, stop: Event) -> None:
    home = root / "opt/soloist"
    furnish(home, spec, None, stop)
    python.launcher(home / "python3", "/usr/local/bin/python3")
    if spec.venv:
        (root / python.VENV.lstrip("/")).mkdir()  # where it will be bound: the root is read-only later
    for script in (home / "bin").iterdir():
        link = root / "usr/local/bin" / script.name
        if not link.is_symlink() and not link.exists():
            link.symlink_to(f"/opt/soloist/bin/{script.name}")


def furnish(home: Path, spec: ImageSpec, target: Target | None, stop: Event) -> None:
    """Fill /opt/soloist, for this machine's Python or for `target`: packages, commands, the runner. Raises as `assemble`."""
    packages.install(home, spec, target, stop)
    for file in runner_files():
        copy = home / file.relative_to(RUNNER)
        copy.parent.mkdir(exist_ok=True)
        copyfile(file, copy)


def _skeleton(root: Path) -> None:
    for folder in (*_MOUNT_POINTS, "etc", "opt/soloist", "usr/local/bin", "usr/share", *(f"usr/{name}" for name in _MERGED)):
        (root / folder).mkdir(parents=True)
    for name in _MERGED:
        (root / name).symlink_to(f"usr/{name}")
    for name, text in _ETC.items():
        (root / "etc" / name).write_text(text)


def _data(root: Path) -> None:
    """Time zones and the C.UTF-8 locale, which old C libraries keep in files."""
    for source in (Path("/usr/share/zoneinfo"), *Path("/usr/lib/locale").glob("C.[uU][tT][fF]*8")):
        if source.is_dir():
            unneeded = ignore_patterns("posix", "right", "posixrules", "localtime")
            copytree(source, root / source.relative_to("/"), ignore=unneeded, copy_function=copyfile)


def _executables(root: Path) -> Iterator[Path]:
    """Every file that the loader may have to find libraries for."""
    for folder in ("usr/bin", "usr/local", "opt/soloist"):
        for file in (root / folder).rglob("*"):
            if not file.is_symlink() and file.is_file() and libraries.is_elf(file):
                yield file


def _compile(root: Path, folders: Sequence[Path], stop: Event) -> None:
    """Byte code beforehand: the root is read-only later. Its paths are those inside, and no file time can make it stale."""
    options = ["-q", "-q", "-j", "0", "-s", str(root), "-p", "/", "--invalidation-mode", "unchecked-hash"]
    run([sys.executable, "-I", "-m", "compileall", *options, *map(str, folders)], stop=stop, seconds=COMPILE_SECONDS)
    # Its exit code is of no use: some distributions ship files that no Python 3 compiles.


def _normalise(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
