"""The user's own virtual environment, bound read-only by bubblewrap: nothing is copied, nothing is fetched."""

import os
import re
import sys
from pathlib import Path

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.image_spec import remembered
from soloist_sandbox.machine.python import VENV


def find(root: Path) -> Path | None:
    """The repository's `.venv`, else the one that is active, unless that is Soloist's own."""
    active = os.environ.get("VIRTUAL_ENV", sys.prefix)
    places = [root / ".venv", *([Path(active)] if Path(active) != Path(sys.prefix) else [])]
    return next((place.resolve() for place in places if (place / "pyvenv.cfg").is_file()), None)


def problem(venv: Path) -> str | None:
    """Why it can't be bound, with what to do; None when it can."""
    if not (venv / "pyvenv.cfg").is_file():
        return f"{venv} is no virtual environment"
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    site = _site(venv)
    if not site.is_dir():
        there = sorted(f.parent.name.removeprefix("python") for f in venv.glob("lib/python*/site-packages"))
        return f"{venv} is for Python {', '.join(there) or '?'}, and the sandbox has {ours}: make it with `python{ours} -m venv`"
    if os.geteuid() == 0 and (closed := _closed_to_others(site)):
        return f"{closed} can be entered by root alone, and no job runs as root: make the environment elsewhere, or chmod o+rx it"
    return None


def packages(venv: Path) -> dict[str, str]:
    """Versions by name of what it holds."""
    from importlib import metadata

    return {d.metadata["Name"]: d.version for d in metadata.distributions(path=[str(_site(venv))]) if d.metadata["Name"]}


def binds(image: str) -> tuple[str, ...]:
    """The arguments that bubblewrap needs for an image besides its root file system; none for most images.

    They bind the site-packages folder of the environment at `machine.python.VENV`, which the image's .pth file names after its
    own packages. Raises `SandboxUnavailable` when the environment is gone or does not fit any more.
    """
    venv = remembered(image).venv
    if venv is None:
        return ()
    if wrong := problem(Path(venv)):
        raise SandboxUnavailable(f"image {image!r} needs a virtual environment: {wrong}")
    return ("--ro-bind", str(_site(Path(venv)).resolve()), VENV)


def shares_system_packages(venv: Path) -> bool:
    """Whether it was made with `--system-site-packages`, which are not bound."""
    text = (venv / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    return bool(re.search(r"(?mi)^include-system-site-packages\s*=\s*true", text))


def _site(venv: Path) -> Path:
    return venv / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def _closed_to_others(folder: Path) -> Path | None:
    real = folder.resolve()
    return next((place for place in (real, *real.parents) if place.stat().st_mode & 0o005 != 0o005), None)
