"""Which backend is taken, and what is said when there is none."""

import asyncio
import sys
from pathlib import Path

import pytest
from soloist_sandbox import images
from soloist_sandbox.bubblewrap import BubblewrapSandbox
from soloist_sandbox.choose import BACKENDS, choose, engine_problem, survey
from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.orphans import owner_labels


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without bwrap, whose Docker does not answer."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")


@pytest.mark.usefixtures("nothing_here")
async def test_refusal() -> None:
    """With no backend nothing runs anywhere, and the refusal names each reason and what to install."""
    with pytest.raises(SandboxUnavailable) as refusal:
        await choose()
    text = str(refusal.value)
    assert "docker: Docker can't be reached" in text
    assert "apt-get install docker.io" in text
    assert "bubblewrap: the program bwrap is not there" in text
    assert "apt-get install bubblewrap" in text
    for name in BACKENDS:
        assert (problem := await engine_problem(name)) is not None
        assert "\n" not in problem


@pytest.mark.usefixtures("nothing_here")
async def test_survey_does_not_raise() -> None:
    """A survey has every backend, with its reason."""
    found = await survey()
    assert [status.name for status in found] == list(BACKENDS)
    assert all(status.reason and not status.usable for status in found)


async def test_unknown_backend() -> None:
    """A name that is no backend is the caller's mistake."""
    with pytest.raises(ValueError, match="docker, bubblewrap"):
        await choose(prefer="host")


async def test_missing_image() -> None:
    """An image that was never built can't be used, and the line says how to build it."""
    for name in BACKENDS:
        if await engine_problem(name) is None:
            with pytest.raises(SandboxUnavailable, match="soloist sandbox build --name nothing-like-this"):
                await choose("nothing-like-this", prefer=name)


async def test_unknown_runtime() -> None:
    """A runtime that Docker does not know is refused before anything runs."""
    if (problem := await engine_problem("docker")) is not None:
        pytest.skip(problem)
    await images.ensure("base", "docker", print)
    docker = next(status for status in await survey(runtime="no-such-runtime") if status.name == "docker")
    assert not docker.usable
    assert "no-such-runtime" in docker.reason


def test_broken_bwrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bwrap that can't make namespaces is refused with its own words and the cure."""
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents[:2]:
        folder.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    problem = asyncio.run(engine_problem("bubblewrap"))
    assert problem is not None
    assert "uid map" in problem
    assert "0.8 or newer" in problem


async def test_owner_is_recognised() -> None:
    """Two processes, and two asking of one, can be told apart and recognised."""
    mine = owner_labels()
    assert mine == owner_labels()
    program = "from soloist_sandbox.orphans import owner_labels; print(owner_labels()['soloist.session'])"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    other = out.decode().strip()
    assert other != mine["soloist.session"]
    assert other.split("/")[0] == mine["soloist.session"].split("/")[0]


async def test_no_bwrap_to_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A sandbox that is not there refuses to open; it never falls back to the host."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="bwrap"):
        await BubblewrapSandbox().open(tmp_path)
