"""Many variants, few containers: each variant is a job of its own in whichever warm container is free."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

from soloist_sandbox.contract import Changes, Check, Limits, Screened
from soloist_sandbox.paths import check_paths
from soloist_sandbox.pool import Pool, broken
from soloist_sandbox.wire import ContainerLost


class Screening:
    """One call of `Session.screen`: the variants not tried yet, and a queue of results."""

    def __init__(self, pool: Pool, check: Check, variants: Sequence[Changes], limits: Limits) -> None:
        self._pool = pool
        self._check = check
        self._variants = variants
        self._limits = limits
        self._indices: Iterator[int] = iter(range(len(variants)))
        self._results: asyncio.Queue[Screened | Exception] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    async def results(self) -> AsyncIterator[Screened]:
        """In order of completion."""
        self._tasks = [asyncio.create_task(self._work()) for _ in range(min(self._pool.workers, len(self._variants)))]
        for _ in range(len(self._variants)):
            result = await self._results.get()
            if isinstance(result, Exception):
                raise result
            yield result

    async def stop(self) -> None:
        """End what still runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self) -> None:
        """Try variants until none is left. A failure is put into the queue, as the last thing."""
        try:
            for index in self._indices:
                check_paths(self._variants[index])
                self._results.put_nowait(await self._tried(index))
        except asyncio.CancelledError:
            self._results.put_nowait(RuntimeError("the session was closed"))  # else who reads the results would wait for ever
            raise
        except Exception as error:
            self._results.put_nowait(error)

    async def _tried(self, index: int) -> Screened:
        """What breaks the sandbox is tried once more, in another container."""
        try:
            return await self._once(index)
        except ContainerLost:
            pass
        try:
            return await self._once(index)
        except ContainerLost as lost:
            raise broken(self._pool.name, lost, f" on variant {index}") from lost

    async def _once(self, index: int) -> Screened:
        worker = await self._pool.take(self._limits)
        well = False
        try:
            await worker.warm(self._check, self._limits, coming=len(self._variants) // self._pool.workers)
            result = await worker.screened(index, self._check, self._variants[index], self._limits)
            well = True
            return result
        finally:
            self._pool.give_back(worker, well=well)
