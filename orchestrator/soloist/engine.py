"""The sandbox of a run: the wanted backend, or the first that works, with its image made where it is missing."""

from collections.abc import Callable

from soloist_sandbox import images
from soloist_sandbox.choose import BACKENDS, choose, engine_problem
from soloist_sandbox.contract import Sandbox, SandboxUnavailable


async def open_sandbox(image: str, backend: str | None, say: Callable[[str], None]) -> Sandbox:
    """A working sandbox. Raises `SandboxUnavailable` naming every backend's reason; `ValueError` for an unknown backend."""
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
    return await choose(image, prefer=backend)
