"""One thing that was looked at."""

from dataclasses import dataclass
from typing import Final

INNER: Final = "  "
"""Before the name of a finding that belongs to the one above it."""


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what to do about it."""

    what: str
    fine: bool
    says: str
    cure: str = ""
    """What to do; empty where nothing has to be done."""
    needed: bool = True
    """False when the main job can run all the same."""


def fine(what: str, says: str) -> Finding:
    """All is well."""
    return Finding(what, True, says)


def missing(what: str, says: str, cure: str) -> Finding:
    """Without it the main job can't run, or not well."""
    return Finding(what, False, says, cure)


def remark(what: str, says: str, cure: str = "") -> Finding:
    """Worth knowing; the main job can run without."""
    return Finding(what, False, says, cure, needed=False)
