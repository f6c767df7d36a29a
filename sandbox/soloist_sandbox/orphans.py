"""Containers whose owner was killed: recognised by their labels, removed by the next one who looks.

An engine may serve many machines, and this one's process numbers say nothing about another's: only containers of this boot
of this machine are looked at.
"""

import os
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import APIClient

MARK = "soloist"


def owner_labels() -> dict[str, str]:
    """Who owns a container: this process, on this boot of this machine."""
    return {MARK: "1", "soloist.pid": str(os.getpid()), "soloist.session": _identity(os.getpid()) or ""}


def remove_orphans(api: "APIClient") -> None:
    """Remove containers of this machine whose owner is dead. Blocks. Raises what the SDK raises for a list."""
    from docker.errors import APIError

    for container in api.containers(all=True, filters={"label": f"{MARK}=1"}):
        labels = container["Labels"]
        session = labels.get("soloist.session", "")
        pid = labels.get("soloist.pid", "")
        if session.startswith(f"{_boot()}/") and pid.isdigit() and _is_dead(int(pid), session):
            with suppress(APIError):  # it may be going by itself, or be removed by someone else
                api.remove_container(container["Id"], force=True, v=True)


def _is_dead(pid: int, session: str) -> bool:
    """Whether a process of this machine is gone; one that another user hides from us is not."""
    if (found := _identity(pid)) is not None:
        return found != session
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


@cache
def _boot() -> str:
    """Tells machines, boots and containers apart: a process number says nothing in another pid namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # no Linux: owners can't be told, so nothing is ever removed
        return secrets.token_hex(8)


def _identity(pid: int) -> str | None:
    """Tells a process from a later one with the same number; None when there is none, or none that we may see."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return f"{_boot()}/{pid}/{fields[19]}"  # start time since boot
