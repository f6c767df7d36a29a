"""The smallest job: does a sandbox run anything at all?"""

from pathlib import Path
from tempfile import TemporaryDirectory

from soloist_sandbox.contract import CommandCheck, Limits, SandboxUnavailable
from soloist_sandbox.engine import Engine
from soloist_sandbox.session import ContainerSession


async def trivial_job(engine: Engine) -> None:
    """Run `true` over an empty tree. Raises `SandboxUnavailable` when that fails."""
    with TemporaryDirectory() as folder:
        session = await ContainerSession.open(engine, Path(folder), Limits(seconds=10, memory_mb=256, disk_mb=8), 1)
        try:
            outcome = await session.run(CommandCheck(command="true"))
        finally:
            await session.close()
    if outcome.exit_code != 0:
        raise SandboxUnavailable(f"a trivial program fails in the {engine.name} sandbox: {outcome.stderr or outcome}")
