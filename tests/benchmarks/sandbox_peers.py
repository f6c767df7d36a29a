"""The same function job in other people's sandboxes that pip can install, beside ours, a bare fork and plain `exec_run`.

    python tests/benchmarks/sandbox_peers.py [--rounds 5] [--only NAME] [--json OUT]

Each peer gets a virtual environment of its own in a temporary folder (made by uv) and, where it needs more in its container than
Python, an image with that. It is opened once, as its documentation shows, and then runs the job again and again (`peers/`). What
can't be installed or does not run is printed with its reason. "clean": whether a job finds what the one before it has left
behind; told from how each works and what was seen, not measured here. Needs a package index, and an otherwise idle Docker engine.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from shutil import which
from typing import Any

import docker
from measuring import line, scratch
from processor_time import accounting
from sandbox_cost import FORK, IDLE, Row, measured, noise, nothing, tell
from sandbox_jobs import Job, WrongAnswer, function_job, program
from sandbox_ways import CannotRun, Way, bare_fork, base_image, ours, spawned
from soloist_sandbox import images
from soloist_sandbox.choose import BACKENDS
from soloist_sandbox.contract import SandboxUnavailable

PEERS = Path(__file__).parent / "peers"
INSTALL_SECONDS = 300.0
WIDTHS = (34, 10, 12, 10, 10, 40)


@dataclass(frozen=True)
class Peer:
    """Somebody's sandbox."""

    name: str
    script: str
    """In `peers/`, without its ending."""
    requirements: tuple[str, ...]
    """Of its client's environment."""
    inside: tuple[str, ...] = ()
    """What it needs in its container besides Python."""
    clean: str = "no"
    count: int = 8
    container: bool = True
    """Whether it uses the Docker engine."""


EXEC = Peer("docker-py exec_run", "peer_exec_run", ("docker",))
ALL = (
    EXEC,
    Peer("llm-sandbox, docker", "peer_llm_sandbox_docker", ("llm-sandbox[docker]",), count=4),
    Peer(
        "llm-sandbox, bubblewrap", "peer_llm_sandbox_bubblewrap", ("llm-sandbox",), clean="files stay", count=8, container=False
    ),
    Peer("smolagents DockerExecutor", "peer_smolagents", ("smolagents[docker]",), ("jupyter_kernel_gateway", "ipykernel")),
    Peer("AutoGen DockerCommandLine...", "peer_autogen", ("autogen-ext[docker]",)),
    Peer("SWE-ReX DockerDeployment", "peer_swe_rex", ("swe-rex", "aiohttp"), ("swe-rex",)),
    Peer("dockersandbox", "peer_dockersandbox", ("dockersandbox",), count=4),
    Peer("epicbox2", "peer_epicbox", ("epicbox2",), clean="yes", count=3),
)


async def environment(peer: Peer, folder: Path) -> Path:
    """The Python of a new virtual environment with the peer. Raises `CannotRun` with the installer's last words."""
    uv = which("uv", path=str(Path(sys.executable).parent)) or which("uv")
    if uv is None:
        raise CannotRun("it needs uv to be installed with: pip install uv")
    home = folder / peer.script
    python = home / "bin/python"
    for command in (
        ("venv", "--quiet", "--python", sys.executable, home),
        ("pip", "install", "--python", python, *peer.requirements),
    ):
        installer = await asyncio.create_subprocess_exec(
            uv, *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        async with asyncio.timeout(INSTALL_SECONDS):
            said, _ = await installer.communicate()
        if installer.returncode:
            raise CannotRun(f"it can't be installed: {said.decode(errors='replace').strip()[-300:]}")
    return python


@asynccontextmanager
async def image_for(peer: Peer) -> AsyncIterator[str]:
    """The tag of an image as the peer expects one: with what it needs, root, and a writable /tmp. Raises `CannotRun`."""
    tag = await base_image()
    name = peer.script.replace("_", "-")
    if peer.inside:
        try:
            await images.build(name, requirements=peer.inside, engines=("docker",), say=lambda text: None)
        except SandboxUnavailable as reason:
            raise CannotRun(str(reason)) from reason
        tag = images.docker_tag(name)
    dockerfile = f'FROM {tag}\nUSER root\nRUN chmod 1777 /tmp\nCMD ["sleep", "infinity"]\n'.encode()
    with closing(docker.from_env()) as client:
        made = f"soloist-bench/{name}"
        await asyncio.to_thread(client.images.build, fileobj=BytesIO(dockerfile), tag=made, rm=True, network_mode="none")
        try:
            yield made
        finally:
            await asyncio.to_thread(client.images.remove, made, force=True)


async def open_ways(stack: AsyncExitStack, peers: list[Peer], job: Job, tree: Path) -> AsyncIterator[Way]:
    """Ours, the floor, and every peer that runs; the others are told with their reasons."""
    folder = stack.enter_context(scratch())
    text = folder / "program.py"
    text.write_text(program())
    yield Way(IDLE, 1, nothing, engine=True)
    yield Way(FORK, 200, await stack.enter_async_context(bare_fork(tree)))
    for backend in BACKENDS:
        try:
            for way in await ours(stack, backend, job, tree, (200, 20)):
                yield way
        except (CannotRun, WrongAnswer) as reason:
            tell(f"ours, {backend}", reason)
    for peer in peers:
        try:
            python = await environment(peer, folder)
            image = await stack.enter_async_context(image_for(peer)) if peer.container else "none"
            batch = await stack.enter_async_context(spawned((python, PEERS / f"{peer.script}.py", image, text), folder))
        except (CannotRun, TimeoutError) as reason:
            tell(peer.name, reason or "it did not open in time")
            continue
        yield Way(peer.name, peer.count, batch, peer.container)


def show(rows: list[Row], peers: list[Peer]) -> list[dict[str, Any]]:
    """Print and return what was measured."""
    whole = {row.way: row for row in rows if not row.failed}
    clean = {peer.name: peer.clean for peer in peers}
    line(("way", "CPU ms", "/ bare fork", "wall ms", "p95 ms", "clean for each job"), WIDTHS)
    for row in (row for row in rows if row.failed):
        tell(row.way, row.failed)
    noise(whole.pop(IDLE))
    shown = [row.told(whole.get(FORK)) for row in whole.values()]
    for told in shown:
        ratio = f"{told['over_floor']:.2f}" if told["over_floor"] is not None else ""
        note = clean.get(told["way"], "yes" if told["way"].startswith("ours") else "")
        line((told["way"], told["cpu_ms"], ratio, told["wall_ms"], told["wall_p95_ms"], note), WIDTHS)
    return shown


async def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="only peers whose name has it; may be repeated"
    )
    parser.add_argument("--json", type=Path, metavar="OUT")
    typed = parser.parse_args()
    peers = [peer for peer in ALL if not typed.only or any(name in peer.name for name in typed.only)]
    job = function_job()
    with job.tree() as tree, accounting() as accounts:
        async with AsyncExitStack() as stack:
            ways = [way async for way in open_ways(stack, peers, job, tree)]
            await measured(ways, 1, accounts)
            rows = await measured(ways, typed.rounds, accounts)
    shown = show(rows, peers)
    print(f"\nthe job: {job.name}; load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} CPUs")
    if typed.json:
        typed.json.write_text(json.dumps(shown, indent=1))


if __name__ == "__main__":
    asyncio.run(main())
