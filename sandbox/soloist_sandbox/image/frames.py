"""Length-prefixed frames over two file descriptors: a fixed binary header, JSON metadata, raw bytes."""

import json
import os
import struct
from typing import Any, Final

HEADER: Final = struct.Struct(">4sIQ")
"""Magic, bytes of metadata, bytes of body. The same layout stands in `wire.py`."""
MAGIC: Final = b"SLO1"
_CHUNK: Final = 1 << 20


class ClientGone(Exception):
    """The other end closed: nobody is left to work for."""


class Body:
    """The raw bytes of a frame, readable once, in order, as from a file."""

    def __init__(self, descriptor: int, length: int) -> None:
        self._descriptor = descriptor
        self.left = length

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes (all that is left when negative); fewer only at the end."""
        wanted = self.left if size < 0 else min(size, self.left)
        got = read_exactly(self._descriptor, wanted)
        self.left -= wanted
        return got

    def skip(self) -> None:
        """Leave the stream at the next frame's header."""
        while self.left:
            self.read(_CHUNK)


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


def read_frame(descriptor: int) -> tuple[dict[str, Any], Body]:
    """The next frame's metadata, and its body still unread. Raises `ClientGone`."""
    magic, meta, body = HEADER.unpack(read_exactly(descriptor, HEADER.size))
    if magic != MAGIC:
        raise ClientGone
    return json.loads(read_exactly(descriptor, meta)), Body(descriptor, body)


def write_frame(descriptor: int, meta: dict[str, Any], *parts: bytes) -> None:
    """Send one frame. Raises `ClientGone` when nobody reads it."""
    text = json.dumps(meta).encode()
    head = HEADER.pack(MAGIC, len(text), sum(map(len, parts)))
    try:
        for part in (head + text, *parts):
            write_all(descriptor, part)
    except OSError as error:
        raise ClientGone from error


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything, however little the pipe takes at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
