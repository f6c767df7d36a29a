"""Docker engines that are not behind this machine's own socket run jobs as it does."""

import asyncio
import hashlib
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from soloist_sandbox import images
from soloist_sandbox.contract import CommandCheck, Limits, PytestCheck
from soloist_sandbox.docker_address import find_address
from soloist_sandbox.docker_engine import DockerSandbox

from .docker_relay import Certificates, containers, relay, ssh_server, until

pytestmark = pytest.mark.usefixtures("nothing_named")

LIMITS = Limits(seconds=20, memory_mb=256, disk_mb=16, processes=64, output_kb=2048)


@pytest.fixture(params=["tcp", "tls", "ssh"])
async def remote(
    request: pytest.FixtureRequest, docker_here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The environment names an engine that is reached in one of the ways."""
    if request.param == "ssh":
        with ExitStack() as held:
            port = await asyncio.to_thread(held.enter_context, ssh_server(tmp_path))
            monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
            monkeypatch.setenv("DOCKER_HOST", f"ssh://127.0.0.1:{port}")
            yield request.param
    elif request.param == "tls":
        pem: Certificates = request.getfixturevalue("pem")
        async with relay(pem.for_server()) as seen:
            monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{seen.port}")
            monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
            monkeypatch.setenv("DOCKER_CERT_PATH", str(pem.client))
            yield request.param
    else:
        async with relay() as seen:
            monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{seen.port}")
            yield request.param


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "test_it.py").write_text("from it import answer\n\n\ndef test_it():\n    assert answer == 42\n")
    (root / "it.py").write_text("answer = 41\n")
    (root / "ballast").write_bytes(secrets.token_bytes(3 << 20))
    return root


async def test_jobs_run_elsewhere(remote: str, docker_here: Any, tree: Path) -> None:
    """Over each kind of connection jobs run as they do here: large trees and outputs, several at once, screening, cancelling."""
    sandbox = DockerSandbox(workers=2)
    await sandbox.ready()
    session = await sandbox.open(tree, limits=LIMITS)
    loud = CommandCheck(command="sha256sum ballast; head -c 1000000 /dev/zero | tr '\\0' x")
    failed, passed, spoken = await asyncio.gather(
        session.run(PytestCheck()), session.run(PytestCheck(), changes={"it.py": b"answer = 42\n"}), session.run(loud)
    )
    assert (failed.exit_code, passed.exit_code) == (1, 0)
    assert passed.report is not None
    assert passed.report.canary_caught
    assert spoken.stdout.startswith(hashlib.sha256((tree / "ballast").read_bytes()).hexdigest())
    assert spoken.stdout.endswith("x" * 1_000_000)
    variants = [{"it.py": f"answer = {number}\n".encode()} for number in (1, 42, 3)]
    assert {found.index async for found in session.screen(PytestCheck(), variants) if found.exit_code == 0} == {1}
    sleeper = asyncio.create_task(session.run(CommandCheck(command="sleep 1000")))
    await asyncio.sleep(0.5)
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    started = time.monotonic()
    await session.close()
    assert time.monotonic() - started < 5
    assert containers(docker_here, os.getpid()) == []


async def test_killed_client_elsewhere(remote: str, docker_here: Any, tree: Path) -> None:
    """A client that is killed leaves no container behind, whatever lies between it and the engine."""
    program = f"""import asyncio, pathlib
from soloist_sandbox.contract import CommandCheck
from soloist_sandbox.docker_engine import DockerSandbox
async def main():
    session = await DockerSandbox().open(pathlib.Path({str(tree)!r}))
    await session.run(CommandCheck(command="sleep 1000"))
asyncio.run(main())
"""
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    await until(lambda: [found.status for found in containers(docker_here, killed.pid)] == ["running"])
    killed.kill()
    await killed.wait()
    await until(lambda: not containers(docker_here, killed.pid))


async def test_images_elsewhere(remote: str) -> None:
    """Images are looked for, and so made, at the engine that the environment names."""
    assert find_address().origin == "DOCKER_HOST"
    assert images.docker_tag() in [image.where for image in await images.installed() if image.engine == "docker"]


async def test_few_questions(docker_here: Any, monkeypatch: pytest.MonkeyPatch, tree: Path) -> None:
    """Whether an engine is ready is one question; a session asks two more, one of them only the first time."""
    async with relay() as seen:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{seen.port}")
        sandbox = DockerSandbox()
        await sandbox.ready()
        assert seen.requests == [f"GET /images/{images.docker_tag().replace(':', '%3A')}/json"]
        for count in (4, 6):
            await (await sandbox.open(tree)).close()
            assert len(seen.requests) == count, seen.requests


async def test_other_machines_containers_stay(docker_here: Any, tree: Path) -> None:
    """An engine that serves several machines: a container of another machine is left alone, dead as its owner may look here."""
    dead = await asyncio.create_subprocess_exec("true")
    await dead.wait()
    elsewhere = "5ec4a1f0-0000-4000-8000-000000000000:pid:[4026531836]"
    labels = {"soloist": "1", "soloist.pid": str(dead.pid), "soloist.session": f"{elsewhere}/{dead.pid}/1"}
    other = docker_here.containers.create(images.docker_tag(), entrypoint=["sleep"], command=["1000"], labels=labels)
    try:
        await (await DockerSandbox().open(tree)).close()
        other.reload()
    finally:
        other.remove(force=True)
