"""The sandbox of a run: the wanted backend, or the first that works, with its image made where it is missing."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from soloist_sandbox import images
from soloist_sandbox.choose import BACKENDS, choose, engine_problem
from soloist_sandbox.contract import Limits, Sandbox, SandboxUnavailable, Session
from soloist_sandbox.environment import memory


async def open_sandbox(image: str, backend: str | None, say: Callable[[str], None], runtime: str | None = None) -> Sandbox:
    """A working sandbox; `runtime` is Docker's, for example "runsc".

    Raises `SandboxUnavailable` naming every backend's reason, and `ValueError` for an unknown backend.
    """
    if backend is not None and backend not in BACKENDS:
        raise ValueError(f"there is no sandbox backend {backend!r}; there are {', '.join(BACKENDS)}")
    for name in (backend,) if backend else BACKENDS:
        if await engine_problem(name) is None:
            try:
                await images.ensure(image, name, say)
            except SandboxUnavailable as problem:
                say(f"no image for {name}: {problem}")
                continue
            break
    for line in memory.notes(image):
        say(line)
    return await choose(image, prefer=backend, runtime=runtime)


@asynccontextmanager
async def open_session(
    tree: Path,
    *,
    image: str | None = None,
    backend: str | None = None,
    runtime: str | None = None,
    limits: Limits | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> AsyncIterator[Session]:
    """A sandbox over a copy of `tree`, for any number of checks, closed at the end; the tree itself is never written.

    By default the image is the one that was built for the tree, else the plain one; `say` hears of an image being made. Raises as
    `open_sandbox`, `ValueError` where `tree` is no folder, and `OSError` where it can't be read.
    """
    sandbox = await open_sandbox(image or memory.image_for(tree) or "base", backend, say, runtime)
    session = await sandbox.open(tree, limits=limits)
    try:
        yield session
    finally:
        await session.close()
