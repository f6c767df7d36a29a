"""What the machine outside shows of a sandbox."""

import asyncio
from typing import Final

_TIME_TO_START: Final = 1.0


class Host:
    """Shows nothing, as for a sandbox that runs elsewhere. Where processes can be seen, override all three."""

    async def started(self, mark: str) -> bool:
        """Wait until a process with the mark among its arguments runs; False when none appears in time."""
        await asyncio.sleep(_TIME_TO_START)
        return True

    async def gone(self, mark: str) -> bool:
        """Whether no process with the mark is left, at the latest after some seconds."""
        return True

    async def nothing_left(self) -> bool:
        """Whether nothing that this process has started for a sandbox is left, at the latest after some seconds."""
        return True
