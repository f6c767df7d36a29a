"""Building the base: the postings of a whole tree, turned from "words of a file" to "chunks of a word"."""

from collections.abc import Iterable, Iterator, Mapping
from secrets import token_bytes

import numpy as np
from numpy.typing import NDArray

from soloist_tools.retrieval.digest import Digest, unpacked
from soloist_tools.retrieval.store import Store

Numbers = NDArray[np.int32]
Often = NDArray[np.uint8]
Postings = tuple[Numbers, Often]
"""Chunk numbers, rising, and how often the word stands in each."""


def build_base(store: Store, keys: Mapping[str, str]) -> None:
    """Make the base anew from the digests of a tree (path -> content key); call it while `writing`."""
    sql = store.sql
    sql.execute("DELETE FROM posting")
    sql.execute("DELETE FROM base_file")
    held: list[tuple[str, str]] = []

    def digests() -> Iterator[Digest]:
        for path, key in sorted(keys.items()):
            digest = unpacked(*sql.execute("SELECT places, words FROM content WHERE key = ?", (key,)).fetchone())
            if digest.places:
                held.append((path, key))
                yield digest

    postings, lengths, counts = inverted(digests())
    sql.executemany("INSERT INTO base_file VALUES (?, ?, ?)", ((n, path, key) for n, (path, key) in enumerate(held)))
    sql.executemany("INSERT INTO posting VALUES (?, ?, ?)", ((w, c.tobytes(), o.tobytes()) for w, (c, o) in postings))
    store.put_note("lengths", lengths.tobytes())
    store.put_note("chunks", counts.tobytes())
    store.put_note("generation", token_bytes(8))


def inverted(digests: Iterable[Digest]) -> tuple[Iterable[tuple[str, Postings]], Numbers, Numbers]:
    """The postings of files in a row, the length of each chunk in weighted words, and the number of chunks of each file."""
    numbers: dict[str, int] = {}
    word_parts: list[Numbers] = []
    chunk_parts: list[Numbers] = []
    often_parts: list[bytes] = []
    sizes: list[int] = []
    start = 0
    for digest in digests:  # one at a time: the words of all files as strings would take many times the memory
        ids = np.array([numbers.setdefault(word, len(numbers)) for word in digest.vocabulary], np.int32)
        word_parts.append(np.repeat(ids, np.frombuffer(digest.counts, np.int32)))
        chunk_parts.append(np.frombuffer(digest.chunk, np.int32) + np.int32(start))
        often_parts.append(digest.often.tobytes())
        sizes.append(len(digest.places))
        start += len(digest.places)
    word, chunk = _joined(word_parts), _joined(chunk_parts)
    often: Often = np.frombuffer(b"".join(often_parts), np.uint8)
    lengths = np.bincount(chunk, often, start).astype(np.int32)
    order = np.argsort(word, kind="stable")  # files are in order, so chunks stay rising within a word
    ends = np.cumsum(np.bincount(word, minlength=len(numbers))).tolist()
    chunk, often = chunk[order], often[order]
    parts = ((w, (chunk[a:b], often[a:b])) for w, a, b in zip(numbers, [0, *ends], ends, strict=False))
    return parts, lengths, np.array(sizes, np.int32)


def _joined(parts: list[Numbers]) -> Numbers:
    return np.concatenate(parts) if parts else np.zeros(0, np.int32)
