"""Containers made by bubblewrap: no daemon, no root needed; namespaces, an own read-only root, sized tmpfs.

There is no cgroup: memory is limited for each process (RLIMIT_AS), processors not at all.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

from soloist_sandbox import images
from soloist_sandbox.contract import Limits, SandboxUnavailable, Session
from soloist_sandbox.engine import Container, Size, Strength
from soloist_sandbox.environment.virtual_env import binds
from soloist_sandbox.session import ContainerSession
from soloist_sandbox.tree import UID
from soloist_sandbox.trial import trivial_job
from soloist_sandbox.wire import ContainerLost

INSTALL: Final = "install bubblewrap 0.8 or newer (Debian and Ubuntu: apt-get install bubblewrap)"
CURE: Final = "it needs version 0.8 or newer, and a kernel that lets users make namespaces (user.max_user_namespaces above 0, \
kernel.apparmor_restrict_unprivileged_userns 0 or a profile for bwrap)"
_ISOLATION: Final = (
    *("--unshare-all", "--unshare-user", "--uid", str(UID), "--gid", str(UID)),  # the broker makes namespaces inside; jobs can't
    *("--cap-drop", "ALL", "--die-with-parent", "--new-session"),
)
_TRY_SECONDS: Final = 15.0
_END_SECONDS: Final = 3.0
_WORDS: Final = 2000
_SHM_MB: Final = 16


class BubblewrapSandbox:
    """Implements `contract.Sandbox` with the `bwrap` program."""

    name = "bubblewrap"

    def __init__(self, image: str = "base", workers: int | None = None, strength: Strength = "nested") -> None:
        self._image = image
        self._workers = workers or os.cpu_count() or 1
        self._strength = strength

    async def open(self, tree: Path, *, limits: Limits | None = None) -> Session:
        """See `contract.Sandbox.open`."""
        return await ContainerSession.open(self._engine(), tree, limits, self._workers)

    async def probe(self) -> str:
        """See `contract.Sandbox.probe`."""
        return await trivial_job(self._engine())

    async def ready(self) -> None:
        """As `probe`, which is quick here. Raises `SandboxUnavailable`."""
        await self.probe()

    def _engine(self) -> "_Engine":
        program = shutil.which("bwrap")
        if program is None:
            raise SandboxUnavailable(f"the program bwrap is not there: {INSTALL}")
        return _Engine(program, images.rootfs(self._image), binds(self._image), self._strength)


async def bubblewrap_problem() -> str | None:
    """Why bwrap can't be used here, with what to do about it; None when it can. Runs this machine's `true`."""
    program = shutil.which("bwrap")
    if program is None:
        return f"the program bwrap is not there: {INSTALL}"
    return await asyncio.to_thread(_try, program)


def _try(program: str) -> str | None:
    command = [program, *_ISOLATION, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "/bin/true"]
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "cwd": "/", "env": {}, "check": False}
    try:
        done = subprocess.run(command, timeout=_TRY_SECONDS, **options, **_as_other_user())
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} can't be used: {error}"
    if done.returncode == 0:
        return None
    return f"bwrap does not work here ({done.stderr.decode(errors='replace').strip()[:300]}): {CURE}"


def _as_other_user() -> dict[str, Any]:
    """Root's bwrap would keep uid 0 in the kernel's eyes: closed files could be read, and process limits would not bite."""
    return {"user": UID, "group": UID, "extra_groups": []} if os.geteuid() == 0 else {}


class _Engine:
    name = "bubblewrap"
    counts_processes = False

    def __init__(self, program: str, rootfs: Path, binds: Sequence[str], strength: Strength) -> None:
        self._program = program
        self._rootfs = rootfs
        self._binds = binds
        self._nesting = () if strength == "nested" else ("--disable-userns",)

    async def start(self, size: Size) -> Container:
        """See `Engine.start`."""
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)  # the last thing that waits, and so could be cancelled
            words = TemporaryFile()  # noqa: SIM115 - lives as long as the process
            try:
                return _Process(_popen(self._command(size), theirs, words), words, reader, writer)
            except OSError as error:
                writer.close()
                words.close()
                raise SandboxUnavailable(f"{self._program} can't be started: {error}") from error

    async def close(self) -> None:
        """See `Engine.close`."""

    def _command(self, size: Size) -> list[str]:
        return [
            self._program,
            *_ISOLATION,
            *self._nesting,
            *(
                "--hostname",
                "sandbox",
                "--as-pid-1",
                "--clearenv",
                "--setenv",
                "PATH",
                "/usr/local/bin:/usr/bin:/bin",
                "--setenv",
                "LANG",
                "C.UTF-8",
            ),
            *("--setenv", "HOME", "/tmp", "--setenv", "PYTHONHASHSEED", "0"),  # noqa: S108 - the container's own
            *("--setenv", "PYTHONDONTWRITEBYTECODE", "1", "--setenv", "MALLOC_ARENA_MAX", "2"),
            *("--ro-bind", str(self._rootfs), "/", *self._binds, "--proc", "/proc"),
            *("--dev", "/dev", *_tmpfs("/dev/shm", _SHM_MB), "--remount-ro", "/dev"),  # noqa: S108
            *_tmpfs("/tmp", size.disk_mb),  # noqa: S108
            *_tmpfs("/workspace", size.tree_mb + size.disk_mb, mode="0755"),
            *("--chdir", "/workspace", "/opt/soloist/python3", "/opt/soloist/runner.py"),
        ]


def _tmpfs(path: str, megabytes: int, mode: str = "1777") -> tuple[str, ...]:
    return "--perms", mode, "--size", str(megabytes << 20), "--tmpfs", path


def _popen(command: list[str], stream: socket.socket, words: IO[bytes]) -> subprocess.Popen[bytes]:
    """Not asyncio's own: its transports outlive a loop that is closed at the wrong moment."""
    ends: dict[str, Any] = {"stdin": stream, "stdout": stream, "stderr": words}
    process: subprocess.Popen[bytes] = subprocess.Popen(
        command, cwd="/", env={}, start_new_session=True, **ends, **_as_other_user()
    )
    return process


class _Process:
    """A bwrap process. Killing it kills the whole namespace (--die-with-parent)."""

    def __init__(
        self, process: subprocess.Popen[bytes], words: IO[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._words = words
        self._reader = reader
        self._writer = writer

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise ContainerLost("bubblewrap has ended") from error

    async def read(self, size: int) -> bytes:
        try:
            return await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise ContainerLost("bubblewrap has ended") from error

    async def last_words(self) -> str:
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(1):
                await self._exhaust()
        return os.pread(self._words.fileno(), _WORDS, 0).decode(errors="replace").strip()

    async def end(self) -> None:
        self._writer.close()  # the broker ends with its client, and bwrap, which reaps it, with the broker
        with suppress(OSError):
            await self._writer.wait_closed()
        if not await self._exited(_END_SECONDS):
            self._process.kill()
            await self._exited(_END_SECONDS)
        with suppress(ProcessLookupError):  # the group: a child that bwrap had only just forked was not yet bound to die with it
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.poll()
        self._words.close()

    async def _exited(self, seconds: float) -> bool:
        """Whether bwrap ends in time; everything in its namespace is dead then."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        notice = os.pidfd_open(self._process.pid)
        loop.add_reader(notice, ended.set)
        try:
            async with asyncio.timeout(seconds):
                await ended.wait()
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(notice)
            os.close(notice)
        return True

    async def _exhaust(self) -> None:
        while await self._reader.read(1 << 16):
            pass
