"""How much memory jobs take: killings counted by the control group where there is one, else measured from outside."""

import contextlib
import os
import time
from typing import Final

_COUNTERS: Final = (
    "/sys/fs/cgroup/memory.events",  # version 2, the container's own namespace
    "/sys/fs/cgroup/memory/memory.oom_control",  # version 1, and hybrid
)
_PAGE_KB: Final = os.sysconf("SC_PAGE_SIZE") // 1024


class OutOfMemory:
    """The control group's count of processes that the kernel has killed for want of memory."""

    def __init__(self) -> None:
        self._descriptor = -1
        for path in _COUNTERS:
            with contextlib.suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                if b"oom_kill " in os.pread(descriptor, 4096, 0):
                    self._descriptor = descriptor
                    return
                os.close(descriptor)

    def kills(self) -> int:
        """So far; 0 where it can't be known."""
        if self._descriptor < 0:
            return 0
        for line in os.pread(self._descriptor, 4096, 0).splitlines():
            name, _, value = line.partition(b" ")
            if name == b"oom_kill":
                return int(value)
        return 0


def resident_kb(limit_kb: int, until: float) -> int:
    """KiB of everything below the broker in its pid namespace, shared pages counted once where `limit_kb` may be exceeded.

    For the broker alone: process 1 of the namespace that /proc shows. Stops counting at `until`, of `time.monotonic`.
    """
    pids = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
    total = sum(_pages(pid) * _PAGE_KB for pid in pids)
    if total <= limit_kb:
        return total
    return sum(_proportional_kb(pid) for pid in pids if time.monotonic() < until)


def _pages(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1])
    except (OSError, IndexError):  # it has just ended
        return 0


def _proportional_kb(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(b"Pss:"))
    except (OSError, StopIteration):
        return 0
