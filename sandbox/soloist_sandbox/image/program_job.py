"""A program once for each input, each time in a process of its own. Runs in the job's first process, which runs no foreign code:
the exit codes and the output that it writes down are what it saw, not what the program says."""

import binascii
import contextlib
import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from typing import Any, Final, NoReturn

from . import script
from .frames import write_all

MOST_STDOUT: Final = 1 << 20
"""Bytes; a case that writes more is ended."""
KEPT_STDERR: Final = 4096
"""Bytes, of its end."""
_CHUNK: Final = 1 << 16
_WAKE_MS: Final = 200
"""How often orphans are reaped while nothing else happens."""
_WAKE_BLIND_MS: Final = 10
"""The same where the kernel can't tell that the program has ended."""


class _Case:
    """One run: what has come out of it so far, and how it has ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.setup = bytearray()
        """What went wrong before the program began."""
        self.status: int | None = None
        self.late = False

    def take(self, name: str, part: bytes) -> None:
        if name == "stdout":
            self.stdout += part[: MOST_STDOUT + 1 - len(self.stdout)]
        elif name == "stderr":
            self.stderr = (self.stderr + part)[-KEPT_STDERR:]
        else:
            self.setup += part

    @property
    def too_much(self) -> bool:
        return len(self.stdout) > MOST_STDOUT

    @property
    def exit_code(self) -> int | None:
        ended = self.status is not None and os.WIFEXITED(self.status) and not self.late and not self.too_much
        return os.WEXITSTATUS(self.status or 0) if ended else None

    def line(self) -> bytes:
        told = {
            "exit": self.exit_code,
            "signal": os.WTERMSIG(self.status) if self.status is not None and os.WIFSIGNALED(self.status) else None,
            "late": self.late,
            "too_much": self.too_much,
            "stdout": binascii.b2a_base64(self.stdout[:MOST_STDOUT], newline=False).decode(),
            "stderr": binascii.b2a_base64(self.stderr, newline=False).decode(),
        }
        return json.dumps(told).encode() + b"\n"


def run(job: dict[str, Any], descriptor: int, begin: Callable[[], object]) -> int:
    """Run `job["path"]` on each text of `job["stdin"]`; one line of JSON for each on the descriptor.

    `begin` is called first in each program's process. Stops after the first case that does not end with 0, since it decides.
    Returns 0 when every case has ended with 0, else 1. Raises `RuntimeError` when a process could not be prepared: no program's
    fault.
    """
    for text in job["stdin"]:
        case = _run(job["path"], text.encode(), job["case_seconds"], begin)
        write_all(descriptor, case.line())
        if case.exit_code != 0:
            return 1
    return 0


def _run(path: str, text: bytes, seconds: float, begin: Callable[[], object]) -> _Case:
    stdin = os.memfd_create("stdin")
    write_all(stdin, text)
    os.lseek(stdin, 0, os.SEEK_SET)
    pipes = {"stdout": os.pipe(), "stderr": os.pipe(), "setup": os.pipe()}
    deadline = time.monotonic() + seconds
    pid = os.fork()
    if pid == 0:
        _become(path, (stdin, pipes["stdout"][1], pipes["stderr"][1]), pipes["setup"][1], begin)
    os.close(stdin)
    for _, writing in pipes.values():
        os.close(writing)
    case = _Case(pid)
    names = {reading: name for name, (reading, _) in pipes.items()}
    try:
        _watch(case, names, deadline)
        _end_all(case)
        for reading in names:  # every writer is dead: what is left is there
            while _drain(case, names, reading):
                pass
    finally:
        for reading in names:
            os.close(reading)
    if case.setup:
        raise RuntimeError(f"a program's process could not be prepared: {case.setup.decode(errors='replace')}")
    return case


def _become(path: str, streams: tuple[int, int, int], setup: int, begin: Callable[[], object]) -> NoReturn:
    try:
        begin()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[1])  # also where the results are written
    except BaseException as error:
        os.write(setup, f"{type(error).__name__}: {error}".encode()[:1000])
        os._exit(1)
    script.run(path)


def _watch(case: _Case, names: dict[int, str], deadline: float) -> None:
    """Until the program ends, is late or has written too much."""
    poller = select.poll()
    for reading in names:
        os.set_blocking(reading, False)
        poller.register(reading, select.POLLIN)
    notice = _notice(case.pid)
    if notice is not None:
        poller.register(notice, select.POLLIN)
    wake = _WAKE_MS if notice is not None else _WAKE_BLIND_MS
    try:
        while not case.too_much and not _reaped(case):
            left = deadline - time.monotonic()
            if left <= 0:
                case.late = True
                return
            for ready, _ in poller.poll(min(left * 1000 + 1, wake)):
                if ready in names and not _drain(case, names, ready):
                    poller.unregister(ready)
    finally:
        if notice is not None:
            os.close(notice)


def _notice(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _drain(case: _Case, names: dict[int, str], reading: int) -> bool:
    """Read what is there; False when there is no more."""
    try:
        part = os.read(reading, _CHUNK)
    except BlockingIOError:
        return False
    case.take(names[reading], part)
    return bool(part)


def _reaped(case: _Case) -> bool:
    """Take every process that has ended, orphans of the program too; whether the program itself has."""
    while case.status is None:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == 0:
            break
        if pid == case.pid:
            case.status = status
    return case.status is not None


def _end_all(case: _Case) -> None:
    """Kill and reap what the case has left. Only the first process of a namespace may kill -1: for others it is everything."""
    first = os.getpid() == 1
    while True:
        with contextlib.suppress(ProcessLookupError):
            if first:
                os.kill(-1, signal.SIGKILL)
            elif case.status is None:
                os.kill(case.pid, signal.SIGKILL)
        try:
            pid, status = os.waitpid(-1 if first else case.pid, 0)
        except ChildProcessError:
            return
        if pid == case.pid:
            case.status = status
