"""The protocol: fixed binary headers both ways, and behind them bytes that the broker passes on without looking at them.

Client to broker: an `ORDER`, then its payload. Broker to client: an `ANSWER`, then its body. The host's side (`wire.py`) uses
these same structures.
"""

import os
import struct
from typing import Final, Literal, NamedTuple

MAGIC: Final = b"SLO2"
PROTOCOL: Final = 2

OPEN: Final = 1
"""The payload is a tar archive: the workspace. Answered by `DONE` or `FAILED`."""
JOB: Final = 2
"""The payload is a job (see `job.py`). Answered by `DONE`, `REFUSED` or `FAILED`."""
PING: Final = 3
"""No payload. Answered by `READY`."""

READY: Final = 1
"""The body says in plain text what does not work here; empty when every job gets namespaces of its own."""
DONE: Final = 2
"""The body is a `RESULT`, then stdout, stderr, report and files in this order."""
REFUSED: Final = 3
"""The payload asks for what can't be done: the client's mistake. The body says why."""
FAILED: Final = 4
"""The sandbox could not do its part: the job never started. The body says why."""

WARM: Final = 1
"""Flag of a job: what it compiles is kept for later jobs."""
COLLECT: Final = 2
"""Flag of a job: bring changed files back."""

COMMAND, PYTEST, FUNCTION, PROGRAM = range(4)
"""Kinds of jobs."""

Limit = Literal["seconds", "memory", "output", "disk", "refused"]
LIMITS: Final[tuple[Limit | None, ...]] = (None, "seconds", "memory", "output", "disk", "refused")
"""What the result's number of a limit means."""

ANSWER: Final = struct.Struct(">4sBxxxQ")
"""Magic, kind, bytes of body."""
_ORDER: Final = struct.Struct(">4sBBHQddQQIIQ")
_RESULT: Final = struct.Struct(">iBB2xddQ4Q")
RESULT_SIZE: Final = _RESULT.size
ORDER_SIZE: Final = _ORDER.size
_CHUNK: Final = 1 << 20


class Order(NamedTuple):
    """What the broker must know of an order; everything else is in the payload, which it never reads."""

    op: int
    kind: int = 0
    flags: int = 0
    length: int = 0
    """Bytes of the payload."""
    seconds: float = 0.0
    nudge: float = 0.0
    """Seconds after which the job is asked to come to its end by SIGVTALRM; 0 for never."""
    memory: int = 0
    """Bytes of address space of each process, and of all resident together."""
    disk: int = 0
    """Bytes of the largest file."""
    processes: int = 0
    output: int = 0
    """Bytes kept of stdout and of stderr."""
    report: int = 0
    """Bytes kept of the report and of the files."""

    def pack(self) -> bytes:
        """As it is sent."""
        return _ORDER.pack(MAGIC, *self)


class Result(NamedTuple):
    """How a job ended, in the kernel's words."""

    status: int
    """As from `wait`."""
    limit: int
    """Index in `LIMITS`."""
    truncated: int
    seconds: float
    cpu_seconds: float
    resident_kb: int
    stdout: int
    """Bytes of it; likewise the next three."""
    stderr: int
    report: int
    files: int

    def pack(self) -> bytes:
        """As it is sent."""
        return _RESULT.pack(*self)


class ClientGone(Exception):
    """The other end closed: nobody is left to work for."""


def parse_order(data: bytes) -> Order:
    """Raises `ClientGone` for what is no order: the stream is lost."""
    magic, *fields = _ORDER.unpack(data)
    if magic != MAGIC:
        raise ClientGone
    return Order(*fields)


def parse_result(data: bytes) -> Result:
    """Raises `struct.error`, `TypeError`."""
    return Result(*_RESULT.unpack(data))


def read_exactly(descriptor: int, length: int) -> bytes:
    """Raises `ClientGone` at the end of the stream."""
    parts = []
    while length:
        part = os.read(descriptor, min(length, _CHUNK))
        if not part:
            raise ClientGone
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def skip(descriptor: int, length: int) -> None:
    """Leave the stream at the next order. Raises `ClientGone`."""
    while length:
        length -= len(read_exactly(descriptor, min(length, _CHUNK)))


def write_answer(descriptor: int, kind: int, *parts: "bytes | memoryview") -> None:
    """Send one answer. Raises `ClientGone` when nobody reads it."""
    left: list[bytes | memoryview] = [ANSWER.pack(MAGIC, kind, sum(map(len, parts))), *parts]
    try:
        wrote = os.writev(descriptor, left)  # at once, where the pipe takes it: who stands between wakes for every write
        for part in left:
            write_all(descriptor, memoryview(part)[wrote:])
            wrote = max(0, wrote - len(part))
    except OSError as error:
        raise ClientGone from error


def write_all(descriptor: int, data: "bytes | memoryview") -> None:
    """Write everything, however little the pipe takes at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
