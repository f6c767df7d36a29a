"""Sends an answer over a connection, with or without its fault."""

import asyncio
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from math import ceil
from time import time
from typing import Any, Protocol

from soloist.testing.answer import Answer, Streamed, as_bytes
from soloist.testing.faults import Drip, Drop, Fault, Hang, SlowStart, Status, WrongType
from soloist.testing.spoiling import Ending, error_body, spoilt_body, spoilt_rounds
from soloist.testing.wire import Connection, chunked, head

JSON = "application/json"
_EVENTS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache", "Transfer-Encoding": "chunked"}
_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>\n"
_DRIPPED = 20


class Form(Protocol):
    """The form of an endpoint: the modules `chat` and `responses`."""

    def whole(self, answer: Answer) -> Mapping[str, Any]:
        """The body in one piece."""
        ...

    def streamed(self, answer: Answer) -> Streamed:
        """The body in pieces."""
        ...


async def send_body(
    wire: Connection, status: int, body: bytes, kind: str = JSON, headers: Mapping[str, str] | None = None
) -> None:
    """Send a complete response."""
    await wire.put(head(status, {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}) + body)


async def send_error(wire: Connection, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
    """Send an HTTP error."""
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    await send_body(wire, status, error_body(message, kind), headers=headers)


async def send_instead(wire: Connection, fault: Fault | None) -> bool:
    """Send what a fault puts in place of an answer in the protocol; False where it does not."""
    match fault:
        case Status():
            await send_error(wire, fault.code, fault.message, _retry_after(fault))
        case WrongType():
            await send_body(wire, 200, _PAGE, "text/html; charset=utf-8")
        case Drop():
            wire.close(reset=fault.reset)
        case Hang(after=None):
            await _for_ever()
        case SlowStart():
            await asyncio.sleep(fault.seconds)
            return False
        case _:
            return False
    return True


async def send_answer(wire: Connection, form: Form, answer: Answer, delay: float, fault: Fault | None) -> None:
    """Send an answer in the wanted form: whole or streamed."""
    if not answer.ask.stream:
        await asyncio.sleep(delay * max((ceil(len(c.thinking + c.text) / c.chunk) for c in answer.choices), default=0))
        await send_whole(wire, as_bytes(form.whole(answer)), fault)
        return
    pace = fault.seconds if isinstance(fault, Drip) else delay
    stream = form.streamed(answer)
    await wire.put(head(200, _EVENTS) + (chunked(stream.opening) if stream.opening else b""))
    if await _play(wire, map(_as_chunk, spoilt_rounds(stream, fault)), pace):
        await wire.put(b"0\r\n\r\n")


async def send_whole(wire: Connection, body: bytes, fault: Fault | None) -> None:
    """Send JSON with its length, or with the wrong one."""
    length, parts = spoilt_body(body, fault)
    await wire.put(head(200, {"Content-Type": JSON, "Content-Length": str(length)}))
    if isinstance(fault, Drip):
        parts = (body[start : start + _DRIPPED] for start in range(0, len(body), _DRIPPED))
    await _play(wire, parts, fault.seconds if isinstance(fault, Drip) else 0.0)


async def _play(wire: Connection, parts: Iterable[bytes | Ending], pace: float) -> bool:
    """Send part after part; False where one of them ends the connection."""
    for part in parts:
        if isinstance(part, Ending):
            await wire.flush()
            if part is Ending.HANG:
                await _for_ever()
            wire.close(reset=part is Ending.RESET)
            return False
        if pace:
            await wire.flush()
            await asyncio.sleep(pace)
        await wire.put(part)
    return True


def _as_chunk(part: bytes | Ending) -> bytes | Ending:
    return chunked(part) if part and isinstance(part, bytes) else part


def _retry_after(fault: Status) -> Mapping[str, str]:
    if fault.retry_after is None:
        return {}
    if fault.as_date:
        return {"Retry-After": formatdate(ceil(time() + fault.retry_after), usegmt=True)}
    return {"Retry-After": f"{fault.retry_after:g}"}


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()
