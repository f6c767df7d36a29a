"""From what is declared to exact versions of everything, chosen by uv, else by pip; nothing is built, nothing is installed."""

import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Final

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.environment.declared import Declared
from soloist_sandbox.image_spec import baked_distributions
from soloist_sandbox.machine.command import run
from soloist_sandbox.machine.installer import Installer, Target
from soloist_sandbox.machine.packages import blamed, last_lines, project

RESOLVE_SECONDS: Final = 300.0
OURS: Final = ("pytest>=7.2,<10", "pluggy>=1.2", "coverage>=7.10,<8")
"""What runs and traces the checks: any version that is supported, the repository's own where it says one."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is to be installed."""

    pins: tuple[str, ...]
    said: tuple[str, ...] = ()
    """What the user should know of how it came about, a line each."""


def resolve(declared: Declared, installer: Installer, target: Target | None, stop: Event) -> Resolved:
    """Exact versions of all that is declared and of all that this needs.

    Raises `SandboxUnavailable` naming the requirement to blame, with the installer's last lines.
    """
    installer.fits(target)
    if not declared:
        return Resolved(())
    with TemporaryDirectory() as folder:
        if target is None or target.is_here:
            installer = installer.also_from(_at_hand(Path(folder) / "wheels"))
        code, text = _choose(declared, installer, target, stop, Path(folder), override=False)
        said: tuple[str, ...] = ()
        if code and installer.uv and (clash := _clash(text)):
            code, text = _choose(declared, installer, target, stop, Path(folder), override=True)
            said = (f"it asks for a {clash} that Soloist can't work with: another is taken ({', '.join(OURS)})",)
    if code:
        raise SandboxUnavailable(_failure(declared, text))
    return Resolved(tuple(line for line in text.splitlines() if line and not line.startswith(("#", "-"))), said)


def _at_hand(folder: Path) -> Path:
    """What is installed here already, as wheels that hold nothing but what versions are chosen by: no index is asked for it."""
    folder.mkdir()
    for distribution in baked_distributions():
        stem = f"{re.sub(r'[-_.]+', '_', distribution.name)}-{distribution.version}"
        with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{stem}.dist-info/METADATA", distribution.read_text("METADATA") or "")
            wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{stem}.dist-info/RECORD", "")
    return folder


def _clash(text: str) -> str | None:
    """Which of `OURS` is asked for in a version that does not do."""
    return next((name for ours in OURS if (name := project(ours)) in text and ours in text), None)


def _choose(
    declared: Declared, installer: Installer, target: Target | None, stop: Event, folder: Path, *, override: bool
) -> tuple[int, str]:
    """Exit code, and the pins, or what the installer said."""
    wanted = {"requirements": [*declared.requirements, *declared.pins, *OURS], "constraints": declared.constraints, "ours": OURS}
    files = {name: folder / f"{name}.txt" for name in wanted}
    for name, lines in wanted.items():
        files[name].write_text("".join(f"{line}\n" for line in lines))
    pins = folder / "pins.txt"
    if installer.uv:  # an earlier choice is kept where it fits: so are the versions that are here already
        pins.write_text("".join(f"{d.name}=={d.version}\n" for d in baked_distributions()))
        options = ["--override", str(files["ours"])] if override else []
        words = [*installer.compile(target), "-o", str(pins), "--constraint", str(files["constraints"]), *options]
        code, text = _run([*words, str(files["requirements"])], installer, stop)
        return code, text if code else pins.read_text()
    report = folder / "report.json"
    words = [*installer.report(report), "--constraint", str(files["constraints"]), "-r", str(files["requirements"])]
    code, text = _run(words, installer, stop)
    if code:
        return code, text
    found = [entry["metadata"] for entry in json.loads(report.read_text())["install"]]
    return 0, "\n".join(sorted(f"{project(one['name'])}=={one['version']}" for one in found))


def _run(words: Sequence[str], installer: Installer, stop: Event) -> tuple[int, str]:
    try:
        return run(words, stop=stop, seconds=RESOLVE_SECONDS, extra=installer.environment, cwd=Path("/"))
    except TimeoutError as late:
        raise SandboxUnavailable(f"choosing versions took too long: {late}") from late


def _failure(declared: Declared, text: str) -> str:
    """One line that names the requirement and what to do, then what the installer said last."""
    known = (*declared.requirements, *declared.pins)
    culprits = blamed(known, text)
    names = ", ".join(culprits if culprits is not known else ("the requirements",))
    said = last_lines(text)
    if "no usable wheels" in said or "building from source is disabled" in said:
        names = ", ".join(sorted({project(c) for c in culprits})) if culprits is not known else names
        cure = "there is only source to be built, and Soloist runs no package's code on this machine: \
leave it out (--without NAME), or name an image or a Dockerfile that has it"
    else:
        cure = "leave it out (--without NAME), or change what the repository declares"
    return f"can't install {names}: {cure}\n{said}"
