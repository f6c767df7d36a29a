"""The bytes of an answer, cut into the JSON objects that the server sent.

Takes what servers do: `data:` lines with any line end, comments, a missing `[DONE]`, and a plain JSON body from a server that
does not stream. Anything else is told as what it is.
"""

import json
from collections.abc import Mapping
from typing import Any

Piece = Mapping[str, Any]


class Garbled(ValueError):
    """These bytes are no chat completion. The text says what they are."""


class EventReader:
    """Reads one answer's body."""

    def __init__(self, largest: int, content_type: str = "") -> None:
        """`largest`: bytes that one event may have."""
        self._largest = largest
        self._content_type = content_type.split(";")[0].strip() or "something untyped"
        self._partial = bytearray()
        self._data: list[bytes] = []
        self._streams: bool | None = None
        self.done = False
        """`[DONE]` has come."""

    def feed(self, received: bytes) -> list[Piece]:
        """Objects that are complete by now. Raises `Garbled`."""
        self._partial += received
        if self._streams is None and not self._recognise():
            return []
        if not self._streams or (b"\n" not in received and b"\r" not in received):
            self._check_size()
            return []
        whole = max(self._partial.rfind(b"\n"), self._partial.rfind(b"\r", 0, -1)) + 1
        lines = bytes(self._partial[:whole])
        del self._partial[:whole]
        self._check_size()
        return [piece for line in lines.splitlines() for piece in self._line(line)]

    def end(self) -> list[Piece]:
        """Objects that the end of the body completes. Raises `Garbled`."""
        rest = bytes(self._partial)
        self._partial.clear()
        if self._streams:
            return [piece for line in (rest, b"") for piece in self._line(line)]
        if not rest.strip():
            return []
        self.done = True
        return [_parsed(rest)]

    def _recognise(self) -> bool:
        """Decide by the first character; the declared type is often wrong."""
        start = bytes(self._partial[:64]).lstrip(b"\xef\xbb\xbf \t\r\n")
        if not start:
            self._check_size()
            return False
        if not (start.startswith((b":", b"{", b"event", b"id:", b"retry")) or b"data:".startswith(start[:5])):
            raise Garbled(
                f"answers with {self._content_type}, not with chat completions: is base_url right? It mostly ends in /v1"
            )
        self._streams = not start.startswith(b"{")
        return True

    def _line(self, line: bytes) -> list[Piece]:
        if line.startswith(b"data:"):
            self._data.append(line[5:].strip())
            return []
        if line or not self._data:
            return []
        data = b"\n".join(self._data)
        self._data.clear()
        if data.startswith(b"[DONE]"):
            self.done = True
        return [] if self.done or not data else [_parsed(data)]

    def _check_size(self) -> None:
        if len(self._partial) > self._largest:
            raise TooMuch


class TooMuch(Garbled):
    """More than the caller allows."""


def _parsed(data: bytes) -> Piece:
    try:
        found = json.loads(data.decode())
    except UnicodeDecodeError:
        raise Garbled("sent bytes that are not UTF-8") from None
    except (ValueError, RecursionError):
        raise Garbled("sent malformed JSON") from None
    if not isinstance(found, Mapping):
        raise Garbled("sent JSON that is no object")
    return found
