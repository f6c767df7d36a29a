"""Python packages of the image: pytest and coverage as Soloist itself has them (no network), and what the user's tests need.

Requirements are installed from wheels alone, so that making an image runs no code of theirs on this machine.
"""

import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from shutil import copyfile, rmtree
from tempfile import TemporaryDirectory
from threading import Event

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.image_spec import ImageSpec, OwnPackage, baked_distributions
from soloist_sandbox.machine.command import run
from soloist_sandbox.machine.installer import Target, find_installer

INSTALL_SECONDS = 900.0
LAST_LINES = 8
_SCRIPT = """#!/opt/soloist/python3
import sys
from {module} import {object}
sys.exit({attribute}())
"""
_COMPILED = (".so", ".pyd")


def install(home: Path, spec: ImageSpec, target: Target | None, stop: Event) -> None:
    """Fill `home`/site with packages and `home`/bin with their commands. Raises `SandboxUnavailable` when one can't be had."""
    site = home / "site"
    site.mkdir(parents=True)
    here = target is None or target.is_here
    baked = {f"{project(d.name)}=={d.version}" for d in baked_distributions()} if here else set()
    if pins := [pin for pin in spec.pins if pin not in baked]:
        _install(site, pins, ["--no-deps"], target, stop)
    if spec.requirements:
        _install(site, spec.requirements, [], target, stop)
    there = {project(name) for d in metadata.distributions(path=[str(site)]) if (name := d.metadata["Name"])}
    for distribution in baked_distributions():
        if project(distribution.name) not in there:
            _copy(distribution, site, compiled=here)
    if spec.own and project(spec.own.name) not in there:
        _describe(spec.own, site)
    _write_scripts(home / "bin", site)


def project(requirement: str) -> str:
    """The normalised name of a requirement's project; the text itself where it is none."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return requirement.lower()


def last_lines(text: str) -> str:
    """What the installer said last."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("WARNING: "))
    return "\n".join([*lines][-LAST_LINES:])


def blamed(requirements: Sequence[str], text: str) -> Sequence[str]:
    """The requirements that the installer's last lines name; all where it names none."""
    said = last_lines(text).lower().replace("_", "-")
    found = [r for r in requirements if re.search(rf"(?<![\w.-]){re.escape(project(r))}(?![\w-])", said)]
    return found or requirements


def _copy(distribution: metadata.Distribution, site: Path, *, compiled: bool) -> None:
    """As it is installed here; what is compiled for this Python is left out for another, where coverage goes on without."""
    files = [f for f in distribution.files or () if ".." not in f.parts and f.suffix != ".pyc"]
    if not files:
        raise SandboxUnavailable(f"{distribution.name} was installed without a list of its files: install Soloist with pip")
    for file in files:
        if (source := Path(str(file.locate()))).is_file() and (compiled or file.suffix not in _COMPILED):
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            copyfile(source, target)


def _install(site: Path, requirements: Sequence[str], options: Sequence[str], target: Target | None, stop: Event) -> None:
    installer = find_installer()
    exact = {project(r) for r in requirements if "==" in r}
    with TemporaryDirectory() as folder:
        baked = Path(folder) / "baked.txt"
        baked.write_text("".join(f"{d.name}=={d.version}\n" for d in baked_distributions() if project(d.name) not in exact))
        words = [*installer.install(target), "--target", str(site), "--constraint", str(baked), *options, "--", *requirements]
        try:
            code, text = run(words, stop=stop, seconds=INSTALL_SECONDS, extra=installer.environment, cwd=Path("/"))
        except TimeoutError as late:
            raise SandboxUnavailable(f"installing {', '.join(requirements)} took too long: {late}") from late
    if code:
        culprits = ", ".join(blamed(requirements, text))
        raise SandboxUnavailable(f"could not install {culprits} into the image (only wheels are taken):\n{last_lines(text)}")
    rmtree(site / "bin", ignore_errors=True)  # scripts that name this machine's Python


def _describe(own: OwnPackage, site: Path) -> None:
    """What `importlib.metadata` reads of the repository's own package."""
    stem = re.sub(r"[-_.]+", "_", own.name)
    folder = site / f"{stem}-{own.version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {own.name}\nVersion: {own.version}\n")
    (folder / "INSTALLER").write_text("soloist\n")
    if own.entry_points:
        (folder / "entry_points.txt").write_text(own.entry_points)
    names = [f"{file.relative_to(site)},," for file in sorted(folder.iterdir())]
    (folder / "RECORD").write_text("\n".join([*names, f"{folder.name}/RECORD,,", ""]))


def _write_scripts(folder: Path, site: Path) -> None:
    """The commands of all packages, for the Python inside."""
    folder.mkdir()
    for distribution in metadata.distributions(path=[str(site)]):
        for entry in distribution.entry_points.select(group="console_scripts"):
            if "/" in entry.name or not re.fullmatch(r"[\w.]+", entry.module) or not re.fullmatch(r"[\w.]+", entry.attr):
                continue  # it would be written somewhere else, or is no Python
            script = folder / entry.name
            names = {"module": entry.module, "object": entry.attr.partition(".")[0], "attribute": entry.attr}
            script.write_text(_SCRIPT.format(**names))
            script.chmod(0o755)
