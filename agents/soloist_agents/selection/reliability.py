"""How far a vote is to be trusted: naive Bayes over who wrote it and what is wrong with it.

For a question whose ballots fall into clusters of equal answers, compare "cluster c is right" with "no cluster is right". A
ballot in c by author a then is right (chance p_a) instead of being wrong and hitting just this wrong answer (chance
(1 - p_a) q); each doubt d that execution found in it has the odds P(d | right) / P(d | wrong). So, with independent ballots,

    weight = ln p_a / (1 - p_a)  -  ln q  +  sum over its doubts of ln P(d | right) / P(d | wrong)
    P(c right) = exp(sum of weights in c) / (1 + sum over clusters of exp(...))

(Nitzan and Paroush 1982 for the log-odds; q turns it from two answers to many.) Ballots are not independent, so the probability
is too sure of itself: `calibration` mends that. One number for each author, one for each kind of doubt, and q are all there is.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from soloist_agents.selection.ballot import Ballot

UNKNOWN_SHARE = 0.5
"""Chance that an author without history is right."""
UNKNOWN_COLLISION = 0.2
_COLLISIONS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
UNKNOWN_DOUBT = math.log(0.1)
"""A false executed claim makes an answer ten times less likely, until history says how much."""
LEAST = 0.01
"""Of a weight: no vote counts against its own answer, and a doubted one still breaks a tie."""
_PULL = 2.0
"""Ballots that an author's share, or a doubt's, is drawn towards that of all by."""
_SHARES = (0.005, 0.995)


@dataclass(frozen=True)
class Judged:
    """One question of the verified history: its ballots, which of them have the same answer, and which were right."""

    ballots: tuple[Ballot, ...]
    """Those that vote."""
    clusters: tuple[int, ...]
    """For each ballot the number of its cluster."""
    right: tuple[bool, ...]


@dataclass(frozen=True)
class Reliability:
    """What was learned. Without history it trusts all authors alike and believes executed claims."""

    authors: Mapping[str, float] = field(default_factory=dict)
    """Chance that the author is right, where it answers."""
    doubts: Mapping[str, float] = field(default_factory=dict)
    """Natural logarithm of the odds ratio for each kind of false claim."""
    collision: float = UNKNOWN_COLLISION
    """q: the chance that a wrong ballot hits a given wrong answer."""
    share: float = UNKNOWN_SHARE
    """Of an author who is not known."""

    def weight(self, ballot: Ballot) -> float:
        """Log odds, natural, at least `LEAST`; times the tokens' mean probability where known (DeepConf, arXiv 2508.15260)."""
        share = self.authors.get(ballot.author, self.share)
        weight = math.log(share / (1 - share)) - math.log(self.collision)
        weight += sum(self.doubts.get(doubt, UNKNOWN_DOUBT) for doubt in ballot.doubts)
        return max(weight, LEAST) * (ballot.confidence or 1.0)

    @property
    def plain(self) -> float:
        """The weight of an undoubted ballot by an author who is not known."""
        return max(math.log(self.share / (1 - self.share)) - math.log(self.collision), LEAST)

    @property
    def most(self) -> float:
        """The most that any ballot can weigh."""
        share = max((*self.authors.values(), self.share))
        weight = math.log(share / (1 - share)) - math.log(self.collision)
        return max(weight + sum(odds for odds in self.doubts.values() if odds > 0), LEAST)


def learned(history: Sequence[Judged]) -> Reliability:
    """From questions whose right answer was known. Shares are drawn towards the mean of all (two ballots' worth).

    q is the one of a few values that makes the history likeliest: more than two wrong ballots agree by chance, since that also
    takes up some of what ballots have in common. About a millisecond for each question.
    """
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    doubts = {True: Counter[str](), False: Counter[str]()}
    for ballot, was_right in ((b, r) for judged in history for b, r in zip(judged.ballots, judged.right, strict=True)):
        total[ballot.author] += 1
        right[ballot.author] += was_right
        doubts[was_right].update(ballot.doubts)
    rights, wrongs = right.total(), total.total() - right.total()
    mean = (rights + 1) / (rights + wrongs + 2)
    so_far = Reliability(
        authors={author: _bounded((right[author] + _PULL * mean) / (n + _PULL)) for author, n in total.items()},
        doubts={
            doubt: math.log(((doubts[True][doubt] + 1) / (rights + 2)) / ((doubts[False][doubt] + 1) / (wrongs + 2)))
            for doubt in sorted(doubts[True] | doubts[False])
        },
        share=mean,
    )
    tried = (replace(so_far, collision=collision) for collision in _COLLISIONS)
    return max(tried, key=lambda reliability: likelihood(reliability, history))


def likelihood(reliability: Reliability, history: Sequence[Judged]) -> float:
    """Natural logarithm of the probability that the truth of each question had before it was known, summed."""
    return math.fsum(math.log(max(_chance_of_truth(reliability, judged), 1e-9)) for judged in history)


def _chance_of_truth(reliability: Reliability, judged: Judged) -> float:
    chances = cluster_chances(reliability, judged.ballots, judged.clusters)
    right = {cluster for cluster, right in zip(judged.clusters, judged.right, strict=True) if right}
    return math.fsum(chances[cluster] for cluster in right) if right else 1 - math.fsum(chances.values())


def posterior(scores: Sequence[float]) -> tuple[float, ...]:
    """The probability of each cluster being right, from the sums of weights; what is missing to 1 is "none of them"."""
    top = max((*scores, 0.0))
    parts = [math.exp(score - top) for score in scores]
    whole = math.fsum((*parts, math.exp(-top)))
    return tuple(part / whole for part in parts)


def estimated(questions: Sequence[tuple[Sequence[Ballot], Sequence[int]]], *, rounds: int = 50) -> Reliability:
    """Without any known answer: expectation-maximisation over authors who answer the same questions (Dawid and Skene 1979).

    One chance of being right for each author; wrong answers hit each other with q = 0.2, which the data can't tell. Takes
    (ballots, their clusters) for each question. Needs several authors: from one alone nothing but its majority can be learned.
    """
    authors = sorted({ballot.author for ballots, _ in questions for ballot in ballots})
    shares = dict.fromkeys(authors, 0.6)
    for _ in range(rounds):
        hoped = dict.fromkeys(authors, 1.0)
        total = dict.fromkeys(authors, 2.0)
        for ballots, clusters in questions:
            chances = cluster_chances(Reliability(authors=shares), ballots, clusters)
            for ballot, cluster in zip(ballots, clusters, strict=True):
                total[ballot.author] += 1
                hoped[ballot.author] += chances[cluster]
        fresh = {author: _bounded(hoped[author] / total[author]) for author in authors}
        moved = max((abs(fresh[author] - shares[author]) for author in authors), default=0.0)
        shares = fresh
        if moved < 1e-6:
            break
    return Reliability(authors=shares)


def cluster_chances(reliability: Reliability, ballots: Sequence[Ballot], clusters: Sequence[int]) -> dict[int, float]:
    """The probability of each cluster being right, by its number."""
    scores: dict[int, float] = {}
    for ballot, cluster in zip(ballots, clusters, strict=True):
        scores[cluster] = scores.get(cluster, 0.0) + reliability.weight(ballot)
    return dict(zip(scores, posterior(list(scores.values())), strict=True))


def _bounded(share: float) -> float:
    return min(max(share, _SHARES[0]), _SHARES[1])
