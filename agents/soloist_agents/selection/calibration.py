"""From a score to a probability that was seen to hold: isotonic regression and Platt's sigmoid, and how well they do."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

Pair = tuple[float, bool]
"""A score, and whether the answer was right."""


class Calibration(Protocol):
    """What a score is worth."""

    def probability(self, score: float) -> float:
        """0 to 1, never falling as the score rises."""
        ...


@dataclass(frozen=True)
class Isotonic:
    """Steps that never fall (pool adjacent violators; Ayer et al. 1955, Zadrozny and Elkan 2002), straight lines in between."""

    scores: tuple[float, ...]
    """The mean score of each step, rising."""
    shares: tuple[float, ...]

    def probability(self, score: float) -> float:
        """Between two steps by interpolation; outside, the nearest step's."""
        place = bisect_right(self.scores, score)
        if place == 0:
            return self.shares[0]
        if place == len(self.scores):
            return self.shares[-1]
        low, high = self.scores[place - 1], self.scores[place]
        part = (score - low) / (high - low)
        return self.shares[place - 1] + part * (self.shares[place] - self.shares[place - 1])


@dataclass(frozen=True)
class Platt:
    """1 / (1 + exp(-(slope * logit(score) + offset))), on the log odds of a score between 0 and 1 (Platt 1999)."""

    slope: float
    offset: float

    def probability(self, score: float) -> float:
        """The sigmoid."""
        return _sigmoid(self.slope * _logit(score) + self.offset)


RECORDED = Platt(slope=2.1, offset=-0.06)
"""Support of a majority of up to 8, ended by `Posterior(0.05)`, on 500 word problems by one model (svamp_pot30, four orders).
Modest where another model is stronger: on 50 problems of MATH its expected calibration error is 0.06, said too low."""


PROGRAMS: Final = Platt(slope=1.0, offset=0.37)
"""`choice_report.support` of a program that `ProgramsTrial` would have chosen, without examples, from at most 8, 16 or 32 samples
of one weak model (82 tasks of humaneval_codet100; fitted by `tests/benchmarks/selection_programs_calibration.py`). Expected
calibration error on tasks left out of the fit: 0.05 (0.04 to 0.10), with at most 8 samples 0.11. Of choices among programs of
five other systems, which no fit has seen: 0.67 said and held (humaneval_multimodel), 0.68 said, 0.61 held (mbpp_multimodel)."""
PROGRAMS_WITH_EXAMPLES: Final = Platt(slope=1.07, offset=2.54)
"""The same where the chosen program fulfils all given examples: 0.03 (0.02 to 0.09) on tasks left out; 0.92 said, 0.91 held and
0.93 said, 0.87 held for the five systems."""


def isotonic(pairs: Sequence[Pair]) -> Isotonic:
    """Least squares among functions that never fall. A step's share is drawn to one half by two observations (Laplace), so that
    no finite record gives certainty. Raises ValueError without pairs."""
    if not pairs:
        raise ValueError("a calibration needs at least one recorded score")
    blocks: list[list[float]] = []  # right, observations, sum of scores
    for score, rights in sorted(_by_score(pairs).items()):
        blocks.append([float(sum(rights)), float(len(rights)), score * len(rights)])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    shares = [(right + 1) / (of + 2) for right, of, _ in blocks]
    for place in range(1, len(shares)):  # the drawing may have turned two neighbours round
        shares[place] = max(shares[place], shares[place - 1])
    return Isotonic(tuple(total / of for _, of, total in blocks), tuple(shares))


def _by_score(pairs: Sequence[Pair]) -> dict[float, list[bool]]:
    found: dict[float, list[bool]] = {}
    for score, right in pairs:
        found.setdefault(round(score, 9), []).append(right)
    return found


def platt(pairs: Sequence[Pair], *, steps: int = 100) -> Platt:
    """Maximum likelihood with Platt's softened targets, by Newton's method with halved steps (Lin, Lin and Weng 2007).

    A record in which higher scores are less often right gives a slope of 0: the share of all. Raises ValueError without pairs.
    """
    if not pairs:
        raise ValueError("a calibration needs at least one recorded score")
    rights = sum(right for _, right in pairs)
    wrongs = len(pairs) - rights
    aims = [(_logit(score), (rights + 1) / (rights + 2) if right else 1 / (wrongs + 2)) for score, right in pairs]
    level = Platt(0.0, math.log((rights + 1) / (wrongs + 1)))
    fit, loss = level, _loss(level, aims)
    for _ in range(steps):
        by_slope, by_offset = _newton(fit, aims)
        size = 1.0
        while size > 1e-6:
            tried = Platt(fit.slope - size * by_slope, fit.offset - size * by_offset)
            if (reached := _loss(tried, aims)) < loss:
                break
            size /= 2
        else:
            break
        fit, loss = tried, reached
    return fit if fit.slope > 0 else level


_RIDGE = 1e-3
"""Keeps the slope finite where scores separate right from wrong."""


def _loss(fit: Platt, aims: Sequence[tuple[float, float]]) -> float:
    sums = ((fit.slope * x + fit.offset, aim) for x, aim in aims)
    return _RIDGE / 2 * fit.slope**2 + math.fsum(max(z, 0.0) - aim * z + math.log1p(math.exp(-abs(z))) for z, aim in sums)


def _newton(fit: Platt, aims: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The step of (slope, offset) to the least of the parabola that touches the loss here."""
    told = [(x, _sigmoid(fit.slope * x + fit.offset), aim) for x, aim in aims]
    g1, g0 = math.fsum((p - aim) * x for x, p, aim in told) + _RIDGE * fit.slope, math.fsum(p - aim for _, p, aim in told)
    h11 = math.fsum(p * (1 - p) * x * x for x, p, _ in told) + _RIDGE
    h01 = math.fsum(p * (1 - p) * x for x, p, _ in told)
    h00 = math.fsum(p * (1 - p) for _, p, _ in told) + 1e-9
    whole = h11 * h00 - h01 * h01
    return (h00 * g1 - h01 * g0) / whole, (h11 * g0 - h01 * g1) / whole


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability diagram."""

    low: float
    high: float
    count: int
    said: float
    """Mean probability that was given."""
    held: float
    """Share that was right."""


def diagram(pairs: Sequence[Pair], *, bins: int = 10) -> tuple[Bin, ...]:
    """The reliability diagram of probabilities and truths; empty bins are left out. `Pair` scores must be probabilities."""
    found = []
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        inside = [pair for pair in pairs if low <= pair[0] < high or (number == bins - 1 and pair[0] >= 1.0)]
        if inside:
            said = math.fsum(score for score, _ in inside) / len(inside)
            found.append(Bin(low, high, len(inside), said, sum(right for _, right in inside) / len(inside)))
    return tuple(found)


def calibration_error(pairs: Sequence[Pair], *, bins: int = 10) -> float:
    """Expected calibration error: mean distance of what was said from what held, by bins of equal width (Naeini et al. 2015)."""
    return math.fsum(bar.count * abs(bar.said - bar.held) for bar in diagram(pairs, bins=bins)) / len(pairs) if pairs else 0.0


def brier(pairs: Sequence[Pair]) -> float:
    """Mean squared distance of what was said from what was so."""
    return math.fsum((score - right) ** 2 for score, right in pairs) / len(pairs) if pairs else 0.0


def _logit(score: float) -> float:
    score = min(max(score, 1e-6), 1 - 1e-6)
    return math.log(score / (1 - score))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
