"""Containers made by a Docker engine, here or elsewhere, through its SDK (imported when first used).

The runner is reached by a stream that is attached before the container starts, and the container's stdin closes with it: a
client that is killed leaves a runner that reads end-of-file and exits, and a container that removes itself.
"""

import asyncio
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from soloist_sandbox import images
from soloist_sandbox.contract import Limits, SandboxUnavailable, Session
from soloist_sandbox.docker_address import Address, find_address
from soloist_sandbox.docker_attach import AttachedContainer, attach, hang_up
from soloist_sandbox.docker_client import Answer, ask, sdk_client
from soloist_sandbox.docker_container import Daemon, container_config
from soloist_sandbox.docker_dial import Dialler
from soloist_sandbox.endings import to_the_end
from soloist_sandbox.engine import Container, Size, Strength
from soloist_sandbox.in_thread import in_thread
from soloist_sandbox.orphans import remove_orphans
from soloist_sandbox.session import ContainerSession
from soloist_sandbox.trial import trivial_job
from soloist_sandbox.wire import ContainerLost

if TYPE_CHECKING:
    from docker import DockerClient

API_SECONDS: Final = 60
_OK, _ABSENT = 200, 404
_REFUSALS: Final = (400, 500)
"""How a daemon says that it can't make, or start, what was asked for."""


class DockerSandbox:
    """Implements `contract.Sandbox` with a Docker engine.

    `runtime` is one of the engine's own names for what runs its containers, for example "runsc" (gVisor); None for its
    default. `strength` is what the runner is allowed to begin with (see `engine.Strength`).
    """

    name = "docker"

    def __init__(
        self, image: str = "base", workers: int | None = None, runtime: str | None = None, strength: Strength = "nested"
    ) -> None:
        self._image = image
        self._workers = workers or os.cpu_count() or 1
        self._runtime = runtime
        self._strength: Strength = strength
        self._known: dict[Address, Daemon] = {}

    async def open(self, tree: Path, *, limits: Limits | None = None) -> Session:
        """See `contract.Sandbox.open`."""
        return await ContainerSession.open(await self._engine(), tree, limits, self._workers)

    async def probe(self) -> str:
        """See `contract.Sandbox.probe`."""
        engine = await self._engine()
        weaker = await trivial_job(engine)
        return engine.refused if weaker and engine.refused else weaker

    async def ready(self) -> None:
        """Whether the engine answers, and has the image and the runtime: quick, starts nothing. Raises `SandboxUnavailable`."""
        await asyncio.to_thread(self._look)

    def _look(self) -> None:
        dialler = Dialler(find_address())
        try:
            self._find_image(dialler)
            if self._runtime:
                self._daemon(dialler)
        finally:
            dialler.close()

    async def _engine(self) -> "DockerEngine":
        return await in_thread(self._connect, undo=lambda engine: engine.let_go())

    def _connect(self) -> "DockerEngine":
        dialler = Dialler(find_address())
        try:
            tag, version = self._find_image(dialler)
            daemon = self._daemon(dialler)
            client = sdk_client(dialler, version, API_SECONDS)
        except BaseException:
            dialler.close()
            raise
        engine = DockerEngine(client, dialler, version, tag, daemon, self._strength, self._runtime)
        try:
            engine.remove_orphans()
        except BaseException:
            engine.let_go()
            raise
        return engine

    def _find_image(self, dialler: Dialler) -> tuple[str, str]:
        """The image's tag, and the version of the engine's interface."""
        tag = images.docker_tag(self._image)
        answer = ask(dialler, f"/images/{quote(tag)}/json")
        if answer.status == _ABSENT:
            raise SandboxUnavailable(f"Docker has no image {tag}: run `soloist sandbox build`")
        return tag, _accepted(answer).version

    def _daemon(self, dialler: Dialler) -> Daemon:
        """Asked for once: this question is the engine's slowest."""
        daemon = self._known.get(dialler.address)
        if daemon is None:
            daemon = self._known[dialler.address] = Daemon.of(_accepted(ask(dialler, "/info")).json())
        if self._runtime and self._runtime not in daemon.runtimes:
            raise SandboxUnavailable(
                f"Docker has no runtime {self._runtime!r}, only {', '.join(daemon.runtimes)}: "
                'name it under "runtimes" in the engine\'s daemon.json and restart the engine'
            )
        return daemon


async def docker_problem() -> str | None:
    """Why there is no Docker engine to use, with what to do about it; None when one answers. Images aren't looked at."""
    try:
        await asyncio.to_thread(_ping)
    except SandboxUnavailable as unavailable:
        return str(unavailable)
    return None


def _ping() -> None:
    dialler = Dialler(find_address())
    try:
        _accepted(ask(dialler, "/_ping"))
    finally:
        dialler.close()


def _accepted(answer: Answer) -> Answer:
    if answer.status != _OK:
        raise SandboxUnavailable(f"Docker failed ({answer.body.decode(errors='replace').strip()[:300]}): restart it")
    return answer


class DockerEngine:
    """Implements `engine.Engine`."""

    name = "docker"
    counts_processes = True

    def __init__(
        self,
        client: "DockerClient",
        dialler: Dialler,
        version: str,
        tag: str,
        daemon: Daemon,
        strength: Strength,
        runtime: str | None,
    ) -> None:
        self._client = client
        self._api = client.api
        self._dialler = dialler
        self._version = version
        self._tag = tag
        self._daemon = daemon
        self._runtime = runtime
        self.strength: Strength = strength
        """What the containers that come next are allowed."""
        self.refused: str | None = None
        """Why that is not "nested", where the engine refused it."""

    async def start(self, size: Size) -> Container:
        """See `Engine.start`. An engine that refuses a "nested" container is asked for a "single" one, from then on."""
        from docker.errors import APIError

        asked = self.strength
        try:
            try:
                return await self._started(size, asked)
            except APIError as refusal:
                if asked == "single" or refusal.status_code not in _REFUSALS:
                    raise
                container = await self._started(size, "single")
                self.strength, self.refused = "single", f"Docker refuses nested isolation: {_plain(refusal)}"
                return container
        except Exception as error:
            raise _failure(error) from error

    async def _started(self, size: Size, strength: Strength) -> Container:
        """Create, attach, start: in this order, so that no byte is lost."""
        name = f"soloist-{os.getpid()}-{secrets.token_hex(6)}"
        config = container_config(self._tag, size, self._daemon, strength, self._runtime)
        try:
            await in_thread(lambda: self._api.create_container_from_config(config, name))  # type: ignore[no-untyped-call] # the stubs miss it
            reader, writer = await attach(self._dialler, self._version, name)
            try:
                await in_thread(lambda: self._api.start(name))
            except BaseException:
                await hang_up(writer)
                raise
        except BaseException:
            await to_the_end(self._removed(name))
            raise
        return AttachedContainer(reader, writer, lambda: self._removed(name))

    async def _removed(self, name: str) -> None:
        """Kill and remove a container. Never raises: it may be gone, or the daemon may be."""
        from docker.errors import DockerException

        with suppress(DockerException, OSError):
            await asyncio.to_thread(self._api.remove_container, name, force=True, v=True)

    def remove_orphans(self) -> None:
        """Remove what dead clients of this machine have left. Blocks. Raises `SandboxUnavailable`."""
        from docker.errors import DockerException

        try:
            remove_orphans(self._api)
        except (DockerException, OSError) as error:
            raise SandboxUnavailable(f"Docker failed ({_plain(error)}): restart it") from error

    async def close(self) -> None:
        """See `Engine.close`."""
        await asyncio.to_thread(self.let_go)

    def let_go(self) -> None:
        """Close every connection. Blocks, for at most a second."""
        self._client.close()


def _failure(error: Exception) -> Exception:
    """A daemon that refuses says why; one that is gone may be back."""
    from docker.errors import APIError

    if isinstance(error, SandboxUnavailable | ContainerLost):
        return error
    if isinstance(error, APIError) and error.is_client_error():
        return SandboxUnavailable(f"Docker refuses the container: {_plain(error)}")
    return ContainerLost(f"Docker failed: {_plain(error)}")


def _plain(error: BaseException) -> str:
    """The innermost reason of the SDK's long chains."""
    if explanation := getattr(error, "explanation", None):
        return str(explanation).strip()
    while error.__context__ is not None:
        error = error.__context__
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
