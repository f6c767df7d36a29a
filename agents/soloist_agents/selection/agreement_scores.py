"""What a profile deserves, by several formulas with one signature. Larger is better; only the order means something.

With votes n_p of profile p, of N in all; M generated claims in all, each as often as it was made, m_p of them fulfilled:

* `largest`: votes of the cluster: of all profiles with the same results (AlphaCode's clustering, Li et al. 2022).
* `mbr_exec`: mean agreement A_p, the share of votes with the same value as p, averaged over the counted calls (minimum Bayes risk
  by execution, Shi et al. 2022, arXiv 2204.11454).
* `codet`: sqrt(votes with the same fulfilled claims) * m_p (dual execution agreement, Chen et al. 2022, arXiv 2207.10397).
* `b4`: CodeT's two sets, judged by what Beta priors say of how many programs and claims are right, and of how often wrong ones
  meet (Chen et al. 2024, arXiv 2409.08692).
* `joint`, the one to use: (m_p + 1/2) / (M + 1) * sqrt(votes of p's cluster / N) * A_p, a tenth of it for programs that heed no
  input. CodeT's two sets, with clusters as fine as *all* inputs tell, not only the claims' ones; the third factor lets programs
  that are nearly alike support each other, where odd inputs have split the right ones; the half keeps one lucky claim of two from
  weighing like twenty of forty, and makes it work without any claim.

A score never sees the given examples: `agreement.ranked` puts those first.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from soloist_agents.selection.agreement_profiles import NO_VALUE, Profiles

Score = Callable[[Profiles, Sequence[float]], tuple[float, ...]]
"""Profiles and the votes of each -> the score of each."""

HEEDLESS: Final = 0.1
"""Makes no difference with 100 recorded samples; with 15 to 40, where a few empty programs can lead, 0.3 points."""


def joint(profiles: Profiles, votes: Sequence[float]) -> tuple[float, ...]:
    """See the module."""
    total = sum(votes) or 1.0
    made = sum(profiles.claims)
    parts = zip(largest(profiles, votes), mbr_exec(profiles, votes), _fulfilled(profiles), profiles.constant, strict=True)
    return tuple(
        (fulfilled + 0.5) / (made + 1) * math.sqrt(cluster / total) * agreement * (HEEDLESS if constant else 1.0)
        for cluster, agreement, fulfilled, constant in parts
    )


def largest(profiles: Profiles, votes: Sequence[float]) -> tuple[float, ...]:
    """See the module."""
    return _shared(profiles.clusters, votes)


def mbr_exec(profiles: Profiles, votes: Sequence[float]) -> tuple[float, ...]:
    """See the module. 0 to 1; where no call is counted, the profile's own share of the votes."""
    total = sum(votes) or 1.0
    if not profiles.calls:
        return tuple(vote / total for vote in votes)
    sums = [0.0] * len(votes)
    for column, calls in zip(zip(*profiles.results, strict=True), profiles.columns, strict=True):
        shared = _shared(column, votes)
        for profile, value in enumerate(column):
            if value != NO_VALUE:
                sums[profile] += calls * shared[profile]
    return tuple(each / (total * profiles.calls) for each in sums)


def codet(profiles: Profiles, votes: Sequence[float]) -> tuple[float, ...]:
    """See the module."""
    alike = _shared(profiles.fulfilled, votes)
    return tuple(math.sqrt(n) * m for n, m in zip(alike, _fulfilled(profiles), strict=True))


def b4(profiles: Profiles, votes: Sequence[float]) -> tuple[float, ...]:
    """See the module. With flat priors, but Beta(1, 100) for a wrong program fulfilling a wrong claim.

    The logarithm of B(n + 1, N - n + 1) B(m + 1, M - m + 1) B(hits + 1, misses + 1) B(wrong hits + 1, wrong misses + 100).
    """
    groups = dict(zip(profiles.fulfilled, _shared(profiles.fulfilled, votes), strict=True))
    found = {met: _b4_of(met, groups, profiles.claims) for met in groups}
    return tuple(found[met] for met in profiles.fulfilled)


def _b4_of(right: tuple[bool, ...], groups: Mapping[tuple[bool, ...], float], made: Sequence[int]) -> float:
    """`right` are the claims that are taken to be right, and those who fulfil exactly these the right programs."""
    hits = [[0.0, 0.0], [0.0, 0.0]]  # of other programs: [claim is right][program fulfils it]
    for met, vote in groups.items():
        if met != right:
            for claim, fulfils, count in zip(right, met, made, strict=True):
                hits[claim][fulfils] += vote * count
    n, m = groups[right], sum(count for claim, count in zip(right, made, strict=True) if claim)
    programs = _beta(n + 1, sum(groups.values()) - n + 1)
    claims = _beta(m + 1, sum(made) - m + 1)
    return programs + claims + _beta(hits[1][1] + 1, hits[1][0] + 1) + _beta(hits[0][1] + 1, hits[0][0] + 100)


def _beta(a: float, b: float) -> float:
    """Natural logarithm of the Beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _fulfilled(profiles: Profiles) -> list[int]:
    return [sum(count for count, met in zip(profiles.claims, row, strict=True) if met) for row in profiles.fulfilled]


def _shared(groups: Sequence[object], votes: Sequence[float]) -> tuple[float, ...]:
    """For each profile the votes of all in its group."""
    sums: dict[object, float] = {}
    for group, vote in zip(groups, votes, strict=True):
        sums[group] = sums.get(group, 0.0) + vote
    return tuple(sums[group] for group in groups)
