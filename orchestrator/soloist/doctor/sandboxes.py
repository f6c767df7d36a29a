"""Where everything runs: the backends, and the one that a run would use with its image."""

import asyncio
from collections.abc import Sequence

from soloist_sandbox.choose import BackendStatus, survey

from soloist.config.settings import SandboxSettings
from soloist.doctor.finding import Finding, fine, missing, remark


async def sandboxes(settings: SandboxSettings, seconds: float) -> Sequence[Finding]:
    """All backends asked at once, with the image that is set."""
    try:
        async with asyncio.timeout(seconds):
            statuses = await survey(settings.image, settings.runtime)
    except TimeoutError:
        return (missing("sandbox", f"no answer within {seconds:g} s", "see whether Docker is stuck: docker info"),)
    return (*map(_backend, statuses), _in_use(statuses, settings))


def _backend(status: BackendStatus) -> Finding:
    what = f"sandbox {status.name}"
    if not status.usable:
        return remark(what, " ".join(status.reason.split()))
    return fine(what, f"works, {status.level}" + (f" (no namespaces inside: {status.weaker})" if status.weaker else ""))


def _in_use(statuses: Sequence[BackendStatus], settings: SandboxSettings) -> Finding:
    usable = [status.name for status in statuses if status.usable and settings.backend in (None, status.name)]
    if usable:
        return fine("sandbox", f"{usable[0]} is used, with the image {settings.image}")
    if settings.backend:
        return missing("sandbox", f"{settings.backend} is set and can't be used", "see its line above, or unset sandbox.backend")
    cure = "install one: sudo apt-get install bubblewrap, or Docker; never is anything run on the host"
    return missing("sandbox", "none can be used", cure)
