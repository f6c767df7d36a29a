"""A session over one workspace: clean containers for evidence, warm ones for screening. The same for every backend."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from soloist_sandbox.contract import Changes, Check, Limits, Outcome, Screened
from soloist_sandbox.endings import to_the_end
from soloist_sandbox.engine import Engine
from soloist_sandbox.paths import check_paths
from soloist_sandbox.pool import Pool, broken
from soloist_sandbox.screening import Screening
from soloist_sandbox.tree import Packed, pack
from soloist_sandbox.wire import ContainerLost


class ContainerSession:
    """Implements `contract.Session` on any `Engine`."""

    def __init__(self, engine: Engine, tree: Packed, limits: Limits, workers: int) -> None:
        self._engine = engine
        self._tree = tree
        self._limits = limits
        self._pool = Pool(engine, tree, workers)
        self._screenings: set[Screening] = set()
        self._jobs: set[asyncio.Task[Any]] = set()
        self._closed = False

    @classmethod
    async def open(cls, engine: Engine, tree: Path, limits: Limits | None, workers: int) -> "ContainerSession":
        """Pack the tree. Raises `ValueError` where it is no folder, `OSError` where it can't be read."""
        return cls(engine, await asyncio.to_thread(pack, tree), limits or Limits(), workers)

    async def run(
        self,
        check: Check,
        *,
        changes: Changes | None = None,
        limits: Limits | None = None,
        trace: bool = False,
        collect: bool = False,
    ) -> Outcome:
        """See `contract.Session.run`."""
        self._must_be_open()
        check_paths(changes or {})
        once = partial(self._once, check, changes or {}, limits or self._limits, trace=trace, collect=collect)
        return await self._tracked(self._twice(once))

    async def _twice(self, once: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """What breaks the sandbox is tried once more, in a new container: it may not have been the program's doing."""
        with suppress(ContainerLost):
            return await once()
        try:
            return await once()
        except ContainerLost as lost:
            raise broken(self._engine.name, lost) from lost

    async def _once(self, check: Check, changes: Changes, limits: Limits, *, trace: bool, collect: bool) -> Outcome:
        worker = await self._pool.clean(limits)
        well = False
        try:
            outcome = await worker.outcome(check, changes, limits, trace=trace, collect=collect)
            well = True
            return outcome
        finally:
            self._pool.used(worker, limits, well=well)

    async def screen(self, check: Check, variants: Sequence[Changes], *, limits: Limits | None = None) -> AsyncIterator[Screened]:
        """See `contract.Session.screen`."""
        self._must_be_open()
        screening = Screening(self._pool, check, variants, limits or self._limits)
        self._screenings.add(screening)
        try:
            async for result in screening.results():
                yield result
        finally:
            self._screenings.discard(screening)
            await screening.stop()

    async def close(self) -> None:
        """See `contract.Session.close`."""
        if self._closed:
            return
        self._closed = True
        for job in tuple(self._jobs):
            job.cancel()
        await asyncio.gather(*self._jobs, *(screening.stop() for screening in self._screenings), return_exceptions=True)
        await self._pool.close()
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
        finally:
            if not task.done():
                task.cancel()
                await to_the_end(_ended(task))


async def _ended(task: asyncio.Task[Any]) -> None:
    await asyncio.wait([task])
