"""Which of a repository's files say what its tests need. None of its code is run.

A lock file first; then what is declared; of several places that may name what the tests need, those that are called after tests.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Final

from soloist_sandbox.environment import locks, pyproject, requirement_files, setup_files
from soloist_sandbox.environment.declared import DEV_NAMES, TEST_NAMES, Declared, from_index, plain
from soloist_sandbox.machine.installer import Installer

_DECLARING: Final = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini")


def find(root: Path, wanted: Sequence[str], installer: Installer, stop: Event) -> Declared:
    """What is to be installed; `wanted` are extras and groups to take besides those called after tests.

    Raises `ValueError` for a file that can't be read, or a wanted name that is nowhere.
    """
    _refuse_unknown(root, wanted)
    lock = locks.find(root)
    if lock:
        exported = locks.export(lock, wanted, installer, stop)
        if exported:
            return exported + Declared(files=_declaring(root))
        locked = locks.read(lock, wanted)
        if locked.pins:
            return locked + Declared(files=_declaring(root))
        return locked + declared(root, wanted)
    return declared(root, wanted)


def declared(root: Path, wanted: Sequence[str]) -> Declared:
    """What the repository declares in files other than lock files. Raises `ValueError`."""
    tox = setup_files.tox(root)
    runtime = _runtime(root)
    tests = _named(root, [*TEST_NAMES, *wanted, *tox.names]) + _files(requirement_files.for_tests(root), root)
    if not tests:
        tests = _named(root, DEV_NAMES) + _tox(tox, root) + _files(requirement_files.for_development(root), root)
    file = requirement_files.plain_file(root)
    if file and not (runtime and tests):
        runtime += _files([file], root)
    return runtime + tests + Declared(files=_declaring(root))


def _runtime(root: Path) -> Declared:
    data = pyproject.load(root / "pyproject.toml")
    return pyproject.runtime(data) + setup_files.setup_cfg(root).runtime() + setup_files.setup_py(root).runtime()


def _named(root: Path, names: Sequence[str]) -> Declared:
    found = pyproject.for_tests(pyproject.load(root / "pyproject.toml"), names)
    return found + setup_files.setup_cfg(root).for_tests(names) + setup_files.setup_py(root).for_tests(names)


def _files(files: Sequence[Path], root: Path) -> Declared:
    found = Declared()
    for file in files:
        one, extras = requirement_files.read(file, root)
        found += one
        if extras:
            found += _named(root, extras)
    return found


def _tox(tox: setup_files.ToxFile, root: Path) -> Declared:
    found = Declared()
    for line in tox.deps:
        if line.startswith("-r"):
            file = root / line[2:].strip()
            found += _files([file], root) if file.is_file() else Declared(left_out=(f"{line} (tox.ini): there is no such file",))
        elif not line.startswith(("-", ".")):
            found += from_index([line], "tox.ini")
    return found + Declared(sources=("tox.ini",)) if found else found


def _declaring(root: Path) -> tuple[Path, ...]:
    return tuple(file for name in _DECLARING if (file := root / name).is_file())


def _refuse_unknown(root: Path, wanted: Sequence[str]) -> None:
    there = {*pyproject.names(pyproject.load(root / "pyproject.toml"))}
    for setup in (setup_files.setup_cfg(root), setup_files.setup_py(root)):
        there |= {plain(name) for name in setup.extras}
    for name in wanted:
        if plain(name) not in there:
            known = ", ".join(sorted(there)) or "it has none"
            raise ValueError(f"the repository has no extra or dependency group {name!r} (there are: {known})")
