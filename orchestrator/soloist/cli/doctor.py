"""`soloist doctor`: what is there, what is missing, and how to cure it."""

import asyncio
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import typer
from soloist_sandbox.choose import survey

from soloist.cli.printable import printable
from soloist.config import Loaded
from soloist.rundir import state_folder


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    fine: bool
    says: str
    needed: bool = True


def examine(loaded: Loaded) -> bool:
    """Print every finding; True when the main job can run."""
    findings = (*_machine(), *asyncio.run(_sandboxes()), _planner(loaded))
    for finding in findings:
        mark = "ok  " if finding.fine else "MISS" if finding.needed else "-   "
        typer.echo(printable(f"{mark} {finding.what}: {finding.says}"))
    return all(finding.fine for finding in findings if finding.needed)


def _machine() -> Sequence[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    git = shutil.which("git")
    return (
        Finding("python", True, version),
        Finding("git", git is not None, git or "missing: without it every file of a folder is copied; install git", needed=False),
        _state(),
    )


def _state() -> Finding:
    folder = state_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Finding("state", False, f"{folder} can't be made ({error.strerror}); set XDG_STATE_HOME to a folder of yours")
    writable = os.access(folder, os.W_OK)
    return Finding(
        "state", writable, str(folder) if writable else f"{folder} is not writable; set XDG_STATE_HOME to a folder of yours"
    )


async def _sandboxes() -> Sequence[Finding]:
    statuses = await survey("base")
    usable = next((status.name for status in statuses if status.usable), None)
    each = [Finding(f"sandbox {s.name}", s.usable, s.reason or "works", needed=False) for s in statuses]
    cure = "install one: sudo apt-get install bubblewrap, or Docker; never is anything run on the host"
    return (*each, Finding("sandbox", usable is not None, f"{usable} is used" if usable else cure))


def _planner(loaded: Loaded) -> Finding:
    says = "playbook, embedded: it makes failing checks pass; for other goals set SOLOIST_PLANNER"
    return Finding("planner", True, "configured" if loaded.settings.planner.configured else says)
