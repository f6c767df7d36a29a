"""What the past says: commits whose messages speak of the question point to the files that they changed."""

import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import log1p
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soloist_tools.retrieval.digest import Damaged
from soloist_tools.retrieval.git import GitFailed, asked
from soloist_tools.retrieval.words import words

COMMITS = 2_000
MOST_FILES = 40
"""A commit that touched more is a sweep and says nothing about any of them."""
_WORDS = 120
"""Of one message."""
_SPEAKING = 100
"""Commits that are heard for one question, best first."""
_SECONDS = 30.0
_TRAILER = re.compile(r"^(?:co-authored-by|signed-off-by|reviewed-by|change-id|\(cherry picked).*$", re.I | re.M)
"""Names of people are no words of the subject."""


@dataclass(slots=True)
class History:
    """The last commits, newest first: the words of each message and the paths that it changed."""

    head: str = ""
    commits: list[tuple[list[str], list[str]]] = field(default_factory=list)
    _holding: dict[str, NDArray[np.int32]] = field(default_factory=dict)
    _norms: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def speaking(self, question: Iterable[str]) -> dict[str, float]:
        """Path -> 0 to 1: how much of the past that fits these words touched it."""
        if not self._holding:
            self._invert()
        scores = np.zeros(len(self.commits))
        for word in question:
            holders = self._holding.get(word)
            if holders is not None:
                scores[holders] += log1p((len(scores) - len(holders) + 0.5) / (len(holders) + 0.5)) / self._norms[holders]
        best = np.argsort(-scores, kind="stable")[:_SPEAKING]
        return self._spread([(int(number), float(scores[number])) for number in best if scores[number] > 0])

    def _invert(self) -> None:
        """The postings of the messages; BM25 with every word once, so that only rarity and length count."""
        found: dict[str, list[int]] = {}
        for number, (message, _) in enumerate(self.commits):
            for word in message:
                found.setdefault(word, []).append(number)
        lengths = np.array([len(message) for message, _ in self.commits], np.float64)
        self._norms = 1.5 + 0.5 * lengths / max(float(lengths.mean()) if len(lengths) else 1.0, 1.0)
        self._holding = {word: np.array(numbers, np.int32) for word, numbers in found.items()}

    def _spread(self, commits: Sequence[tuple[int, float]]) -> dict[str, float]:
        touched: dict[str, float] = defaultdict(float)
        for number, score in commits:
            paths = self.commits[number][1]
            for path in paths:
                touched[path] += score / len(paths) ** 0.5
        most = max(touched.values(), default=0) or 1
        return {path: score / most for path, score in touched.items()}


def read_history(root: Path, known: History) -> History:
    """The history of a root up to HEAD; what is known already is not asked again. Without git or commits it is empty."""
    try:
        head = asked(root, "rev-parse", "--verify", "HEAD^{commit}").strip()
        if head == known.head:
            return known
        if not _leads(root, known.head, head):
            known = History()
        fresh = list(_commits(root, known.head))
    except GitFailed:
        return History()
    return History(head, (fresh + known.commits)[:COMMITS])


def _leads(root: Path, old: str, new: str) -> bool:
    if not old:
        return False
    try:
        asked(root, "merge-base", "--is-ancestor", old, new)
    except GitFailed:
        return False
    return True


def _commits(root: Path, after: str) -> Iterator[tuple[list[str], list[str]]]:
    span = (f"{after}..HEAD",) if after else ("HEAD",)
    what = ("-z", f"--max-count={COMMITS}", "--no-merges", "--no-renames", "--no-ext-diff", "--no-show-signature")
    shape = ("--relative", "--name-only", "--format=%x01%B%x02")
    for record in asked(root, "log", *what, *shape, *span, "--", ".", seconds=_SECONDS).split("\x01")[1:]:
        message, _, names = record.partition("\x02")
        paths = [name for name in names.strip("\0\n").split("\0") if name]
        if paths and len(paths) <= MOST_FILES:
            yield list(words(_TRAILER.sub("", message)))[:_WORDS], paths


def packed_history(history: History) -> bytes:
    """A history as it is stored."""
    return zlib.compress(json.dumps((history.head, history.commits)).encode(), 1)


def unpacked_history(raw: bytes) -> History:
    """The reverse. Raises Damaged."""
    if not raw:
        return History()
    try:
        head, commits = json.loads(zlib.decompress(raw))
        return History(head, [(list(message), list(paths)) for message, paths in commits])
    except (zlib.error, ValueError, TypeError) as error:
        raise Damaged("the history can't be read") from error
