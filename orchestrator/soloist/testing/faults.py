"""What can go wrong on the way from a model, on order.

A fault belongs to a reply (`Reply(fault=…)`) or to a number of a call (`ModelServer(…, faults={3: Cut(after=2)})`). In the second
case a call that was spoiled takes no reply from the script: the retry finds it. "Refused connection" needs no server at all.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """An HTTP error, with a body as OpenAI's."""

    code: int = 429
    retry_after: float | None = None
    """Seconds; None for no such header."""
    as_date: bool = False
    """Give Retry-After as an HTTP date, which has whole seconds."""
    message: str = "scripted fault"


@dataclass(frozen=True, slots=True)
class SlowStart:
    """The first byte comes late; then all is well."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drip:
    """Every piece comes late: of a stream, or 20 bytes of a whole body. In the end all is well."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is closed midway: in a stream after some pieces, else at half of the promised Content-Length."""

    after: int = 1
    """Pieces that still arrive. The last event of a stream never does, however many are asked for."""
    reset: bool = False
    """By a TCP reset instead of a close."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection is closed before any byte of an answer."""

    reset: bool = False


@dataclass(frozen=True, slots=True)
class Malformed:
    """JSON that breaks off: the whole body, or one event of a stream that goes on after it."""

    at: int = 1
    """Which piece of a stream; the first is 1."""


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """An error where an answer should be, under status 200: in a stream after some pieces, or as the whole body."""

    after: int = 1
    message: str = "scripted fault"


@dataclass(frozen=True, slots=True)
class WrongType:
    """A page of HTML with status 200, as captive portals and wrong ports give."""


@dataclass(frozen=True, slots=True)
class NoChoices:
    """A proper answer in which there is no choice."""


@dataclass(frozen=True, slots=True)
class Flood:
    """An answer that is far too long; it is made as it is sent."""

    megabytes: float = 40


@dataclass(frozen=True, slots=True)
class BadUtf8:
    """Bytes in the text that are no UTF-8."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Nothing comes any more, until the client goes away."""

    after: int | None = None
    """None: not a byte. Else that many pieces come first (of a whole body: half)."""


Fault = Status | SlowStart | Drip | Cut | Drop | Malformed | ErrorEvent | WrongType | NoChoices | Flood | BadUtf8 | Hang

LATE_ONLY = (SlowStart, Drip)
"""With these the answer is complete in the end."""


def needs_reply(fault: Fault) -> bool:
    """Whether the script's reply is (partly) sent under this fault."""
    if isinstance(fault, Hang):
        return fault.after is not None
    return isinstance(fault, SlowStart | Drip | Cut | Malformed | ErrorEvent)
