"""One job from fork to the last process's death: pipes drained unread, limits kept, the wait status taken."""

import os
import select
import signal
import time
from dataclasses import dataclass, field
from typing import Any, Final

from . import child, kernel
from .frames import ClientGone

_CHUNK: Final = 1 << 16
_WAKE_MS: Final = 200
"""How often orphans are reaped while nothing else happens."""
_WAKE_BLIND_MS: Final = 10
"""The same where the kernel can't tell us that a child has ended."""


class SetupFailed(RuntimeError):
    """The job never started. The runner's fault, not the program's."""


@dataclass(slots=True)
class Pipe:
    """What came through one pipe, up to a cap; the rest is read and dropped."""

    descriptor: int
    cap: int
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def drain(self) -> bool:
        """Read what is there; False at the end of the stream."""
        try:
            part = os.read(self.descriptor, _CHUNK)
        except BlockingIOError:
            return True
        if self.size < self.cap:
            self.parts.append(part[: self.cap - self.size])
        self.size += len(part)
        return bool(part)

    @property
    def overflown(self) -> bool:
        """Whether more came than the cap."""
        return self.size > self.cap

    @property
    def content(self) -> bytes:
        """What was kept."""
        return b"".join(self.parts)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended, in the kernel's words."""

    status: int
    limit: str | None
    seconds: float
    resident_kb: int
    stdout: Pipe
    stderr: Pipe
    report: Pipe


def run(job: dict[str, Any], client: int) -> Ended:
    """Run a job to its end; nothing of it is alive afterwards.

    Raises `SetupFailed` when it could not be started and `ClientGone` when the client closes its end meanwhile.
    """
    pipes = {name: os.pipe() for name in ("stdout", "stderr", "report", "setup")}
    killed_before = kernel.oom_kills()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        child.become(job, pipes)
    for _, writing in pipes.values():
        os.close(writing)
    caps = {"stdout": job["output"], "stderr": job["output"], "report": job["report"], "setup": 1000}
    readers = {name: Pipe(pipes[name][0], caps[name]) for name in pipes}
    try:
        limit, ended = _watch(job, pid, readers, client, started)
        ended += kernel.end_all()
        seconds = time.monotonic() - started
        for pipe in readers.values():
            while pipe.drain():  # every writer is dead: this reaches the end
                pass
    finally:
        for pipe in readers.values():
            os.close(pipe.descriptor)
    if failure := readers.pop("setup").content:
        raise SetupFailed(failure.decode(errors="replace"))
    status, resident = next((status, resident) for who, status, resident in ended if who == pid)
    if kernel.oom_kills() > killed_before:
        limit = "memory"
    elif limit is None and (readers["stdout"].overflown or readers["stderr"].overflown):
        limit = "output"
    return Ended(status, limit, seconds, resident, **readers)


def _watch(
    job: dict[str, Any], pid: int, readers: dict[str, Pipe], client: int, started: float
) -> tuple[str | None, list[kernel.Death]]:
    """Until the job's first process ends or a limit is reached: (the limit, who has ended so far)."""
    poller = select.poll()
    by_descriptor = {pipe.descriptor: pipe for pipe in readers.values()}
    for pipe in readers.values():
        os.set_blocking(pipe.descriptor, False)
        poller.register(pipe.descriptor, select.POLLIN)
    poller.register(client, 0)  # hang-up is always reported
    notice = kernel.watch(poller, pid)
    wake = _WAKE_MS if notice is not None else _WAKE_BLIND_MS
    deadline = started + job["seconds"]
    nudge = started + job["nudge"] if job["nudge"] else deadline
    ended: list[kernel.Death] = []
    try:
        while True:
            now = time.monotonic()
            if now >= deadline:
                return "seconds", ended
            if now >= nudge:
                os.kill(pid, signal.SIGVTALRM)
                nudge = now + (deadline - started) / 50
            for descriptor, _ in poller.poll(min((min(deadline, nudge) - now) * 1000 + 1, wake)):
                if descriptor == client:
                    raise ClientGone
                if descriptor in by_descriptor and not by_descriptor[descriptor].drain():
                    poller.unregister(descriptor)
            if readers["stdout"].overflown or readers["stderr"].overflown:
                return "output", ended
            ended += kernel.reap()
            if any(who == pid for who, _, _ in ended):
                return None, ended
    finally:
        if notice is not None:
            os.close(notice)
