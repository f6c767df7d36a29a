"""The smallest job: does a sandbox run anything at all, and how well can it keep jobs apart?"""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from soloist_sandbox.contract import CommandCheck, Limits, SandboxUnavailable
from soloist_sandbox.endings import to_the_end
from soloist_sandbox.engine import Engine
from soloist_sandbox.tree import pack
from soloist_sandbox.wire import ContainerLost
from soloist_sandbox.worker import Worker

_LIMITS: Final = Limits(seconds=10, memory_mb=256, disk_mb=8)


async def trivial_job(engine: Engine) -> str:
    """Run `true` over an empty tree, and close the engine. Raises `SandboxUnavailable` when that fails.

    Returns why jobs can't have namespaces of their own there, so that each needs a container; "" when they have them.
    """
    try:
        with TemporaryDirectory() as folder:
            tree = await asyncio.to_thread(pack, Path(folder))
            try:
                worker = await Worker.start(engine, tree, _LIMITS)
                try:
                    outcome = await worker.outcome(CommandCheck(command="true"), {}, _LIMITS, trace=False, collect=False)
                finally:
                    await to_the_end(worker.end())
            finally:
                tree.close()
    except ContainerLost as lost:
        raise SandboxUnavailable(f"the {engine.name} sandbox does not work: {lost}", "sandbox_lost") from lost
    finally:
        await engine.close()
    if outcome.exit_code != 0:
        raise SandboxUnavailable(f"a trivial program fails in the {engine.name} sandbox: {outcome.stderr or outcome}")
    return worker.flat
