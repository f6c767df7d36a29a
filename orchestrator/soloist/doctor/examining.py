"""Everything, side by side."""

import asyncio
import importlib
from typing import Final

from soloist.config import Loaded
from soloist.doctor.finding import Finding, fine
from soloist.doctor.inforce import in_force, prices
from soloist.doctor.machine import machine
from soloist.doctor.sandboxes import sandboxes

SANDBOX_SECONDS: Final = 20.0
EMBEDDED_PLANNER: Final = fine("planner", "playbook, embedded: it makes failing checks pass; for other goals set SOLOIST_PLANNER")
EMBEDDED_SPECIALIST: Final = fine("specialist", "search, embedded: it needs no model; for harder steps set SOLOIST_SPECIALIST")


async def examined(loaded: Loaded, *, long: bool = False) -> tuple[Finding, ...]:
    """All findings in the order in which they are shown. Waits for 20 s at most, with `long` for some minutes."""
    boxes = asyncio.create_task(sandboxes(loaded.settings.sandbox, SANDBOX_SECONDS))
    try:
        minds = await _minds(loaded, long=long)
        return (*machine(), *in_force(loaded), *await boxes, *minds)
    finally:
        boxes.cancel()


async def _minds(loaded: Loaded, *, long: bool) -> tuple[Finding, ...]:
    """The models, or the servers that could be used where none is configured.

    Their modules are heavy: they are loaded only where needed, in a thread, beside the sandbox's probes.
    """
    settings = loaded.settings
    if not (settings.planner.configured or settings.specialist.configured):
        near = await asyncio.to_thread(importlib.import_module, "soloist.doctor.nearby")
        return (EMBEDDED_PLANNER, EMBEDDED_SPECIALIST, *await near.nearby())
    roles = await asyncio.to_thread(importlib.import_module, "soloist.doctor.roles")
    planner, specialist = await asyncio.gather(
        roles.played("planner", settings.planner, loaded, EMBEDDED_PLANNER, long=long),
        roles.played("specialist", settings.specialist, loaded, EMBEDDED_SPECIALIST, long=long),
    )
    return (*planner.findings, *specialist.findings, *prices(loaded, (*planner.remote, *specialist.remote)))
