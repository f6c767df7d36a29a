"""How many calls an endpoint gets: so many at once, so many a minute, and none while it has asked to be left alone."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator

MINUTE = 60.0


class Gate:
    """Lets calls through in the order they came. Belongs to one event loop."""

    def __init__(self, concurrency: int, per_minute: int | None = None) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._turn = asyncio.Lock()
        self._per_minute = per_minute
        self._started: deque[float] = deque(maxlen=per_minute or 1)
        self._held_until = 0.0
        self.busy = 0
        """Calls under way or waiting."""

    @contextlib.asynccontextmanager
    async def passed(self) -> AsyncGenerator[None]:
        """Wait for a slot and for the rate; keep the slot inside. A cancelled wait takes nothing."""
        self.busy += 1
        try:
            async with self._slots:
                await self._in_time()
                yield
        finally:
            self.busy -= 1

    def hold(self, seconds: float) -> None:
        """Start no call for so long: the server has asked for it."""
        if seconds > 0:
            self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)

    async def _in_time(self) -> None:
        if self._per_minute is None and not self._held_until:
            return
        async with self._turn:
            loop = asyncio.get_running_loop()
            while (wait := self._next() - loop.time()) > 0:  # noqa: ASYNC110 - waits for a time, not for an event
                await asyncio.sleep(wait)
            self._started.append(loop.time())

    def _next(self) -> float:
        full = self._per_minute is not None and len(self._started) == self._per_minute
        return max(self._held_until, self._started[0] + MINUTE if full else 0.0)
