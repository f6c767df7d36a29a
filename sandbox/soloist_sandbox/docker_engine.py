"""Containers made by a Docker engine, through its SDK (imported when first used); the runner is reached by an attached stream.

The stream is opened before the container starts, and the container's stdin closes with it (StdinOnce): a client that is
killed leaves a runner that reads end-of-file and exits, and a container that removes itself.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soloist_sandbox import images
from soloist_sandbox.contract import Limits, SandboxUnavailable, Session
from soloist_sandbox.engine import Container, Size
from soloist_sandbox.orphans import owner_labels, remove_orphans
from soloist_sandbox.session import ContainerSession
from soloist_sandbox.tree import UID
from soloist_sandbox.trial import trivial_job
from soloist_sandbox.wire import ContainerLost

if TYPE_CHECKING:
    from docker import APIClient

INSTALL: Final = "install a Docker engine and start it (Debian and Ubuntu: apt-get install docker.io)"
JOIN: Final = "join its group (sudo usermod -aG docker $USER) and log in again"
DEFAULT_HOST: Final = "unix:///var/run/docker.sock"
CONNECT_SECONDS: Final = 5
API_SECONDS: Final = 60
_STREAM_HEADER: Final = struct.Struct(">BxxxI")
_STDERR: Final = 2
_WORDS: Final = 2000
_OVERHEAD_MB: Final = 64
"""For the runner itself, on top of what the job may use."""
_SHM_MB: Final = 16
_SPARE_INODES: Final = 50_000


class DockerSandbox:
    """Implements `contract.Sandbox` with a Docker engine."""

    name = "docker"

    def __init__(self, image: str = "base", workers: int | None = None) -> None:
        self._image = image
        self._workers = workers or os.cpu_count() or 1

    async def open(self, tree: Path, *, limits: Limits | None = None) -> Session:
        """See `contract.Sandbox.open`."""
        return await ContainerSession.open(await self._engine(), tree, limits, self._workers)

    async def probe(self) -> None:
        """See `contract.Sandbox.probe`."""
        await trivial_job(await self._engine())

    async def ready(self) -> None:
        """Whether the daemon answers and has the image: quick, starts nothing. Raises `SandboxUnavailable`."""
        await (await self._engine()).close()

    async def _engine(self) -> "_Engine":
        return await asyncio.to_thread(_engine_with_image, images.docker_tag(self._image))


async def docker_problem() -> str | None:
    """Why there is no Docker engine to use, with what to do about it; None when one answers. Images aren't looked at."""
    try:
        (await asyncio.to_thread(_connect)).close()
    except SandboxUnavailable as unavailable:
        return str(unavailable)
    return None


def _connect() -> "APIClient":
    try:
        _knock(os.environ.get("DOCKER_HOST") or DEFAULT_HOST)
    except PermissionError:
        raise SandboxUnavailable(f"Docker is there, but not for this user: {JOIN}") from None
    except OSError as error:
        raise SandboxUnavailable(f"Docker can't be reached ({_plain(error)}): {INSTALL}") from error

    import docker
    from docker.errors import DockerException

    api = None
    try:
        api = docker.from_env(timeout=CONNECT_SECONDS).api
        api.ping()
    except (DockerException, OSError, ValueError) as error:
        if api is not None:
            api.close()
        raise SandboxUnavailable(f"Docker can't be reached ({_plain(error)}): {INSTALL}") from error
    return api


def _engine_with_image(tag: str) -> "_Engine":
    from docker.errors import DockerException, ImageNotFound

    api = _connect()
    try:
        api.inspect_image(tag)  # type: ignore[no-untyped-call] # the stubs miss it
        processors = api.info()["NCPU"]
        remove_orphans(api)
    except ImageNotFound:
        api.close()
        raise SandboxUnavailable(f"Docker has no image {tag}: run `soloist sandbox build`") from None
    except (DockerException, OSError) as error:
        api.close()
        raise SandboxUnavailable(f"Docker failed ({_plain(error)})") from error
    api.timeout = API_SECONDS
    return _Engine(api, tag, processors)


def _knock(host: str) -> None:
    """Raises OSError when nobody listens on a local engine's socket: the SDK is slower, and leaves its own socket open then."""
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(CONNECT_SECONDS)
            door.connect(host.removeprefix("unix://"))


def _plain(error: BaseException) -> str:
    """The innermost reason of the SDK's long chains."""
    while error.__context__ is not None:
        error = error.__context__
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class _Engine:
    name = "docker"
    counts_processes = True

    def __init__(self, api: "APIClient", tag: str, processors: int) -> None:
        self._api = api
        self._tag = tag
        self._processors = processors

    async def start(self, size: Size) -> Container:
        """See `Engine.start`."""
        name = f"soloist-{os.getpid()}-{secrets.token_hex(6)}"
        starting = asyncio.create_task(asyncio.to_thread(self._start, name, size))
        try:
            stream = await asyncio.shield(starting)
        except asyncio.CancelledError:  # the thread can't be stopped: what it makes is removed afterwards
            await asyncio.wait([starting])
            if not starting.cancelled() and starting.exception() is None:
                starting.result().close()
            await asyncio.to_thread(self.remove, name)
            raise
        except Exception as error:
            await asyncio.to_thread(self.remove, name)
            raise _failure(error) from error
        reader, writer = await asyncio.open_connection(sock=stream)
        return _Attached(self, name, reader, writer)

    def _start(self, name: str, size: Size) -> socket.socket:
        """Create, attach, start: in this order, so that no byte is lost."""
        self._api.create_container(
            self._tag,
            command=[],
            entrypoint=["/usr/local/bin/python3", "/opt/soloist/runner.py"],
            name=name,
            hostname="sandbox",
            user=f"{UID}:{UID}",
            working_dir="/workspace",
            environment={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "2"},
            labels=owner_labels(),
            stdin_open=True,
            detach=False,  # the SDK's word for: the container's stdin closes with the stream
            network_disabled=True,
            host_config=self._api.create_host_config(**hardening(size, self._processors)),
        )
        attached = self._api.attach_socket(name, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
        with contextlib.closing(attached):
            stream = getattr(attached, "_sock", attached)
            if not isinstance(stream, socket.socket) or hasattr(stream, "pending"):  # TLS
                raise SandboxUnavailable("only a local Docker engine is supported: unset DOCKER_HOST, or use its unix socket")
            own = stream.dup()
            stream.close()  # else the SDK keeps it open, and the container's stdin with it
        try:
            self._api.start(name)
        except BaseException:
            own.close()
            raise
        return own

    async def close(self) -> None:
        """See `Engine.close`."""
        self._api.close()

    def remove(self, name: str) -> None:
        """Kill and remove a container. Blocks; never raises: it may be gone, or the daemon may be."""
        from docker.errors import DockerException

        with contextlib.suppress(DockerException, OSError):
            self._api.remove_container(name, force=True, v=True)


def hardening(size: Size, processors: int) -> dict[str, Any]:
    """What a container may not do, in the SDK's words. Memory counts the files on tmpfs, so their room is added.

    `processors` is how many the engine has: it refuses to give more.
    """
    memory = f"{size.memory_mb + size.tree_mb + size.disk_mb + _OVERHEAD_MB}m"
    inodes = size.entries * 2 + _SPARE_INODES
    mount = f"rw,exec,nosuid,nodev,uid={UID},gid={UID},nr_inodes={inodes}"
    return {
        "auto_remove": True,
        "network_mode": "none",
        "read_only": True,
        "tmpfs": {
            "/workspace": f"{mount},mode=0755,size={size.tree_mb + size.disk_mb}m",
            "/tmp": f"{mount},mode=1777,size={size.disk_mb}m",  # noqa: S108 - the container's own
            "/dev/mqueue": "ro,size=4k,mode=0555",
        },
        "shm_size": f"{_SHM_MB}m",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": size.processes + 1,  # the runner
        "nano_cpus": int(min(size.cpus, processors) * 1e9),
        "ipc_mode": "private",
        "log_config": {"Type": "none", "Config": {}},
        "ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
    }


def _failure(error: Exception) -> Exception:
    """A daemon that refuses says why; one that is gone may be back."""
    from docker.errors import APIError

    if isinstance(error, SandboxUnavailable):
        return error
    if isinstance(error, APIError) and error.is_client_error():
        return SandboxUnavailable(f"Docker refuses the container: {error.explanation}")
    return ContainerLost(f"Docker failed: {_plain(error)}")


class _Attached:
    """A container's stdin, stdout and stderr, multiplexed on one connection."""

    def __init__(self, engine: _Engine, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._engine = engine
        self._name = name
        self._reader = reader
        self._writer = writer
        self._stdout = bytearray()
        self._stderr = b""

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise ContainerLost("the container has ended") from error

    async def read(self, size: int) -> bytes:
        pieces = self._pieces()
        while len(self._stdout) < size:
            try:
                self._stdout += await anext(pieces)
            except StopAsyncIteration:
                raise ContainerLost("the container has ended") from None
        found = bytes(self._stdout[:size])
        del self._stdout[:size]
        return found

    async def _pieces(self) -> AsyncIterator[bytes]:
        """What comes on stdout, until the stream ends; what comes on stderr is remembered."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                kind, length = _STREAM_HEADER.unpack(await self._reader.readexactly(_STREAM_HEADER.size))
                if kind == _STDERR:
                    self._stderr = (self._stderr + await self._reader.readexactly(length))[-_WORDS:]
                else:
                    yield await self._reader.readexactly(length)

    async def last_words(self) -> str:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                async for _ in self._pieces():
                    pass
        return self._stderr.decode(errors="replace").strip()

    async def end(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        await asyncio.to_thread(self._engine.remove, self._name)
