"""A tree as it stands now: the base, minus what is gone or changed, plus what is new."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soloist_tools.retrieval.base import Numbers, Often, Postings, inverted
from soloist_tools.retrieval.digest import Damaged, unpacked
from soloist_tools.retrieval.lanes import LANES, lane
from soloist_tools.retrieval.store import Store
from soloist_tools.retrieval.words import words

NONE: Postings = (np.zeros(0, np.int32), np.zeros(0, np.uint8))


@dataclass(frozen=True, slots=True)
class View:
    """Files and chunks are numbered: those of the base first, those laid over it after them. Chunks of a file are neighbours."""

    generation: bytes
    """Of the base; another one in the store means that this view is out of date."""
    paths: list[str]
    keys: list[str]
    numbers: Mapping[str, int]
    """Path -> number of the file as it stands now."""
    lanes: NDArray[np.uint8]
    """For each file the place of its lane in `LANES`."""
    starts: NDArray[np.int64]
    """For each file the number of its first chunk."""
    file_of: Numbers
    """For each chunk the number of its file."""
    lengths: Numbers
    """For each chunk its weighted words."""
    live: NDArray[np.bool_] | None
    """For each chunk whether it still stands in the tree; None when all do."""
    over: Mapping[str, Postings]
    """Postings of what was laid over the base."""
    in_paths: tuple[Mapping[str, list[int]], Mapping[str, list[int]]]
    """Word -> files in whose path it stands: those of the base, gone ones too, and those laid over it."""

    def in_path(self, word: str) -> list[int]:
        """The files in whose path a word stands; gone ones may be among them."""
        return self.in_paths[0].get(word, []) + self.in_paths[1].get(word, [])

    def postings(self, store: Store, word: str) -> Postings:
        """Where a word stands. Raises Damaged."""
        row = store.sql.execute("SELECT chunk, often FROM posting WHERE word = ?", (word,)).fetchone()
        found = _read(row, len(self.file_of)) if row else NONE
        if self.live is not None:
            kept = self.live[found[0]]
            found = (found[0][kept], found[1][kept])
        extra = self.over.get(word)
        return found if extra is None else (np.concatenate((found[0], extra[0])), np.concatenate((found[1], extra[1])))


def _read(row: tuple[bytes, bytes], bound: int) -> Postings:
    if len(row[0]) != 4 * len(row[1]):
        raise Damaged("the postings of a word are cut")
    chunk: Numbers = np.frombuffer(row[0], np.int32)
    often: Often = np.frombuffer(row[1], np.uint8)
    if len(chunk) and not 0 <= chunk.min() <= chunk.max() < bound:
        raise Damaged("the postings of a word point nowhere")
    return chunk, often


@dataclass(frozen=True, slots=True)
class Base:
    """What is kept in memory of the base: everything but the postings. The fields are those of `View`."""

    generation: bytes
    paths: list[str]
    keys: list[str]
    lanes: list[int]
    lengths: Numbers
    counts: Numbers
    """For each file the number of its chunks."""
    in_paths: Mapping[str, list[int]]


def load_base(store: Store) -> Base:
    """The base as it is stored. Raises Damaged."""
    rows = store.sql.execute("SELECT path, key FROM base_file ORDER BY number").fetchall()
    paths = [path for path, _ in rows]
    lengths, counts = (np.frombuffer(store.note(name), np.int32) for name in ("lengths", "chunks"))
    if len(counts) != len(paths) or int(counts.sum()) != len(lengths):
        raise Damaged("the base does not fit together")
    lanes = [LANES.index(lane(path)) for path in paths]
    return Base(store.note("generation"), paths, [key for _, key in rows], lanes, lengths, counts, _path_words(paths, 0))


def drift(base: Base, keys: Mapping[str, str]) -> tuple[list[str], list[int]]:
    """The paths whose content the base does not hold, and the numbers of its files that are gone or changed. `keys`: the tree."""
    held = dict(zip(base.paths, base.keys, strict=True))
    dead = [number for number, path in enumerate(base.paths) if keys.get(path) != base.keys[number]]
    return sorted(path for path, key in keys.items() if held.get(path) != key), dead


def laid_over(store: Store, base: Base, keys: Mapping[str, str]) -> View:
    """The view of a tree (path -> content key); all contents must be in the store. Raises Damaged."""
    new, dead = drift(base, keys)
    paths: list[str] = []
    extra = []
    for path in new:
        row = store.sql.execute("SELECT places, words FROM content WHERE key = ?", (keys[path],)).fetchone()
        if row is None:
            raise Damaged("a content is missing")
        digest = unpacked(*row)
        if digest.places:
            extra.append(digest)
            paths.append(path)
    over, over_lengths, over_counts = inverted(extra)
    first, files = np.int32(len(base.lengths)), len(base.paths)
    counts = np.concatenate((base.counts, over_counts))
    file_of = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    live = None
    if dead:
        gone = np.zeros(len(counts), np.bool_)
        gone[dead] = True
        live = ~gone[file_of]
    every = base.paths + paths
    return View(
        generation=base.generation,
        paths=every,
        keys=base.keys + [keys[path] for path in paths],
        numbers={path: number for number, path in enumerate(every)},  # of two, the one laid over the base is the later
        lanes=np.array(base.lanes + [LANES.index(lane(path)) for path in paths], np.uint8),
        starts=np.cumsum(counts, dtype=np.int64) - counts,
        file_of=file_of,
        lengths=np.concatenate((base.lengths, over_lengths)),
        live=live,
        over={word: (chunk + first, often) for word, (chunk, often) in over},
        in_paths=(base.in_paths, _path_words(paths, files)),
    )


def _path_words(paths: list[str], first: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, path in enumerate(paths, first):
        for word in words(path.rpartition(".")[0] or path):
            found.setdefault(word, []).append(number)
    return found
