"""A container's stdin, stdout and stderr, multiplexed on one connection to the engine.

The request that turns a connection into such a stream is made here rather than by the SDK: what the SDK hands out is no plain
socket for TLS and for ssh, and can't be given to the event loop. When the stream closes, so does the container's stdin.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from soloist_sandbox.docker_dial import CONNECT_SECONDS, Dialler
from soloist_sandbox.in_thread import in_thread
from soloist_sandbox.wire import ContainerLost

ATTACH_SECONDS: Final = 30.0
_FRAME: Final = struct.Struct(">BxxxI")
_STDERR: Final = 2
_WORDS: Final = 2000
_SWITCHED: Final = (101, 200)


class AttachedContainer:
    """Implements `engine.Container`. `remove` kills and removes the container; it must not raise."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, remove: Callable[[], Awaitable[None]]) -> None:
        self._reader = reader
        self._writer = writer
        self._remove = remove
        self._stdout = bytearray()
        self._stderr = b""

    async def write(self, data: bytes) -> None:
        """See `Container.write`."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise ContainerLost("the container has ended") from error

    async def read(self, size: int) -> bytes:
        """See `Container.read`."""
        while len(self._stdout) < size:
            if not (piece := await self._piece()):
                raise ContainerLost("the container has ended")
            self._stdout += piece
        found = bytes(self._stdout[:size])
        del self._stdout[:size]
        return found

    async def _piece(self) -> bytes:
        """What comes next on stdout, empty at the end of the stream; what comes on stderr is remembered."""
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                kind, length = _FRAME.unpack(await self._reader.readexactly(_FRAME.size))
                piece = await self._reader.readexactly(length)
                if kind == _STDERR:
                    self._stderr = (self._stderr + piece)[-_WORDS:]
                elif piece:
                    return piece
        return b""

    async def last_words(self) -> str:
        """See `Container.last_words`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while await self._piece():
                    pass
        return self._stderr.decode(errors="replace").strip()

    async def end(self) -> None:
        """See `Container.end`."""
        await hang_up(self._writer)
        await self._remove()


async def attach(dialler: Dialler, version: str, name: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The stream of a container that is made but not started, so that no byte is lost. Raises `ContainerLost`, OSError."""
    reader, writer = await _open(dialler)
    request = (
        f"POST /v{version}/containers/{name}/attach?stdin=1&stdout=1&stderr=1&stream=1 HTTP/1.1\r\n"
        "Host: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
    )
    try:
        async with asyncio.timeout(ATTACH_SECONDS):
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n\r\n")
        said = head.partition(b"\r\n")[0].decode(errors="replace")
        if not any(f" {status} " in f"{said} " for status in _SWITCHED):
            raise ContainerLost(f"Docker does not attach: {said}")
    except BaseException as error:
        await hang_up(writer)
        if isinstance(error, asyncio.IncompleteReadError | asyncio.LimitOverrunError):
            raise ContainerLost("Docker does not attach: it hung up") from error
        raise
    return reader, writer


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close at once, whatever is still to be sent. Never raises."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


async def _open(dialler: Dialler) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    plain = await in_thread(dialler.dial_plain, undo=lambda opened: opened.close())
    plain.setblocking(False)
    try:
        if dialler.tls is None:
            return await asyncio.open_connection(sock=plain)
        async with asyncio.timeout(CONNECT_SECONDS):
            return await asyncio.open_connection(sock=plain, ssl=dialler.tls, server_hostname=dialler.address.host)
    except BaseException:
        plain.close()
        raise
