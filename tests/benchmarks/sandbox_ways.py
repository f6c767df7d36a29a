"""The ways of running a job that are set beside each other: bare processes, Docker by hand, our backends, other people's.

A way is opened once and then asked for batches. It answers the wall-clock seconds of each job, one after the other, and raises
when a job did not do its work.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import docker
from sandbox_jobs import Job, WrongAnswer
from soloist_sandbox import images
from soloist_sandbox.bubblewrap import BubblewrapSandbox
from soloist_sandbox.choose import engine_problem
from soloist_sandbox.contract import Limits, Sandbox, SandboxUnavailable, Session
from soloist_sandbox.docker_engine import DockerSandbox
from soloist_sandbox.image_spec import RUNNER, Engine

BROKER = RUNNER / "runner.py"
"""What is process 1 of our containers: the bare fork is of a Python that has imported it."""
FORKER = Path(__file__).parent / "peers" / "bare_fork.py"
BACKENDS: dict[Engine, Callable[..., Sandbox]] = {"docker": DockerSandbox, "bubblewrap": BubblewrapSandbox}
LIMITS = Limits(seconds=30, memory_mb=256, disk_mb=16, processes=64)
USER = "10001:10001"
MEMORY = "512m"
SCRATCH = "size=16m,uid=10001,gid=10001,mode=1777"
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "LANG": "C.UTF-8"}
"""Of bare processes: pytest without the plugins that happen to be installed here, which is the faster."""
LIFE = "3600"
"""Seconds after which a warm container ends by itself, should this process be killed."""
PATIENCE = 120.0
"""Seconds that a way in a process of its own may need to open, or for one batch."""

Batch = Callable[[int], Awaitable[list[float]]]


@dataclass(frozen=True)
class Way:
    """One way of running a job, opened."""

    name: str
    count: int
    """Jobs in a batch: enough to measure their processor time."""
    batch: Batch
    engine: bool = False
    """Whether the container engine's processor time is part of its price."""


class CannotRun(RuntimeError):
    """Why a way can't be had here."""


def one_by_one(job: Callable[[], None]) -> Batch:
    """A batch of a blocking job."""

    def batch(count: int) -> list[float]:
        seconds = []
        for _ in range(count):
            start = time.perf_counter()
            job()
            seconds.append(time.perf_counter() - start)
        return seconds

    return lambda count: asyncio.to_thread(batch, count)


# Bare processes


def process(command: Sequence[str], tree: Path) -> Callable[[], None]:
    """A job that is a new process on the bare machine, or the docker command."""

    def job() -> None:
        silent = subprocess.DEVNULL
        done = subprocess.run(
            command, cwd=tree, env=ENVIRONMENT, stdin=silent, stdout=silent, stderr=subprocess.PIPE, check=False
        )
        if done.returncode:
            raise WrongAnswer(f"{command[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}")

    return job


def fresh_python(job: Job, tree: Path) -> Callable[[], None]:
    """The job in a new interpreter on the bare machine. Nothing is isolated."""
    return process((sys.executable, *job.plain), tree)


@asynccontextmanager
async def spawned(command: Sequence[object], cwd: Path) -> AsyncIterator[Batch]:
    """A way that runs in a process of its own and speaks as `peers/answering.py` does. Raises `CannotRun` with its reason."""
    with TemporaryFile() as words:
        peer = await asyncio.create_subprocess_exec(
            *map(str, command), cwd=cwd, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=words
        )
        if peer.stdin is None or peer.stdout is None:
            raise CannotRun("no pipes")
        ask, answers = peer.stdin, peer.stdout

        async def answer() -> list[float]:
            async with asyncio.timeout(PATIENCE):
                line = await answers.readline()
            if not line:
                said = os.pread(words.fileno(), 1 << 16, 0).decode(errors="replace").strip().splitlines()
                raise CannotRun(said[-1][:300] if said else "it ended without a word")
            seconds: list[float] = json.loads(line)
            return seconds

        async def batch(count: int) -> list[float]:
            ask.write(f"{count}\n".encode())
            with suppress(OSError):  # it has ended: the answer says why
                await ask.drain()
            return await answer()

        try:
            await answer()
            yield batch
        finally:
            ask.close()  # the end of its orders: it closes what it has opened
            try:
                await asyncio.wait_for(peer.wait(), 30)
            except TimeoutError:
                peer.kill()
                await peer.wait()


@asynccontextmanager
async def bare_fork(tree: Path, program: Path | None = None) -> AsyncIterator[Batch]:
    """Fork and wait, in a Python with the broker's modules."""
    command = [sys.executable, "-E", "-S", FORKER, BROKER, *([program] if program else [])]
    async with spawned(command, tree) as batch:
        yield batch


# Docker by hand


async def base_image() -> str:
    """The tag of our base image. Raises `CannotRun` where there is no Docker."""
    if problem := await engine_problem("docker"):
        raise CannotRun(problem)
    await images.ensure("base", "docker", print)
    return images.docker_tag("base")


def docker_run(job: Job, tree: Path, image: str) -> Callable[[], None]:
    """A hardened container of its own for each job, by the docker command."""
    hardening = ("--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--log-driver=none")
    limits = (f"--memory={MEMORY}", f"--memory-swap={MEMORY}", "--pids-limit=64", f"--tmpfs=/tmp:{SCRATCH}")
    place = (f"--user={USER}", f"--volume={tree}:/workspace:ro", "--workdir=/workspace")
    return process(("docker", "run", "--rm", *hardening, *limits, *place, image, "python3", *job.plain), tree)


@asynccontextmanager
async def docker_exec(job: Job, tree: Path, image: str) -> AsyncIterator[Callable[[], None]]:
    """docker-py's `exec_run` in one warm container. It keeps whatever a job leaves behind."""
    client = await asyncio.to_thread(docker.from_env)
    warm = await asyncio.to_thread(
        client.containers.run,
        image,
        ["sleep", LIFE],
        detach=True,
        auto_remove=True,
        init=True,
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit=MEMORY,
        pids_limit=64,
        user=USER,
        tmpfs={"/tmp": SCRATCH},  # noqa: S108 - the container's own
        volumes={str(tree): {"bind": "/workspace", "mode": "ro"}},
    )

    def run() -> None:
        done = warm.exec_run(["python3", *job.plain], workdir="/workspace")
        if done.exit_code:
            raise WrongAnswer(f"exec_run ended with {done.exit_code}: {bytes(done.output).decode(errors='replace')[-300:]}")

    try:
        yield run
    finally:
        await asyncio.to_thread(warm.remove, force=True)
        client.close()


# Ours


@asynccontextmanager
async def opened(backend: Engine, job: Job, tree: Path, workers: int = 1) -> AsyncIterator[Session]:
    """A session whose warm containers are started, and which was seen to tell a wrong candidate. Raises `CannotRun`."""
    if problem := await engine_problem(backend):
        raise CannotRun(problem)
    try:
        await images.ensure("base", backend, print)
        session = await BACKENDS[backend](workers=workers).open(tree, limits=LIMITS)
        try:
            await control(session, job)
            await screened(session, job, 4 * workers)
            yield session
        finally:
            await session.close()
    except SandboxUnavailable as reason:
        raise CannotRun(str(reason)) from reason


async def control(session: Session, job: Job) -> None:
    """Raise `WrongAnswer` unless a wrong candidate fails and a right one passes."""
    wrong = {job.changed: job.wrong}
    screening = [seen async for seen in session.screen(job.check, [wrong])]
    if job.passed(screening[0]) or job.passed(await session.run(job.check, changes=wrong)):
        raise WrongAnswer(f"{job.name}: a wrong candidate has passed")
    job.judge([await session.run(job.check, changes=job.variants(1)[0])])


async def screened(session: Session, job: Job, count: int) -> list[float]:
    """A batch through `Session.screen`: the seconds between one result and the next."""
    variants, seen, seconds = job.variants(count), [], []
    last = time.perf_counter()
    async for one in session.screen(job.check, variants):
        now = time.perf_counter()
        seconds.append(now - last)
        seen.append(one)
        last = now
    job.judge(seen)
    return seconds


async def ran(session: Session, job: Job, count: int) -> list[float]:
    """A batch through `Session.run`, one after the other."""
    seen, seconds = [], []
    for changes in job.variants(count):
        start = time.perf_counter()
        seen.append(await session.run(job.check, changes=changes))
        seconds.append(time.perf_counter() - start)
    job.judge(seen)
    return seconds


async def ours(stack: AsyncExitStack, backend: Engine, job: Job, tree: Path, counts: tuple[int, int]) -> list[Way]:
    """Both doors of one backend, one job at a time; `counts` are the sizes of their batches."""
    session = await stack.enter_async_context(opened(backend, job, tree))
    engine = backend == "docker"
    return [
        Way(f"ours, screen, {backend}", counts[0], lambda count: screened(session, job, count), engine),
        Way(f"ours, run, {backend}", counts[1], lambda count: ran(session, job, count), engine),
    ]
