"""The containers of a session: as many warm ones as there are workers, and a clean one for each piece of evidence.

A warm container takes one job at a time and is thrown away when anything is odd. Who asks first is served first.
"""

import asyncio
from contextlib import suppress
from typing import Final

from soloist_sandbox.contract import Limits, SandboxUnavailable
from soloist_sandbox.engine import Engine
from soloist_sandbox.tree import Packed
from soloist_sandbox.wire import ContainerLost, SetupError
from soloist_sandbox.worker import Worker, size_for

_LONG_IDLE_SECONDS: Final = 1.0
_RUNS_THAT_MAKE_A_HABIT: Final = 2


def broken(name: str, lost: ContainerLost, where: str = "") -> SandboxUnavailable:
    """What is raised when a container was lost twice."""
    text = f"the {name} sandbox broke twice{where}: {lost}"
    return SandboxUnavailable(text, "setup_error" if isinstance(lost, SetupError) else "sandbox_lost")


class Pool:
    """Starts, keeps and ends containers."""

    def __init__(self, engine: Engine, tree: Packed, workers: int) -> None:
        self._engine = engine
        self._tree = tree
        self.workers = workers
        self._free = asyncio.Semaphore(workers)
        self._idle: list[tuple[Worker, float]] = []
        self._clean_taken = 0
        self._ahead: tuple[Limits, asyncio.Task[Worker]] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """The backend's name, for messages."""
        return self._engine.name

    async def take(self, limits: Limits) -> Worker:
        """A warm worker of the right size, or else a new one; to be given back. Raises `SandboxUnavailable`."""
        await self._free.acquire()
        try:
            while self._idle:
                worker, since = self._idle.pop()
                if worker.size == size_for(limits, self._tree) and await self._well(worker, since):
                    return worker
                self._end(worker)
            with suppress(ContainerLost):
                return await self._start(limits)
            try:
                return await self._start(limits)
            except ContainerLost as lost:
                raise broken(self.name, lost) from lost
        except BaseException:
            self._free.release()
            raise

    def give_back(self, worker: Worker, *, well: bool) -> None:
        """Keep it for the next one who asks, or end it."""
        if well and worker.usable:
            self._idle.append((worker, asyncio.get_running_loop().time()))
        else:
            self._end(worker)
        self._free.release()

    async def clean(self, limits: Limits) -> Worker:
        """A container in which nothing has run; `used` takes it back. Raises `ContainerLost`, `SandboxUnavailable`."""
        self._clean_taken += 1
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return await self._start(limits)
        size, starting = ahead
        if size_for(size, self._tree) == size_for(limits, self._tree):
            try:
                return await asyncio.shield(starting)
            except asyncio.CancelledError:
                self._forget(starting)
                raise
        self._forget(starting)
        return await self._start(limits)

    def used(self, worker: Worker, limits: Limits, *, well: bool) -> None:
        """End it; who has asked several times, and got what he wanted, will ask again, and finds the next one started."""
        self._end(worker)
        if well and self._clean_taken >= _RUNS_THAT_MAKE_A_HABIT and self._ahead is None:
            self._ahead = limits, asyncio.create_task(self._start(limits))

    async def close(self) -> None:
        """End every container that is not at work."""
        if self._ahead is not None:
            self._forget(self._ahead[1])
            self._ahead = None
        for worker, _ in self._idle:
            self._end(worker)
        self._idle.clear()
        while self._ending:
            await asyncio.wait(self._ending)

    async def _start(self, limits: Limits) -> Worker:
        return await Worker.start(self._engine, self._tree, limits)

    async def _well(self, worker: Worker, since: float) -> bool:
        idle = asyncio.get_running_loop().time() - since
        return idle < _LONG_IDLE_SECONDS or await worker.answers()

    def _end(self, worker: Worker) -> None:
        self._later(asyncio.create_task(worker.end()))

    def _forget(self, starting: asyncio.Task[Worker]) -> None:
        self._later(asyncio.create_task(_end_started(starting)))

    def _later(self, task: asyncio.Task[None]) -> None:
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _end_started(starting: asyncio.Task[Worker]) -> None:
    starting.cancel()
    await asyncio.wait([starting])
    if not starting.cancelled() and starting.exception() is None:
        await starting.result().end()
