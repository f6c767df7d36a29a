"""Python packages of the image: pytest and coverage as Soloist itself has them (no network), and the user's requirements.

Requirements are installed from wheels alone, so that making an image runs no code of theirs on this machine.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from shutil import copyfile, rmtree, which
from tempfile import NamedTemporaryFile
from threading import Event

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.image_spec import baked_distributions
from soloist_sandbox.machine.command import run

INSTALL_SECONDS = 900.0
_SCRIPT = """#!/usr/local/bin/python3
import sys
from {module} import {object}
sys.exit({attribute}())
"""


def install(home: Path, requirements: Sequence[str], stop: Event) -> None:
    """Fill `home`/site with packages and `home`/bin with their commands. Raises `SandboxUnavailable` when one can't be had."""
    site = home / "site"
    site.mkdir()
    if requirements:
        _install_requirements(site, requirements, stop)
    for distribution in baked_distributions():
        _copy(distribution, site)
    _write_scripts(home / "bin", site)


def _copy(distribution: metadata.Distribution, site: Path) -> None:
    files = [f for f in distribution.files or () if ".." not in f.parts and f.suffix != ".pyc"]
    if not files:
        raise SandboxUnavailable(f"{distribution.name} was installed without a list of its files: install Soloist with pip")
    for file in files:
        if (source := Path(str(file.locate()))).is_file():
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            copyfile(source, target)


def _install_requirements(site: Path, requirements: Sequence[str], stop: Event) -> None:
    with NamedTemporaryFile("w", suffix=".txt") as pins:
        pins.writelines(f"{d.name}=={d.version}\n" for d in baked_distributions())
        pins.flush()
        options = ["--target", str(site), "--only-binary", ":all:", "--constraint", pins.name]
        try:
            code, text = run([*_installer(), *options, "--", *requirements], stop=stop, seconds=INSTALL_SECONDS)
        except TimeoutError as late:
            raise SandboxUnavailable(f"installing {', '.join(requirements)} took too long: {late}") from late
    if code:
        raise SandboxUnavailable(_failure(requirements, text))
    rmtree(site / "bin", ignore_errors=True)  # scripts that name this machine's Python


def _installer() -> list[str]:
    """Pip, which knows the user's own index and certificates, else uv."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    if uv := which("uv", path=str(Path(sys.executable).parent)) or which("uv"):
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    raise SandboxUnavailable("neither pip nor uv is installed beside Soloist: it can't install requirements into an image")


def _failure(requirements: Sequence[str], text: str) -> str:
    """One line that names the requirement, then what the installer said last."""
    lines = [line for line in text.splitlines() if line.strip()][-6:]
    said = "\n".join(lines)
    blamed = [r for r in requirements if _project(r) in said.lower()] or requirements
    return f"could not install {', '.join(blamed)} into the image (only wheels are taken):\n{said}"


def _project(requirement: str) -> str:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(requirement).name.lower()
    except InvalidRequirement:
        return requirement.lower()


def _write_scripts(folder: Path, site: Path) -> None:
    """The commands of all packages, for the Python inside."""
    folder.mkdir()
    for distribution in metadata.distributions(path=[str(site)]):
        for entry in distribution.entry_points.select(group="console_scripts"):
            if "/" in entry.name:
                continue  # it would be written somewhere else
            script = folder / entry.name
            names = {"module": entry.module, "object": entry.attr.partition(".")[0], "attribute": entry.attr}
            script.write_text(_SCRIPT.format(**names))
            script.chmod(0o755)
