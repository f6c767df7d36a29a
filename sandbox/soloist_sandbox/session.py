"""A session over one workspace: clean containers for evidence, warm ones for screening. The same for every backend."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any

from soloist_sandbox.contract import Changes, Check, Limits, Outcome, SandboxUnavailable, Screened
from soloist_sandbox.engine import Engine
from soloist_sandbox.paths import check_paths
from soloist_sandbox.screening import WarmPool, screen
from soloist_sandbox.tree import Packed, pack
from soloist_sandbox.wire import ContainerLost
from soloist_sandbox.worker import Worker


class ContainerSession:
    """Implements `contract.Session` on any `Engine`."""

    def __init__(self, engine: Engine, tree: Packed, limits: Limits, workers: int) -> None:
        self._engine = engine
        self._tree = tree
        self._limits = limits
        self._pool = WarmPool(engine, tree, workers)
        self._ending: set[asyncio.Task[None]] = set()
        self._jobs: set[asyncio.Task[Any]] = set()
        self._closed = False

    @classmethod
    async def open(cls, engine: Engine, tree: Path, limits: Limits | None, workers: int) -> "ContainerSession":
        """Pack the tree. Raises `ValueError` where it is no folder, `OSError` where it can't be read."""
        return cls(engine, await asyncio.to_thread(pack, tree), limits or Limits(), workers)

    async def run(
        self, check: Check, *, changes: Changes | None = None, limits: Limits | None = None, trace: bool = False
    ) -> Outcome:
        """See `contract.Session.run`."""
        self._must_be_open()
        check_paths(changes or {})
        return await self._tracked(self._run(check, changes or {}, limits or self._limits, trace))

    async def _run(self, check: Check, changes: Changes, limits: Limits, trace: bool) -> Outcome:
        try:
            return await self._once(check, changes, limits, trace)
        except ContainerLost:
            pass  # once more, in a new container
        try:
            return await self._once(check, changes, limits, trace)
        except ContainerLost as lost:
            raise SandboxUnavailable(f"the {self._engine.name} sandbox broke twice: {lost}") from lost

    async def _once(self, check: Check, changes: Changes, limits: Limits, trace: bool) -> Outcome:
        worker = await Worker.start(self._engine, self._tree, limits, keep=False)
        try:
            outcome = await worker.outcome(check, changes, limits, trace=trace)
        except BaseException:
            await asyncio.shield(self._later(worker.end()))
            raise
        self._later(worker.end())  # `close` waits for it; the caller need not
        return outcome

    async def screen(self, check: Check, variants: Sequence[Changes], *, limits: Limits | None = None) -> AsyncIterator[Screened]:
        """See `contract.Session.screen`."""
        self._must_be_open()
        async for result in screen(self._pool, check, variants, limits or self._limits):
            yield result

    async def close(self) -> None:
        """See `contract.Session.close`."""
        if self._closed:
            return
        self._closed = True
        for job in tuple(self._jobs):
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await self._pool.close()
        await asyncio.gather(*self._ending)
        self._tree.close()
        await self._engine.close()

    def _must_be_open(self) -> None:
        if self._closed:
            raise RuntimeError("the session is closed")

    async def _tracked(self, job: Coroutine[Any, Any, Outcome]) -> Outcome:
        task = asyncio.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        try:
            return await task
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            raise

    def _later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task
