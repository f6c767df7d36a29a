"""What jobs write, held where no later job can find it: in memory that the kernel wipes in every fork."""

import mmap
import os
from typing import Final

_WIPE_ON_FORK: Final = 18
"""MADV_WIPEONFORK, which Python 3.11 has no name for."""
_PAGE: Final = mmap.PAGESIZE
PIPE: Final = 1 << 20
"""Bytes that a report's pipe holds: more than a job should write between two looks at it."""


class Stream:
    """One pipe's bytes, up to a cap. They never become Python objects, whose memory a later fork would inherit."""

    def __init__(self, descriptor: int, cap: int) -> None:
        self.descriptor = descriptor
        self.size = 0
        self._cap = cap
        self._memory = mmap.mmap(-1, cap + _PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._memory.madvise(_WIPE_ON_FORK)
        self._view = memoryview(self._memory)
        os.set_blocking(descriptor, False)

    def drain(self) -> bool:
        """Read what is there, at most to one page beyond the cap; False at the end of the stream."""
        room = self._view[self.size : self.size + PIPE]
        try:
            got = os.readv(self.descriptor, [room]) if room else 0
        except BlockingIOError:  # nothing there
            return True
        finally:
            room.release()
        self.size += got
        return got > 0

    def drain_all(self) -> None:
        """Read to the end, which must be near: every writer is dead."""
        before = -1
        while self.size != before and not self.overflown:
            before = self.size
            self.drain()

    @property
    def overflown(self) -> bool:
        """Whether more came than the cap."""
        return self.size > self._cap

    @property
    def kept(self) -> memoryview:
        """What came, at most the cap."""
        return self._view[: min(self.size, self._cap)]

    def close(self) -> None:
        """Give the memory back."""
        self._view.release()
        self._memory.close()
