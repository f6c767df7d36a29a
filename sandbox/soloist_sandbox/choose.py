"""Which sandbox to use: Docker, then bubblewrap, then a refusal that says what to install. Never the host itself."""

import asyncio
from typing import Final

from soloist_sandbox.bubblewrap import BubblewrapSandbox, bubblewrap_problem
from soloist_sandbox.contract import Sandbox, SandboxUnavailable, Value
from soloist_sandbox.docker_engine import DockerSandbox, docker_problem
from soloist_sandbox.image_spec import Engine

FORKS: Final = "a fork in namespaces of its own for each job"
CONTAINERS: Final = "a container for each job"


class BackendStatus(Value):
    """What a probe found."""

    name: str
    usable: bool
    reason: str = ""
    """Why it can't be used, and what to do about it; empty when it can."""
    level: str = ""
    """What keeps its jobs apart: `FORKS` or `CONTAINERS`; "" where that was not asked."""
    weaker: str = ""
    """Why it is not the former; empty when it is."""


BACKENDS: Final[tuple[Engine, ...]] = ("docker", "bubblewrap")
"""In the order in which they are tried."""


async def choose(image: str = "base", prefer: str | None = None, runtime: str | None = None) -> Sandbox:
    """The first backend that answers; with `prefer`, that one or none. `runtime` is Docker's, for example "runsc".

    Raises `SandboxUnavailable` with every backend's reason, and `ValueError` for a name that is no backend.
    """
    if prefer is not None and prefer not in BACKENDS:
        raise ValueError(f"there is no sandbox {prefer!r}: choose one of {', '.join(BACKENDS)}")
    reasons = []
    for name in [prefer] if prefer else BACKENDS:
        sandbox = _made(name, image, runtime)
        try:
            await sandbox.ready()
        except SandboxUnavailable as unavailable:
            reasons.append(f"{name}: {unavailable}")
        else:
            return sandbox
    raise SandboxUnavailable("no sandbox can be used, and code is never run outside one.\n" + "\n".join(reasons))


async def survey(image: str = "base", runtime: str | None = None) -> tuple[BackendStatus, ...]:
    """Run a trivial job on every backend at once, and name its level; never raises."""
    return tuple(await asyncio.gather(*(_probe(name, _made(name, image, runtime)) for name in BACKENDS)))


async def engine_problem(name: Engine) -> str | None:
    """Why this backend can't be used even with an image, and what to do about it; None when it can. Quick."""
    return await (docker_problem() if name == "docker" else bubblewrap_problem())


def _made(name: str, image: str, runtime: str | None) -> DockerSandbox | BubblewrapSandbox:
    return DockerSandbox(image, runtime=runtime) if name == "docker" else BubblewrapSandbox(image)


async def _probe(name: str, sandbox: Sandbox) -> BackendStatus:
    try:
        weaker = await sandbox.probe()
    except SandboxUnavailable as unavailable:
        return BackendStatus(name=name, usable=False, reason=str(unavailable))
    level = CONTAINERS if weaker else FORKS
    return BackendStatus(name=name, usable=True, level=level, weaker=weaker)
