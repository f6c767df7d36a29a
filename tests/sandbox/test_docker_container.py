"""What a container is allowed, and by which runtime it is run."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from soloist_sandbox.contract import CommandCheck, Limits, SandboxUnavailable
from soloist_sandbox.docker_container import Strength
from soloist_sandbox.docker_engine import DockerSandbox

from .docker_relay import containers, relay, until

pytestmark = pytest.mark.usefixtures("nothing_named")

LIMITS = Limits(seconds=20, memory_mb=256, disk_mb=16, processes=64, output_kb=2048)


async def test_unknown_runtime(docker_here: Any) -> None:
    """A runtime that the engine does not have is refused with the names of those that it has."""
    with pytest.raises(SandboxUnavailable, match=r"no runtime 'runsc-of-nowhere', only .*runc.*daemon.json"):
        await DockerSandbox(runtime="runsc-of-nowhere").ready()


async def test_named_runtime(docker_here: Any, tmp_path: Path) -> None:
    """A runtime that the engine has runs the containers."""
    session = await DockerSandbox(runtime="runc", workers=1).open(tmp_path, limits=LIMITS)
    try:
        assert (await session.run(CommandCheck(command="true"))).exit_code == 0
    finally:
        await session.close()


@pytest.mark.parametrize("strength", ["nested", "single"])
async def test_what_a_container_may_do(strength: Strength, docker_here: Any, tmp_path: Path) -> None:
    """Every container has the same walls; a nested one may hide nothing of /proc, a single one has Docker's defaults inside."""
    session = await DockerSandbox(workers=1, strength=strength).open(tmp_path, limits=LIMITS)
    job = asyncio.create_task(session.run(CommandCheck(command="sleep 1000")))
    try:
        await until(lambda: [found.status for found in containers(docker_here, os.getpid())] == ["running"])
        host = containers(docker_here, os.getpid())[0].attrs["HostConfig"]
        assert host["CapDrop"] == ["ALL"]
        assert host["ReadonlyRootfs"]
        assert host["NetworkMode"] == "none"
        assert host["Memory"] == host["MemorySwap"] > LIMITS.memory_mb << 20
        assert host["PidsLimit"] == LIMITS.processes + 4
        assert set(host["Tmpfs"]) == {"/workspace", "/tmp", "/dev/mqueue"}  # noqa: S108
        assert all("nosuid,nodev" in options or options.startswith("ro") for options in host["Tmpfs"].values())
        assert "no-new-privileges:true" in host["SecurityOpt"]
        if strength == "nested":
            assert host["MaskedPaths"] == host["ReadonlyPaths"] == []
        else:
            assert host["SecurityOpt"] == ["no-new-privileges:true"]
            assert "/proc/kcore" in host["MaskedPaths"]
    finally:
        job.cancel()
        await asyncio.wait([job])
        await session.close()


async def test_engine_that_refuses_nesting(docker_here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an engine refuses the options of a nested container, the same job runs in a single one, and it is asked only once."""
    async with relay(refuse=lambda request: b'"MaskedPaths": []' in request) as seen:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{seen.port}")
        session = await DockerSandbox(workers=1).open(tmp_path, limits=LIMITS)
        try:
            for _ in range(2):
                assert (await session.run(CommandCheck(command="true"))).exit_code == 0
        finally:
            await session.close()
    assert seen.refused == 1
