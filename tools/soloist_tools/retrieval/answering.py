"""From a question to hits: which chunks or files, where they stand, and why they are here."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from soloist_tools.retrieval.base import Postings
from soloist_tools.retrieval.digest import Damaged, Place, unpacked_places
from soloist_tools.retrieval.history import History
from soloist_tools.retrieval.hits import Hit
from soloist_tools.retrieval.lanes import LANES
from soloist_tools.retrieval.ranking import Ranked, Scores, Weights, ranked, rarity
from soloist_tools.retrieval.store import Store
from soloist_tools.retrieval.view import View
from soloist_tools.retrieval.words import words_of

Unit = Literal["chunk", "file"]
"""What a hit stands for."""

_MOST_WORDS = 400
"""Of a question; a pasted log is cut there."""
_REASONS = 5
_HEARD = 0.2
"""From so much on, the past is told as a reason."""


class Question:
    """The words of a question, each with the way it was written there."""

    def __init__(self, text: str) -> None:
        self.written: dict[str, str] = {}
        headline, _, self.rest = text.strip().partition("\n")
        self.headline = frozenset(word for identifier in re.findall(r"\w+", headline) for word in words_of(identifier))
        for identifier in re.findall(r"\w+", text):
            for word in words_of(identifier):
                if len(self.written) < _MOST_WORDS:
                    self.written.setdefault(word, identifier)

    def emphasis(self, headline: float) -> dict[str, float]:
        """A factor for each word: `headline` for those of the first line where others follow, 1 for the rest."""
        return {word: headline if self.rest and word in self.headline else 1.0 for word in self.written}


def answer(
    question: Question,
    view: View,
    store: Store,
    history: History,
    weights: Weights,
    lanes: Sequence[float],
    top: int,
    unit: Unit,
) -> tuple[Hit, ...]:
    """The best chunks, or the best chunk of each of the best files. `lanes`: a factor for each lane. Raises Damaged."""
    if not view.paths or not question.written:
        return ()
    found = {word: view.postings(store, word) for word in question.written}
    past = _past(view, history, question)
    scores = ranked(view, found, question.emphasis(weights.headline), weights, lanes, past)
    best = _best_files(view, scores, top) if unit == "file" else [(n, float(scores.chunks[n])) for n in _top(scores.chunks, top)]
    hits = []
    for chunk, score in best:
        file = int(view.file_of[chunk])
        place = _place(view, store, file, chunk)
        why = "; ".join(_reasons(view, question, found, chunk, file, past.get(file, 0.0)))
        hits.append(
            Hit(
                path=view.paths[file],
                first=place.first,
                last=place.last,
                symbol=place.symbol,
                kind=place.kind,
                lane=LANES[view.lanes[file]],
                score=round(score, 4),
                why=why,
            )
        )
    return tuple(hits)


def _past(view: View, history: History, question: Question) -> dict[int, float]:
    """File number -> what the history says for it, 0 to 1."""
    said = history.speaking(question.written)
    return {view.numbers[path]: score for path, score in said.items() if path in view.numbers}


def _best_files(view: View, scores: Ranked, top: int) -> list[tuple[int, float]]:
    best = []
    for number in _top(scores.files, top):
        first = int(view.starts[number])
        last = int(view.starts[number + 1]) if number + 1 < len(view.starts) else len(view.file_of)
        best.append((first + int(np.argmax(scores.chunks[first:last])), float(scores.files[number])))
    return best


def _top(scores: Scores, top: int) -> list[int]:
    """Places of the best scores above nothing; equal ones in their order."""
    top = min(max(top, 0), len(scores))
    if not top:
        return []
    rough = np.argpartition(-scores, top - 1)[:top]
    return [int(n) for n in sorted(rough, key=lambda n: (-scores[n], n)) if scores[n] > 0]


def _place(view: View, store: Store, file: int, chunk: int) -> Place:
    row = store.sql.execute("SELECT places FROM content WHERE key = ?", (view.keys[file],)).fetchone()
    places = unpacked_places(row[0]) if row else ()
    number = chunk - int(view.starts[file])
    if number >= len(places):
        raise Damaged("the place of a chunk is missing")
    return places[number]


def _reasons(view: View, question: Question, found: Mapping[str, Postings], chunk: int, file: int, past: float) -> list[str]:
    told: dict[str, float] = {}
    for word, (holders, _) in found.items():
        at = int(np.searchsorted(holders, chunk))
        if at < len(holders) and holders[at] == chunk:
            written = question.written[word]
            told[written] = told.get(written, 0.0) + rarity(len(holders), len(view.file_of))
    reasons = [", ".join(sorted(told, key=lambda written: -told[written])[:_REASONS])] if told else []
    in_path = dict.fromkeys(question.written[word] for word in found if file in view.in_path(word))
    if in_path:
        reasons.append("path: " + ", ".join(list(in_path)[:_REASONS]))
    if past >= _HEARD:
        reasons.append("changed by commits that speak of it")
    return reasons
