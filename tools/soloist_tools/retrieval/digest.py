"""What an index remembers of a file's content: where its chunks are, and which words they hold.

The text itself stays in the tree.
"""

import json
import zlib
from array import array
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b

from soloist_tools.retrieval.chunks import Chunk, chunks
from soloist_tools.retrieval.languages import language
from soloist_tools.retrieval.words import words

SYMBOL_WEIGHT = 3
"""A word of a chunk's name counts as so many in its text."""
_MOST = 255


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk is, and what it is called."""

    first: int
    last: int
    symbol: str
    kind: str


@dataclass(frozen=True, slots=True)
class Digest:
    """One content. The postings of a word are `counts[i]` neighbours in `chunk` and `often`, in the order of `vocabulary`."""

    places: tuple[Place, ...]
    vocabulary: list[str]
    counts: "array[int]"
    chunk: "array[int]"
    """Numbers of chunks in this file, rising within a word."""
    often: "array[int]"
    """Weighted term frequencies, at most 255."""


class Damaged(ValueError):
    """What the store gave back is not what was put in."""


def content_key(path: str, raw: bytes) -> str:
    """The key under which a content's digest is kept: equal files in the same language share one."""
    return blake2b(language(path).encode() + b"\0" + raw, digest_size=16).hexdigest()


def digested(path: str, raw: bytes) -> Digest:
    """The digest of a file."""
    parts = chunks(path, raw)
    postings: dict[str, list[int]] = {}
    for number, part in enumerate(parts):
        mark = number << 8  # chunk and count in one number: millions of pairs would keep the garbage collector busy
        for word, count in _weighed(part).items():
            postings.setdefault(word, []).append(mark | (count if count < _MOST else _MOST))
    flat = [posting for found in postings.values() for posting in found]
    return Digest(
        tuple(Place(part.first, part.last, part.symbol, part.kind) for part in parts),
        list(postings),
        array("i", map(len, postings.values())),
        array("i", [posting >> 8 for posting in flat]),
        array("B", [posting & _MOST for posting in flat]),
    )


def _weighed(part: Chunk) -> Counter[str]:
    found = words(part.text)
    for word, count in words(part.symbol).items():
        found[word] += SYMBOL_WEIGHT * count
    return found


def packed(digest: Digest) -> tuple[str, bytes]:
    """Both halves of a digest as they are stored: the places, and the words."""
    places = json.dumps([(p.first, p.last, p.symbol, p.kind) for p in digest.places], ensure_ascii=False, separators=(",", ":"))
    vocabulary = "\n".join(digest.vocabulary).encode()
    head = array("i", (len(vocabulary), len(digest.counts), len(digest.chunk))).tobytes()
    parts = (head, vocabulary, digest.counts.tobytes(), digest.chunk.tobytes(), digest.often.tobytes())
    return places, zlib.compress(b"".join(parts), 1)


def unpacked_places(text: str) -> tuple[Place, ...]:
    """The first half. Raises Damaged."""
    try:
        return tuple(Place(*row) for row in json.loads(text))
    except (ValueError, TypeError) as error:
        raise Damaged("the places of a file can't be read") from error


def unpacked(places: str, raw: bytes) -> Digest:
    """A digest from both halves. Raises Damaged."""
    try:
        whole = zlib.decompress(raw)
        letters, vocabulary_size, postings = array("i", whole[:12])
        at, parts = 12, []
        for kind, size in (("u", letters), ("i", vocabulary_size * 4), ("i", postings * 4), ("B", postings)):
            parts.append((kind, whole[at : at + size]))
            at += size
        vocabulary = parts[0][1].decode().split("\n") if letters else []
        return Digest(unpacked_places(places), vocabulary, *(array(kind, part) for kind, part in parts[1:]))
    except (zlib.error, ValueError) as error:
        raise Damaged("the words of a file can't be read") from error
