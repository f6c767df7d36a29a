"""The folders of finished root file systems: made under a lock, published by one rename, pruned when long unused."""

import fcntl
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import mkdtemp
from threading import Event

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.image_spec import Built, ImageSpec, recorded, remembered, store

KEPT = 4
"""Images of other versions kept per name, if used within `SPARED_SECONDS`: a second clone may be running on them."""
SPARED_SECONDS = 86_400.0
LOCK_SECONDS = 600.0
_UNFINISHED = ".unfinished-"


@contextmanager
def locked(spec: ImageSpec, stop: Event) -> Iterator[None]:
    """Hold the one right to build under this name; the kernel gives it back even when we are killed."""
    with _reported(spec):
        _open_folder(spec.home)
        lock = (spec.home / ".lock").open("w")
    with lock:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if stop.wait(0.1) or time.monotonic() > deadline:
                    raise SandboxUnavailable(f"another build of image {spec.name!r} holds {lock.name}") from None
        with _reported(spec):
            yield


def remember(spec: ImageSpec) -> None:
    """Keep the specification for later builds under the same name."""
    draft = spec.home / ".image.json.draft"
    draft.write_text(recorded(spec))
    draft.replace(spec.home / "image.json")


def make(spec: ImageSpec, stop: Event) -> Built:
    """Assemble the root file system unless it is there. Called with the lock held. Raises `SandboxUnavailable`."""
    from soloist_sandbox.machine.rootfs import assemble, extend

    for leftover in spec.home.glob(f"{_UNFINISHED}*"):  # of builds that were killed: their lock is free
        shutil.rmtree(leftover)
    if found := find(spec):
        return found
    started = time.monotonic()
    base = plain(spec, stop) if spec.adds else None
    draft = Path(mkdtemp(prefix=_UNFINISHED, dir=spec.home))
    try:
        if base:
            extend(draft / "rootfs", base, spec, stop)
        else:
            assemble(draft / "rootfs", spec, stop)
        size = sum(f.lstat().st_size for f in draft.rglob("*"))
        built = Built(spec.name, "bubblewrap", str(spec.folder), "this machine", size, time.monotonic() - started)
        (draft / "built.json").write_text(json.dumps(asdict(built), indent=1) + "\n")
        draft.chmod(0o755)
        draft.rename(spec.folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _prune(spec)
    return built


def plain(spec: ImageSpec, stop: Event) -> Path:
    """The root file system without packages of the user's, which others are made on; made first where it is missing.

    Called with the lock of `spec` held.
    """
    base = ImageSpec("base")
    with locked(base, stop) if spec.name != base.name else nullcontext():
        return Path(make(base, stop).where) / "rootfs"


def find(spec: ImageSpec) -> Built | None:
    """The finished image of a specification."""
    return _read(spec.folder)


def everything() -> list[Built]:
    """All finished images, by name and age."""
    found = []
    for home in sorted(store().glob("*/")):
        current = _current(home.name)
        for folder in _finished(home):
            if built := _read(folder):
                found.append(replace(built, current=folder == current))
    return found


def _read(folder: Path) -> Built | None:
    try:
        return replace(Built(**json.loads((folder / "built.json").read_text())), seconds=0.0)
    except (OSError, ValueError, TypeError):  # absent, or written by a Soloist that kept other fields
        return None


def _current(name: str) -> Path | None:
    with suppress(SandboxUnavailable, ValueError):
        return remembered(name).folder
    return None


def _finished(home: Path) -> list[Path]:
    """Folders of finished images, last used first."""
    return sorted((f.parent for f in home.glob("[!.]*/built.json")), key=lambda folder: -folder.stat().st_mtime)


def _prune(spec: ImageSpec) -> None:
    others = [folder for folder in _finished(spec.home) if folder != spec.folder]
    for position, folder in enumerate(others):
        if position >= KEPT or time.time() - folder.stat().st_mtime > SPARED_SECONDS:
            doomed = spec.home / f"{_UNFINISHED}{folder.name}"
            folder.rename(doomed)  # at once no image any more, however long removing takes
            shutil.rmtree(doomed, ignore_errors=True)


def _open_folder(home: Path) -> None:
    """Make the store; bubblewrap's uid must get through it when root made it, whatever the umask is."""
    made = [folder for folder in (home, *home.parents) if not folder.exists()]
    home.mkdir(parents=True, exist_ok=True)
    for folder in made:
        with suppress(PermissionError, FileNotFoundError):
            folder.chmod(0o755)


@contextmanager
def _reported(spec: ImageSpec) -> Iterator[None]:
    """Turn "disk full" and "permission denied" into what the user is told."""
    try:
        yield
    except OSError as error:
        raise SandboxUnavailable(f"image {spec.name!r} could not be made in {spec.home}: {error}") from error
