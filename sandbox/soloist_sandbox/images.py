"""The sandbox's images: made on first use, named by a hash of what they contain, and made again when that changes.

A root file system is always assembled from this machine (`soloist_sandbox.machine`). Bubblewrap uses it as it is. Docker's
image is built on a registry's Python image where one can be pulled, and otherwise imported from the same root file system.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.image_spec import Built, Engine, ImageSpec, not_built, remembered, shown
from soloist_sandbox.stoppable import in_thread

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["Built", "Engine", "build", "docker_tag", "ensure", "installed", "rootfs"]

Say = Callable[[str], None]


def rootfs(name: str = "base") -> Path:
    """The root file system of an image, for bubblewrap. Raises `SandboxUnavailable` when it is not built."""
    from soloist_sandbox import rootfs_store

    spec = remembered(name)
    _refuse_foreign(spec, "bubblewrap")
    if rootfs_store.find(spec) is None:
        raise SandboxUnavailable(not_built(name))
    with suppress(OSError):
        os.utime(spec.folder)  # pruning spares what is in use
    return spec.folder / "rootfs"


def docker_tag(name: str = "base") -> str:
    """The Docker image's tag, for example "soloist/base:0123456789ab"; Docker isn't asked whether it is there.

    Raises `SandboxUnavailable` for a name that was never built (except "base"), or for an image that Docker can't have.
    """
    spec = remembered(name)
    _refuse_foreign(spec, "docker")
    return spec.tag


async def build(
    name: str = "base",
    *,
    requirements: Sequence[str] = (),
    base: str | None = None,
    engines: Sequence[Engine] = ("docker", "bubblewrap"),
    say: Say,
) -> tuple[Built, ...]:
    """Make an image and remember under `name` what it contains. What is there already is not made again.

    `requirements` are pip requirements, installed from wheels; `base` is a registry image for Docker (glibc, this Python's minor
    version). `say` is given lines for the user, from another thread. Where several engines are asked for and Docker does not
    answer, its image is left out with a line. Cancelling stops the work and leaves nothing half made.
    Raises `SandboxUnavailable` when an image can't be made, `ValueError` for a bad name.
    """
    spec = ImageSpec(name, tuple(requirements), base)
    return await in_thread(lambda stop: make(spec, engines, say, stop))


async def ensure(name: str, engine: Engine, say: Say) -> None:
    """Make the image for one engine if it is missing. Raises as `build`."""
    spec = await asyncio.to_thread(remembered, name)
    if await asyncio.to_thread(_find, spec, engine) is None:
        say(f"making the sandbox image {name!r} for {engine} (once)")
        await in_thread(lambda stop: make(spec, (engine,), say, stop))


async def installed() -> tuple[Built, ...]:
    """Every finished image, of this and of other versions of Soloist; Docker's only where Docker answers."""
    return await asyncio.to_thread(_installed)


def make(spec: ImageSpec, engines: Sequence[Engine], say: Say, stop: threading.Event) -> tuple[Built, ...]:
    """As `build`; blocks. Raises `InterruptedError` after `stop`."""
    from soloist_sandbox import docker_images, rootfs_store

    engines = _able(spec, engines, say)
    with ExitStack() as held:
        client: DockerClient | None = None
        if "docker" in engines:
            try:
                client = held.enter_context(docker_images.connect())
            except SandboxUnavailable as reason:
                if len(engines) == 1:
                    raise
                say(f"no image for docker: {reason}")
        held.enter_context(rootfs_store.locked(spec, stop))
        built = [] if spec.base else [rootfs_store.make(spec, stop)]
        if client:
            built.append(docker_images.make(client, spec, say, stop))
        rootfs_store.remember(spec)
    built = [image for image in built if image.engine in engines]
    for image in built:
        how = f"made in {image.seconds:.1f} s" if image.seconds else "is there, made"
        say(f"image {image.name!r} for {image.engine}: {how} from {image.origin}, {image.size / 1e6:.0f} MB")
    return tuple(built)


def _able(spec: ImageSpec, engines: Sequence[Engine], say: Say) -> tuple[Engine, ...]:
    """The engines that can have the image. Raises `SandboxUnavailable` when none can."""
    found: list[Engine] = []
    for engine in engines:
        try:
            _refuse_foreign(spec, engine)
            found.append(engine)
        except SandboxUnavailable as reason:
            if len(engines) == 1:
                raise
            say(str(reason))
    return tuple(found)


def _refuse_foreign(spec: ImageSpec, engine: Engine) -> None:
    if spec.base and engine == "bubblewrap":
        raise SandboxUnavailable(f"image {spec.name!r} is built on {shown(spec.base)}: only Docker can use it")
    if spec.venv and engine == "docker":
        raise SandboxUnavailable(f"image {spec.name!r} binds {spec.venv}: only bubblewrap can do that")


def _find(spec: ImageSpec, engine: Engine) -> Built | None:
    from soloist_sandbox import docker_images, rootfs_store

    _refuse_foreign(spec, engine)
    if engine == "bubblewrap":
        return rootfs_store.find(spec)
    with docker_images.connect() as client:
        return docker_images.find(client, spec)


def _installed() -> tuple[Built, ...]:
    from soloist_sandbox import docker_images, rootfs_store

    images = rootfs_store.everything()
    with suppress(SandboxUnavailable), docker_images.connect() as client:
        images += docker_images.everything(client)
    return tuple(images)
