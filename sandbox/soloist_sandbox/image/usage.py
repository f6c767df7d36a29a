"""What processes have used that are about to be killed: who is never waited for appears in nobody's account."""

import os
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE_KB: Final = os.sysconf("SC_PAGE_SIZE") // 1024


def unwaited(first: int) -> "tuple[float, int]":
    """Processor seconds of all processes but the broker and a job's first one, and KiB resident of the largest.

    For the broker alone: process 1 of the namespace that /proc shows.
    """
    found = [_of(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, first)]
    return sum(seconds for seconds, _ in found), max((resident for _, resident in found), default=0)


def _of(pid: str) -> "tuple[float, int]":
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:  # it has just ended
        return 0.0, 0
    own_and_waited_for = sum(map(int, fields[11:15]))
    return own_and_waited_for / _TICKS, int(fields[21]) * _PAGE_KB
