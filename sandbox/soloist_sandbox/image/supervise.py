"""One job from fork to the last process's death: pipes drained unread, limits kept, the wait status taken."""

import contextlib
import fcntl
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Final, NoReturn

from . import job, kernel, memory, usage, workspace
from .arena import PIPE, Stream
from .control import FAILED, GO, READY, REFUSED, STATUS
from .frames import COLLECT, FUNCTION, LIMITS, WARM, ClientGone, Limit, Order, Result, write_all

SETUP_SECONDS: Final = 60.0
"""For isolating itself, and for a payload to arrive."""
_COLLECT_SECONDS: Final = 8.0
_DRAIN_MS: Final = 5
"""How often pipes are emptied."""
_LOOK_SECONDS: Final = 0.025
"""How often a job's memory is looked at. A control group bounds the container, with room for files and for us."""
_REST: Final = 4
"""Times what a look at memory takes: where much is shared by many, that is long, and the job needs the processor too."""
_WORD: Final = 1100


class SetupFailed(RuntimeError):
    """The job never started. The sandbox's fault, not the program's."""


class Refused(ValueError):
    """The client asked for what can't be done."""


class Child:
    """A fork that is a job already, or waits to become one."""

    def __init__(self, setting: job.Setting, requests: int) -> None:
        ours, theirs = socket.socketpair()
        pipes = [os.pipe() for _ in range(3)]
        try:
            self.pid = _fork(setting, lambda: job.become(setting, theirs.fileno(), (pipes[0][1], pipes[1][1], pipes[2][1])))
        finally:
            theirs.close()
            for _, writing in pipes:
                os.close(writing)
        self.pidfd = os.pidfd_open(self.pid)
        self._channel = ours
        self.control = ours.fileno()
        self.pipes = [reading for reading, _ in pipes]
        with contextlib.suppress(OSError):  # where the user has used up what he may have, it stays small
            fcntl.fcntl(self.pipes[-1], fcntl.F_SETPIPE_SZ, PIPE)
        self.scratch = -1
        self._ready = False

    def failure(self, seconds: float, client: int) -> str:
        """Why it can't be used; "" when it is ready for its order. Raises `ClientGone`."""
        if not self._ready:
            word = self.word(seconds, client)
            if word[:1] != READY:
                return word[1:].decode(errors="replace") or "a job could not be isolated"
            self._ready = True
        return ""

    def word(self, seconds: float, client: int) -> bytes:
        """What it says next; b"" when it has died or says nothing in time. Raises `ClientGone`."""
        poller = select.poll()
        poller.register(self.control, select.POLLIN)
        poller.register(client, 0)  # hang-up is always reported
        ready = dict(poller.poll(seconds * 1000))
        if client in ready:
            raise ClientGone
        if not ready:
            return b""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._channel, _WORD, 1)
        except OSError:
            return b""
        if descriptors:
            self.scratch = descriptors[0]
        return data

    def kill(self) -> None:
        """With all that it has started: it is the first process of its namespace."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def reap(self) -> "tuple[int, float, int]":
        """Wait for its end, which is the end of everything in its namespace: status, processor seconds, KiB resident."""
        _, status, usage = os.wait4(self.pid, 0)
        return status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss

    def discard(self) -> None:
        """It is not needed any more."""
        self.kill()
        self.reap()
        self.close()

    def close(self) -> None:
        """After `reap`."""
        self._channel.close()
        for descriptor in (self.pidfd, *self.pipes, self.scratch):
            if descriptor >= 0:
                os.close(descriptor)


def _fork(setting: job.Setting, become: Callable[[], NoReturn]) -> int:
    """Into a new pid namespace, where the setting has one."""
    if setting.isolation is None:
        pid = os.fork()
        if pid == 0:
            become()
        return pid
    kernel.unshare(kernel.NEWPID)
    try:
        pid = os.fork()
        if pid == 0:
            become()
        return pid
    finally:
        kernel.enter(setting.isolation.pid_namespace, kernel.NEWPID)  # else there could be no second namespace


class Ended:
    """How a job ended, and what it wrote: to be sent, and then forgotten."""

    def __init__(self, result: Result, streams: list[Stream]) -> None:
        self.result = result
        self._streams = streams

    def parts(self) -> "list[bytes | memoryview]":
        """The body of the answer."""
        return [self.result.pack(), *(stream.kept for stream in self._streams)]

    def forget(self) -> None:
        """Give the memory back."""
        for stream in self._streams:
            stream.close()


def run(child: Child, order: Order, client: int, out_of_memory: memory.OutOfMemory) -> Ended:
    """Run a job to its end; nothing of it is alive afterwards, and `child` is closed.

    Raises `SetupFailed` and `Refused` when it was not started, and `ClientGone` when the client closes its end meanwhile, or
    when nobody knows how much of the payload was read.
    """
    try:
        _start(child, order, client)
        return _ended(child, order, client, out_of_memory)
    finally:
        child.close()


def _start(child: Child, order: Order, client: int) -> None:
    os.write(child.control, order.pack())
    word = child.word(SETUP_SECONDS, client)
    if word[:1] == GO:
        return
    child.kill()
    child.reap()
    reason = word[1:].decode(errors="replace")
    if word[:1] == REFUSED:
        raise Refused(reason)
    if word[:1] == FAILED:
        raise SetupFailed(reason)
    raise ClientGone  # it died with the payload half read


def _ended(child: Child, order: Order, client: int, out_of_memory: memory.OutOfMemory) -> Ended:
    killed_before = out_of_memory.kills()
    started = time.monotonic()
    streams = [Stream(pipe, cap) for pipe, cap in zip(child.pipes, (order.output, order.output, order.report), strict=True)]
    limit, told = _watch(child, order, streams, client, started)
    unwaited, largest = usage.unwaited(child.pid) if limit else (0.0, 0)
    child.kill()
    status, cpu, resident = child.reap()
    _end_orphans()
    seconds = time.monotonic() - started
    for stream in streams:
        stream.drain_all()
    if out_of_memory.kills() > killed_before:
        limit = "memory"
    if limit is None and told is None and order.kind != FUNCTION:
        raise SetupFailed("the process above the program ended without a word")
    status = status if told is None else told
    if limit is None:
        limit = _reached(status, streams, child.scratch)
    files, complete = _brought_back(child, order)
    if not complete and limit is None:
        limit = "disk"
    streams += files
    truncated = streams[0].overflown or streams[1].overflown
    sizes = [*(len(stream.kept) for stream in streams), 0][:4]
    result = Result(status, LIMITS.index(limit), truncated, seconds, cpu + unwaited, max(resident, largest), *sizes)
    return Ended(result, streams)


def _reached(status: int, streams: list[Stream], scratch: int) -> Limit | None:
    """Which limit a job ran into that has ended by itself."""
    if any(stream.overflown for stream in streams):
        return "output"
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS:
        return "refused"
    room = os.fstatvfs(scratch)
    full = room.f_bavail == 0 or room.f_ffree == 0
    if status != 0 and (full or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXFSZ)):
        return "disk"
    return None


def _watch(child: Child, order: Order, streams: list[Stream], client: int, started: float) -> "tuple[Limit | None, int | None]":
    """Until the job's first process ends or a limit is reached: (the limit, the program's status where that process told it).

    Pipes are looked at now and then: waking for every line that a job writes would cost more than many a job.
    """
    poller = select.poll()
    poller.register(child.pidfd, select.POLLIN)
    if order.kind != FUNCTION:  # which says nothing more
        poller.register(child.control, select.POLLIN)
    poller.register(client, 0)
    deadline = started + order.seconds
    nudge = started + order.nudge if order.nudge else deadline
    look = started + _LOOK_SECONDS
    told: int | None = None
    while True:
        ready = [descriptor for descriptor, _ in poller.poll(_DRAIN_MS)]
        now = time.monotonic()
        if client in ready:
            raise ClientGone
        if child.control in ready:
            told = _told(child.control)
            poller.unregister(child.control)
        if child.pidfd in ready:
            return None, told
        for stream in streams:
            stream.drain()
        if any(stream.overflown for stream in streams):
            return "output", told
        if now >= deadline:
            return "seconds", told
        if now >= nudge:
            signal.pidfd_send_signal(child.pidfd, signal.SIGVTALRM)
            nudge = now + order.seconds / 50
        if now >= look:
            if memory.resident_kb(order.memory >> 10, deadline) > order.memory >> 10:
                return "memory", told
            taken = time.monotonic() - now
            look = now + taken + max(_LOOK_SECONDS, _REST * taken)


def _told(control: int) -> int | None:
    word = os.read(control, _WORD)
    return int.from_bytes(word[1:5], "big") if word[:1] == STATUS else None


def _end_orphans() -> None:
    """Where a job had no namespace of its own, what it left behind is in ours. Only process 1 may call every process its own."""
    while os.getpid() == 1:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        try:
            os.wait4(-1, 0)
        except ChildProcessError:
            return


def _brought_back(child: Child, order: Order) -> "tuple[list[Stream], bool]":
    """What a fork of ours, in which nothing foreign runs, finds in the dead job's layer, and whether that is all that was asked
    for: one stream, or none where nothing was, or where the job has made more than can be brought back."""
    if not order.flags & (WARM | COLLECT):
        return [], True
    reading, writing = os.pipe()
    child.pipes.append(reading)
    stream = Stream(reading, order.report)
    pid = os.fork()
    if pid == 0:
        _bring_back(order.flags, child.scratch, writing)
    os.close(writing)
    deadline = time.monotonic() + _COLLECT_SECONDS
    poller = select.poll()
    poller.register(reading, select.POLLIN)
    while not stream.overflown and (left := deadline - time.monotonic()) > 0:
        if poller.poll(left * 1000) and not stream.drain():
            break
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if status == 0 and not stream.overflown:
        return [stream], True
    stream.close()
    return [], not order.flags & COLLECT


def _bring_back(flags: int, scratch: int, writing: int) -> NoReturn:
    code = 1
    try:
        upper = os.open("upper", os.O_RDONLY | os.O_DIRECTORY, dir_fd=scratch)
        if flags & WARM:
            workspace.harvest(upper)
        else:
            workspace.collect(upper, partial(write_all, writing))
        code = 0
    finally:
        os._exit(code)
