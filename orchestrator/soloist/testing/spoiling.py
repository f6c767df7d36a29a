"""Faults as changes to what would have been sent."""

import base64
import random
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto

from soloist.testing.answer import Streamed, as_bytes
from soloist.testing.faults import BadUtf8, Cut, ErrorEvent, Fault, Flood, Hang, Malformed
from soloist.testing.reply import Reply

_MARK = "<<spoilt>>"
_BLOCK = 65_536


class Ending(Enum):
    """How an answer ends too early."""

    CLOSE = auto()
    RESET = auto()
    HANG = auto()


def stand_in(fault: Fault) -> Reply:
    """The reply that is sent under a fault which needs none of the script's."""
    return Reply(_MARK, chunk=len(_MARK)) if isinstance(fault, Flood | BadUtf8) else Reply()


def error_body(message: str, kind: str) -> bytes:
    """An error as OpenAI and its likes write it."""
    return as_bytes({"error": {"message": message, "type": kind, "param": None, "code": None}})


def spoilt_body(body: bytes, fault: Fault | None) -> tuple[int, Iterable[bytes | Ending]]:
    """The promised Content-Length and what is sent for a whole answer."""
    match fault:
        case Cut():
            return len(body), [body[: len(body) // 2], _ending(fault)]
        case Hang():
            return len(body), [body[: len(body) // 2], Ending.HANG]
        case Malformed():
            return len(body) // 2, [body[: len(body) // 2]]
        case ErrorEvent():
            error = error_body(fault.message, "server_error")
            return len(error), [error]
        case BadUtf8():
            spoilt = _not_utf8(body)
            return len(spoilt), [spoilt]
        case Flood():
            before, _, after = body.partition(_MARK.encode())
            return len(before) + _size(fault) + len(after), _around(before, _flood(_size(fault)), after)
        case _:
            return len(body), [body]


def spoilt_rounds(stream: Streamed, fault: Fault | None) -> Iterable[bytes | Ending]:
    """The rounds of a stream, all but its opening. Ends with an `Ending` where the stream does."""
    rounds = stream.rounds
    match fault:
        case Cut():
            return [*_first(rounds, fault.after), _ending(fault)]
        case Hang():
            return [*_first(rounds, fault.after or 0), Ending.HANG]
        case Malformed():
            return [*_broken_off(rounds, fault.at), stream.closing]
        case ErrorEvent():
            return [*_first(rounds, fault.after), b"data: %b\n\n" % error_body(fault.message, "server_error")]
        case BadUtf8():
            return [*map(_not_utf8, rounds), _not_utf8(stream.closing)]
        case Flood():
            before, _, after = rounds[0].partition(_MARK.encode())
            blocks = (before + block + after for block in _flood(_size(fault)))
            return _around(b"", blocks, b"".join(rounds[1:]) + stream.closing.replace(_MARK.encode(), b""))
        case _:
            return [*rounds, stream.closing]


def _first(rounds: Sequence[bytes], count: int) -> Sequence[bytes]:
    return rounds[: max(0, min(count, len(rounds) - 1))]


def _ending(fault: Cut) -> Ending:
    return Ending.RESET if fault.reset else Ending.CLOSE


def _broken_off(rounds: Sequence[bytes], at: int) -> list[bytes]:
    position = min(at, len(rounds)) - 1
    broken = rounds[position].rstrip(b"\n")
    return [*rounds[:position], broken[: -len(broken) // 3] + b"\n\n", *rounds[position + 1 :]]


def _not_utf8(data: bytes) -> bytes:
    return data.replace(_MARK.encode(), b"caf\xe9 \xff\xfe")


def _size(fault: Flood) -> int:
    return int(fault.megabytes * 1_000_000)


def _flood(size: int) -> Iterator[bytes]:
    """Text without short repetitions: a guard against loops is not what is on trial."""
    block = base64.b64encode(random.Random(0).randbytes(_BLOCK * 3 // 4))  # noqa: S311 - no secret
    for start in range(0, size, _BLOCK):
        yield block[: min(_BLOCK, size - start)]


def _around(before: bytes, blocks: Iterable[bytes], after: bytes) -> Iterator[bytes]:
    yield before
    yield from blocks
    yield after
