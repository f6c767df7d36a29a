"""However a job ends, nothing of it is left, and a broken sandbox is never an outcome."""

import asyncio
import secrets
import sys
from pathlib import Path

import docker
import pytest
from soloist_sandbox import images
from soloist_sandbox.contract import CommandCheck, SandboxUnavailable, Session
from soloist_sandbox.contract_suite import TestEndings
from soloist_sandbox.orphans import owner_labels

from .conftest import AnySandbox
from .leftovers import appears, gone, kill_containers, marked

__all__ = ["TestEndings"]


async def test_killed_container_is_no_outcome(session: Session, engine: str) -> None:
    """A sandbox that breaks, and breaks again, is reported as such: never as the program's failure."""

    async def assassin() -> None:
        while True:
            await kill_containers(engine)
            await asyncio.sleep(0.05)

    killer = asyncio.create_task(assassin())
    try:
        with pytest.raises(SandboxUnavailable, match=engine):
            await session.run(CommandCheck(command="sleep 20"))
    finally:
        killer.cancel()


async def test_killed_client_leaves_nothing(engine: str, tree: Path) -> None:
    """A client that is killed, with no time to clean up, leaves no container and no process behind."""
    mark = secrets.token_hex(8)
    head, tail = mark[:8], mark[8:]
    name = {"docker": "docker_engine.DockerSandbox", "bubblewrap": "bubblewrap.BubblewrapSandbox"}[engine]
    module, _, cls = name.partition(".")
    program = f"""import asyncio, pathlib
from soloist_sandbox.contract import CommandCheck
from soloist_sandbox.{module} import {cls}
async def main():
    session = await {cls}().open(pathlib.Path({str(tree)!r}))
    await session.run(CommandCheck(command="sleep 1000; : " + "{head}" + "{tail}"))
asyncio.run(main())
"""
    client = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await appears(mark, 20)
    client.kill()
    await client.wait()
    assert await gone(mark, 10), marked(mark)


async def test_orphans_are_removed(sandbox: AnySandbox, engine: str, tree: Path) -> None:
    """A container whose owner is dead, and that did not end by itself, is removed by the next one who opens a sandbox."""
    if engine != "docker":
        pytest.skip("bubblewrap dies with its parent: there are no orphans")
    client = docker.from_env()
    dead = await asyncio.create_subprocess_exec("true")
    await dead.wait()
    session = owner_labels()["soloist.session"].split("/")[0]
    labels = {"soloist": "1", "soloist.pid": str(dead.pid), "soloist.session": f"{session}/{dead.pid}/1"}
    orphan = client.containers.create(images.docker_tag(), entrypoint=["sleep"], command=["1000"], labels=labels)
    await (await sandbox.open(tree)).close()
    try:
        with pytest.raises(docker.errors.NotFound):
            client.containers.get(orphan.id or "")
    finally:
        client.close()
