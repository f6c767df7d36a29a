"""Many variants, few containers: warm workers that are fed as they become free, and thrown away when anything is odd."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress

from soloist_sandbox.contract import Changes, Check, Limits, SandboxUnavailable, Screened
from soloist_sandbox.engine import Engine
from soloist_sandbox.paths import check_paths
from soloist_sandbox.tree import Packed
from soloist_sandbox.wire import ContainerLost
from soloist_sandbox.worker import Worker, size_for


class WarmPool:
    """At most `workers` containers at work at once; idle ones are kept until the session closes."""

    def __init__(self, engine: Engine, tree: Packed, workers: int) -> None:
        self._engine = engine
        self._tree = tree
        self.workers = workers
        self._free = asyncio.Semaphore(workers)
        self._idle: list[Worker] = []
        self._busy: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """The backend's name, for messages."""
        return self._engine.name

    def track(self, task: asyncio.Task[None]) -> None:
        """Have `close` end this task too."""
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def take(self, limits: Limits) -> Worker:
        """An idle worker of the right size, or a new one. Raises `ContainerLost`, `SandboxUnavailable`."""
        await self._free.acquire()
        try:
            while self._idle:
                worker = self._idle.pop()
                if worker.size == size_for(limits, self._tree):
                    return worker
                await worker.end()
            return await Worker.start(self._engine, self._tree, limits, keep=True)
        except BaseException:
            self._free.release()
            raise

    async def give_back(self, worker: Worker, *, keep: bool) -> None:
        """Keep a worker for later, or end it."""
        try:
            if keep and worker.usable:
                self._idle.append(worker)
            else:
                await asyncio.shield(worker.end())
        finally:
            self._free.release()

    async def close(self) -> None:
        """End every worker, at work or idle."""
        for task in tuple(self._busy):
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
        idle, self._idle = self._idle, []
        await asyncio.gather(*(worker.end() for worker in idle))


class _Screening:
    """One call of `screen`: the variants not tried yet, and a queue of results."""

    def __init__(self, pool: WarmPool, check: Check, variants: Sequence[Changes], limits: Limits) -> None:
        self._pool = pool
        self._check = check
        self._variants = variants
        self._limits = limits
        self._indices: Iterator[int] = iter(range(len(variants)))
        self._lost_once: set[int] = set()
        self.results: asyncio.Queue[Screened | BaseException] = asyncio.Queue()

    async def work(self) -> None:
        """Try variants until none is left. A failure is put into the queue, as the last thing."""
        try:
            carried: int | None = None
            while True:
                carried = await self._with_one_worker(carried)
                if carried is None:
                    return
        except Exception as error:
            self.results.put_nowait(error)
        except asyncio.CancelledError:
            self.results.put_nowait(RuntimeError("the session was closed"))  # else who reads the results would wait for ever
            raise

    async def _with_one_worker(self, first: int | None) -> int | None:
        """Use a container as long as it lasts. Returns the variant to go on with: the one it was lost with, once."""
        index = first if first is not None else next(self._indices, None)
        if index is None:
            return None
        worker = await self._start()
        keep = False
        try:
            while index is not None and worker.usable:
                changes = self._variants[index]
                check_paths(changes)
                await worker.warm(self._check, self._limits, coming=len(self._variants) // self._pool.workers)
                self.results.put_nowait(await worker.screened(index, self._check, changes, self._limits))
                index = next(self._indices, None)
            keep = True
            return index
        except ContainerLost as lost:
            if index is None or index in self._lost_once:
                raise SandboxUnavailable(f"the {self._pool.name} sandbox broke twice on variant {index}: {lost}") from lost
            self._lost_once.add(index)
            return index
        finally:
            await self._pool.give_back(worker, keep=keep)

    async def _start(self) -> Worker:
        with suppress(ContainerLost):
            return await self._pool.take(self._limits)
        try:
            return await self._pool.take(self._limits)
        except ContainerLost as lost:
            raise SandboxUnavailable(f"the {self._pool.name} sandbox did not start: {lost}") from lost


async def screen(pool: WarmPool, check: Check, variants: Sequence[Changes], limits: Limits) -> AsyncIterator[Screened]:
    """Yield results in order of completion. Leaving the loop early stops the work."""
    screening = _Screening(pool, check, variants, limits)
    tasks = [asyncio.create_task(screening.work()) for _ in range(min(pool.workers, len(variants)))]
    for task in tasks:
        pool.track(task)
    try:
        for _ in range(len(variants)):
            result = await screening.results.get()
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
