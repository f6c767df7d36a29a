"""Does a text that comes in pieces repeat itself without end?

A loop holds nothing new: every piece of it stood in the text shortly before. How much is new in a piece is measured by
compressing it with the text before it as dictionary. One such piece proves nothing, since a table has equal rows and an answer
quotes its draft; a loop is a long unbroken run of them, longer than the memory they are compared with, so that each passage was
said at least three times. Lists whose items differ, if only by a number, have something new in every line and never count.

Two scales see two kinds: a phrase said over and over, and a paragraph or a cycle of them. Cost: about 0.1 us a character.
"""

import zlib
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scale:
    """Lengths in bytes of UTF-8."""

    piece: int
    memory: int
    """How far back a piece may have been said before."""
    run: int
    """How much repetition in a row makes a loop."""
    novelty: float
    """A piece that needs more than this fraction of its length to be written anew says something new."""


SCALES = (Scale(piece=512, memory=1024, run=6144, novelty=1 / 22), Scale(piece=2048, memory=8192, run=24576, novelty=1 / 40))


@dataclass
class LoopDetector:
    """Sees the text of one choice."""

    looping: bool = False
    _tails: list["_Tail"] = field(default_factory=lambda: [_Tail(scale) for scale in SCALES])

    def feed(self, text: str) -> bool:
        """Take a piece. True as soon as the text is in a loop, and from then on."""
        if not self.looping:
            encoded = text.encode(errors="replace")
            for tail in self._tails:
                self.looping |= tail.feed(encoded)
        return self.looping


class _Tail:
    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self._before = b""
        self._new = bytearray()
        self._repeated = 0

    def feed(self, text: bytes) -> bool:
        self._new += text
        size = self._scale.piece
        if len(self._new) < size:
            return False
        whole = len(self._new) - len(self._new) % size
        for start in range(0, whole, size):
            self._judge(bytes(self._new[start : start + size]))
            if self._repeated >= self._scale.run:
                return True
        del self._new[:whole]
        return False

    def _judge(self, piece: bytes) -> None:
        again = len(self._before) >= self._scale.memory and _written_anew(piece, self._before) <= len(piece) * self._scale.novelty
        self._repeated = self._repeated + len(piece) if again else 0
        self._before = (self._before + piece)[-self._scale.memory :]


def _written_anew(piece: bytes, before: bytes) -> int:
    """Bytes that the piece takes when all that stood before it is known."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -13, 6, zdict=before)
    return len(packer.compress(piece)) + len(packer.flush())
