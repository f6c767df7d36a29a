"""What the runner asks of the kernel, and what it can be told about memory."""

import contextlib
import ctypes
import os
import select
import signal
from pathlib import Path

Death = tuple[int, int, int]
"""Process, wait status, KiB resident at most."""

_PR_SET_DUMPABLE = 4
_OOM_COUNTERS = (
    Path("/sys/fs/cgroup/memory.events"),  # cgroup v2
    Path("/sys/fs/cgroup/memory/memory.oom_control"),  # cgroup v1
)
_SYSV = (Path("/proc/sysvipc/shm"), Path("/proc/sysvipc/msg"), Path("/proc/sysvipc/sem"))


def set_dumpable(allowed: bool) -> None:
    """Let other processes of this uid trace this one and open its /proc entries, or not. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, int(allowed), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) failed")


def oom_kills() -> int:
    """How many processes the kernel has killed in this container for want of memory; 0 where it can't be known."""
    for path in _OOM_COUNTERS:
        try:
            text = path.read_text()
        except OSError:
            continue
        for line in text.splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    return 0


def shared_segments() -> bool:
    """Whether System V shared memory, queues or semaphores exist: they outlive the processes that made them."""
    for path in _SYSV:
        try:
            if len(path.read_text().splitlines()) > 1:  # the first line names the columns
                return True
        except OSError:
            continue
    return False


def watch(poller: "select.poll", pid: int) -> int | None:
    """Have the poller wake when a child ends. None where the kernel can't do it: then poll often."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return None
    poller.register(descriptor, select.POLLIN)
    return descriptor


def end_all() -> list[Death]:
    """Kill and reap everything else in this pid namespace.

    Only process 1 of a namespace may call this: for anyone else, -1 means every process of the user.
    """
    if os.getpid() != 1:
        raise RuntimeError("not process 1: refusing to kill everything")
    ended: list[Death] = []
    while True:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        try:
            pid, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return ended
        ended.append((pid, status, usage.ru_maxrss))


def reap() -> list[Death]:
    """What has ended by itself, as `end_all`."""
    ended: list[Death] = []
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, status, usage.ru_maxrss))
