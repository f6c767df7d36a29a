"""Rows 32, 33, 34, 36: the sandbox itself is hurt, crowded, missing or asked for nonsense."""

import asyncio
import os
import secrets
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import docker
import pytest
from pydantic import ValidationError
from soloist_sandbox.bubblewrap import BubblewrapSandbox
from soloist_sandbox.choose import choose
from soloist_sandbox.contract import (
    Call,
    CommandCheck,
    FunctionCheck,
    Limits,
    SandboxUnavailable,
    Screened,
    Session,
)
from soloist_sandbox.docker_engine import DockerSandbox
from soloist_sandbox.worker import GRACE_SECONDS

from ..leftovers import appears, bubbles, containers, gone, kill_containers, nothing_left
from .yard import numbered


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tree."""
    (tmp_path / "kept.py").write_text("")
    return tmp_path


async def test_32_silence(engine: str, folder: Path) -> None:
    """A container that goes silent, with all that is in it, has a deadline of the host's: the job is done again, in a new one."""
    mark = secrets.token_hex(8)
    session = await _opened(engine, folder)
    try:
        started = time.monotonic()
        task = asyncio.create_task(session.run(CommandCheck(command=f"sleep 0.4; echo done; : {mark}"), limits=Limits(seconds=1)))
        assert await appears(mark)
        await _pause(engine)
        outcome = await task
        waited = time.monotonic() - started
    finally:
        await session.close()
    assert (outcome.ended, outcome.stdout) == ("ok", "done\n")
    assert 1 + GRACE_SECONDS < waited < 1 + GRACE_SECONDS + 8
    assert await nothing_left(engine)
    assert await gone(mark)


async def test_32_lost_twice(engine: str, folder: Path) -> None:
    """What is lost again is the sandbox's fault, and never the program's."""
    mark = secrets.token_hex(8)
    session = await _opened(engine, folder)

    async def kill() -> None:
        while await appears(mark, 30):
            await kill_containers(engine)
            assert await gone(mark)

    killer = asyncio.create_task(kill())
    try:
        with pytest.raises(SandboxUnavailable, match=engine) as raised:
            await session.run(CommandCheck(command=f"sleep 20; : {mark}"))
    finally:
        killer.cancel()
        await session.close()
    assert raised.value.cause == "sandbox_lost"


async def test_32_lost_once(engine: str, folder: Path) -> None:
    """A container that is killed once costs nothing but time: the job is done again, in a new one."""
    mark = secrets.token_hex(8)
    session = await _opened(engine, folder)
    try:
        task = asyncio.create_task(session.run(CommandCheck(command=f"sleep 0.5; echo done; : {mark}")))
        assert await appears(mark)
        await kill_containers(engine)
        outcome = await task
    finally:
        await session.close()
    assert (outcome.ended, outcome.stdout) == ("ok", "done\n")


async def test_33_crowd(engine: str, folder: Path) -> None:
    """Among eight hostile jobs, eight honest ones take at most three times what they take alone."""
    honest = b"def f():\n n = 0\n for i in range(1_000_000): n += i\n return n"
    hostile = [
        "def f():\n while 1: pass",
        "import os\ndef f():\n while 1:\n  try: os.fork()\n  except OSError: pass",
        "def f():\n x = []\n while 1: x.append(bytes(1 << 20))",
        "import os\ndef f():\n while 1: os.write(1, bytes(9999))",
        "def f():\n with open('/tmp/x', 'wb') as o:\n  while 1: o.write(bytes(1 << 20))",
        "import os\ndef f():\n os.kill(-1, 9)\n os._exit(0)",
        "import ctypes\ndef f(): ctypes.string_at(0)",
        "import threading, time\ndef f():\n while 1: threading.Thread(target=time.sleep, args=(9,)).start()",
    ]
    check = FunctionCheck(path="job.py", function="f", calls=(Call(arguments=""),))
    limits = Limits(seconds=1, memory_mb=256, disk_mb=16, processes=32)
    mixed = [{"job.py": source} for bad in hostile for source in (bad.encode(), honest)]
    session = await _opened(engine, folder, workers=2)
    try:
        alone = await _screened(session, check, [{"job.py": honest}] * 8, limits)
        together = await _screened(session, check, mixed, limits)
    finally:
        await session.close()
    assert {result.returned[0].value for result in (*alone, *together[1::2])} == {"499999500000"}
    before = statistics.median(result.seconds for result in alone)
    assert statistics.median(result.seconds for result in together[1::2]) < 3 * before + 0.05


async def test_34_nothing_to_run_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without an engine, without bwrap and without images there is one refusal that names each reason; nothing runs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.setenv("SOLOIST_IMAGES", str(tmp_path / "images"))
    with pytest.raises(SandboxUnavailable) as raised:
        await choose()
    assert raised.value.cause == "unavailable"
    for reason in ("docker:", "bubblewrap:", "code is never run outside"):
        assert reason in str(raised.value)


async def test_34_image_missing(engine: str, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing image is a refusal that says how to make it."""
    monkeypatch.setenv("SOLOIST_IMAGES", str(tmp_path / "images"))
    sandbox = (DockerSandbox if engine == "docker" else BubblewrapSandbox)("never-built")
    with pytest.raises(SandboxUnavailable, match="soloist sandbox build"):
        await sandbox.open(folder)


@pytest.fixture
def refused_bwrap(engine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A bwrap that says what the real one says where the kernel lets nobody make namespaces."""
    if engine != "bubblewrap":
        pytest.skip("Docker's daemon makes its namespaces as root")
    with TemporaryDirectory() as programs:
        Path(programs).chmod(0o755)  # for the uid that runs it
        bwrap = Path(programs, "bwrap")
        bwrap.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
        bwrap.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        yield


@pytest.mark.usefixtures("refused_bwrap")
async def test_34_user_namespaces_off(folder: Path) -> None:
    """Where the kernel refuses bwrap its namespaces there is a refusal with its words, never a run without them."""
    session = await BubblewrapSandbox().open(folder)
    try:
        with pytest.raises(SandboxUnavailable, match="No permissions to create new namespace"):
            await session.run(CommandCheck(command="true"))
    finally:
        await session.close()


WRONG: dict[str, tuple[dict[str, object]]] = {
    "36 no time": ({"seconds": 0},),
    "36 negative time": ({"seconds": -1},),
    "36 endless time": ({"seconds": float("inf")},),
    "36 time that is no number": ({"seconds": float("nan")},),
    "36 no memory": ({"memory_mb": 0},),
    "36 negative memory": ({"memory_mb": -1},),
    "36 no processes": ({"processes": 0},),
    "36 no disk": ({"disk_mb": 0},),
    "36 no output": ({"output_kb": 0},),
    "36 no processors": ({"cpus": 0},),
    "36 endless processors": ({"cpus": float("inf")},),
    "36 no time for a test": ({"test_seconds": 0},),
    "36 endless time for a test": ({"test_seconds": float("inf")},),
    "36 unknown": ({"memory": 64},),
}


@pytest.mark.parametrize(("wrong",), **numbered(WRONG))
def test_36_limits(wrong: dict[str, object]) -> None:
    """A limit of nothing, of less, without end or of a name that is not known is an error at once."""
    with pytest.raises(ValidationError):
        Limits.model_validate(wrong)


async def test_36_names() -> None:
    """So is a backend that is none."""
    with pytest.raises(ValueError, match="there is no sandbox 'none'"):
        await choose(prefer="none")


async def test_36_zone_and_language(engine: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run in UTC and in C.UTF-8, whatever the host's zone and language are."""
    for name, value in (("TZ", "Asia/Tokyo"), ("LANG", "de_DE.ISO-8859-1"), ("LC_ALL", "tr_TR"), ("PYTHONUTF8", "0")):
        monkeypatch.setenv(name, value)
    program = (
        "import locale, sys, time; print(time.tzname[0], locale.getpreferredencoding(), sys.getfilesystemencoding(), 'I'.lower())"
    )
    session = await _opened(engine, folder)
    try:
        outcome = await session.run(CommandCheck(command=f'python3 -c "{program}"'))
    finally:
        await session.close()
    assert outcome.stdout.lower() == "utc utf-8 utf-8 i\n"


async def _opened(engine: str, tree: Path, workers: int = 1) -> Session:
    sandbox = DockerSandbox(workers=workers) if engine == "docker" else BubblewrapSandbox(workers=workers)
    return await sandbox.open(tree, limits=Limits(seconds=10, memory_mb=256, disk_mb=16, processes=32))


async def _screened(session: Session, check: FunctionCheck, variants: list[dict[str, bytes]], limits: Limits) -> list[Screened]:
    found = [result async for result in session.screen(check, variants, limits=limits)]
    return sorted(found, key=lambda result: result.index)


async def _pause(engine: str) -> None:
    """Stop everything in the containers of this process."""
    if engine == "bubblewrap":
        for bwrap in bubbles():
            for pid in _below(bwrap):
                os.kill(pid, signal.SIGSTOP)
        return
    client = docker.from_env()
    try:
        for name in containers():
            try:
                await asyncio.to_thread(client.api.pause, name)
            except docker.errors.APIError:
                continue  # not started yet, paused already, or gone
    finally:
        client.close()


def _below(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [found for child in map(int, children) for found in (child, *_below(child))]
