"""From the words of a question to scores of files and chunks.

BM25 over chunks and over whole files, together: a file is as good as its three best chunks and three quarters of what
it says as a whole, and a chunk in a good file beats the same chunk elsewhere. All words of the question count: a rare one
outweighs the common ones by itself, and leaving words out was measured to hurt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soloist_tools.retrieval.base import Postings
from soloist_tools.retrieval.view import View

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """The dials, tuned on 160 real bug-fix commits of four projects (`tests/benchmarks/retrieval.py`)."""

    k1: float = 1.5
    """How soon a word's repetitions stop to count."""
    b: float = 0.75
    """How much long chunks and files are held back."""
    best: tuple[float, ...] = (1.0, 0.5, 0.25)
    """Of a file's best chunks."""
    whole: float = 0.75
    """Of the file as a whole."""
    path: float = 0.75
    """Of a word in the path, times its rarity."""
    file: float = 0.8
    """Of a chunk's file beside the chunk."""
    headline: float = 3.0
    """Of a word in the first line of a question that has several: people put the matter there."""
    sharpness: float = 1.3
    """Power of a word's rarity. Above 1 a long question's many common words drown its rare ones less."""
    history: float = 0.3
    """Of the commits that speak of the question and changed the file."""
    tests: float = 0.4
    """Factor on tests that nobody asked for."""
    docs: float = 0.6
    """Factor on documents, and on settings."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Scores of one question, all from 0 to about 1."""

    files: Scores
    chunks: Scores


def ranked(
    view: View,
    found: Mapping[str, Postings],
    emphasis: Mapping[str, float],
    weights: Weights,
    lanes: Sequence[float],
    past: Mapping[int, float],
) -> Ranked:
    """Score everything.

    `found`: where the question's words stand; `emphasis`: a factor for each of them; `lanes`: a factor for each lane; `past`:
    file number -> 0 to 1.
    """
    chunks, whole = _words(view, found, emphasis, weights)
    paths = _paths(view, found, emphasis, weights)
    files = _best(view, chunks, weights) + weights.whole * whole + weights.path * paths
    files = _to_one(files)
    for number, score in past.items():
        files[number] += weights.history * score
    factors = np.array(lanes, np.float32)[view.lanes]
    if view.live is not None:
        factors *= view.live[view.starts]  # what is gone may still have its path in the question
    files *= factors
    seen = chunks > 0
    chunks = _to_one(chunks) * factors[view.file_of] + weights.file * files[view.file_of]
    return Ranked(files, np.where(seen, chunks, 0).astype(np.float32))


def _words(view: View, found: Mapping[str, Postings], emphasis: Mapping[str, float], weights: Weights) -> tuple[Scores, Scores]:
    lengths = view.lengths.astype(np.float32)
    if view.live is not None:
        lengths *= view.live
    file_lengths = np.bincount(view.file_of, lengths, len(view.paths)).astype(np.float32)
    chunk_count, file_count = int(np.count_nonzero(lengths)), int(np.count_nonzero(file_lengths))
    norms, file_norms = _norms(lengths, chunk_count, weights), _norms(file_lengths, file_count, weights)
    chunks, files = np.zeros(len(lengths), np.float32), np.zeros(len(view.paths), np.float32)
    for word, (chunk, often) in found.items():
        if not len(chunk):
            continue
        times = often.astype(np.float32)
        chunks[chunk] += emphasis[word] * rarity(len(chunk), chunk_count) ** weights.sharpness * times / (times + norms[chunk])
        owners = view.file_of[chunk]
        firsts = np.flatnonzero(np.concatenate(([True], owners[1:] != owners[:-1])))
        file, total = owners[firsts], np.add.reduceat(times, firsts)
        files[file] += emphasis[word] * rarity(len(file), file_count) ** weights.sharpness * total / (total + file_norms[file])
    return chunks, files


def rarity(holders: int, of: int) -> float:
    """The weight of a word that so many of all hold (BM25's idf, never negative)."""
    return float(np.log1p((of - holders + 0.5) / (holders + 0.5))) if holders <= of else 0.0


def _norms(lengths: Scores, count: int, weights: Weights) -> Scores:
    mean = float(lengths.sum()) / max(count, 1) or 1.0
    return (weights.k1 * (1 - weights.b + weights.b * lengths / mean)).astype(np.float32)


def _paths(view: View, found: Mapping[str, Postings], emphasis: Mapping[str, float], weights: Weights) -> Scores:
    count = len(view.paths)
    scores = np.zeros(count, np.float32)
    for word in found:
        files = view.in_path(word)
        if files:
            scores[files] += emphasis[word] * rarity(len(files), count) ** weights.sharpness
    return scores


def _best(view: View, chunks: Scores, weights: Weights) -> Scores:
    """For each file the weighted sum of its best chunks."""
    total = np.zeros(len(view.paths), np.float32)
    if not len(chunks):
        return total
    left = chunks.copy()
    for weight in weights.best:
        top = np.maximum.reduceat(left, view.starts)
        total += weight * top
        left[left == top[view.file_of]] = 0
    return total


def _to_one(scores: Scores) -> Scores:
    most = float(scores.max(initial=0))
    return scores / most if most > 0 else scores
