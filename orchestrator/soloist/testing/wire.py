"""One HTTP/1.1 connection, as bytes: small enough to break the protocol on purpose."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

CORK = 16 * 1024
"""Bytes that are gathered before they are handed to the socket."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came."""

    method: str
    path: str
    """Without the query."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Connection(asyncio.Protocol):
    """Reads one request after another and serves each in a task, which is cancelled when the client goes away."""

    def __init__(self, serve: Callable[[Incoming, "Connection"], Awaitable[None]], everyone: set["Connection"]) -> None:
        self._serve = serve
        self._everyone = everyone
        self._received = bytearray()
        self._needed = 0
        self._corked = bytearray()
        self._writable: asyncio.Future[None] | None = None
        self.task: asyncio.Task[None] | None = None
        self.lost = False
        """Whether the connection is gone."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start listening."""
        self._transport = cast("asyncio.Transport", transport)
        self._everyone.add(self)

    def data_received(self, data: bytes) -> None:
        """Gather a request."""
        self._received += data
        if len(self._received) >= self._needed:
            self._next()

    def eof_received(self) -> bool:
        """A client that closes its side waits for nothing more."""
        self._transport.abort()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """End what is being served."""
        self.lost = True
        self._everyone.discard(self)
        if self.task is not None:
            self.task.cancel()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """It has caught up."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    async def put(self, data: bytes) -> None:
        """Send soon: at the next flush, or when enough has gathered."""
        self._corked += data
        if len(self._corked) >= CORK:
            await self.flush()

    async def flush(self) -> None:
        """Send now, and wait while the client is behind."""
        if self._corked:
            self._transport.write(bytes(self._corked))
            self._corked.clear()
        if self._writable is not None:
            await self._writable

    def close(self, *, reset: bool = False) -> None:
        """Close after what is sent already; or with a TCP reset."""
        if not reset:
            self._transport.close()
            return
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _next(self) -> None:
        if self.task is not None or self._transport.is_closing():
            return
        try:
            incoming = self._take()
        except ValueError:
            self._transport.write(head(400, {"Content-Length": "0", "Connection": "close"}))
            self._transport.close()
            return
        if incoming is not None:
            self.task = asyncio.get_running_loop().create_task(self._serve_one(incoming))

    def _take(self) -> Incoming | None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self._received[:end].decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "transfer-encoding" in headers:
            raise ValueError("only bodies with a Content-Length are read")
        self._needed = end + 4 + int(headers.get("content-length", 0))
        if len(self._received) < self._needed:
            return None
        body = bytes(self._received[end + 4 : self._needed])
        del self._received[: self._needed]
        self._needed = 0
        return Incoming(method, target.partition("?")[0], headers, body)

    async def _serve_one(self, incoming: Incoming) -> None:
        try:
            await self._serve(incoming, self)
            await self.flush()
        except BaseException:
            self._transport.abort()
            raise
        if incoming.headers.get("connection", "").lower() == "close":
            self._transport.close()
        self.task = None
        self._next()


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """The status line and the headers."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunked(data: bytes) -> bytes:
    """A piece of a body whose length is not known beforehand."""
    return b"%x\r\n%b\r\n" % (len(data), data)
