"""When more samples would not change the choice: futures are drawn, and those with another leader counted.

The votes so far are one draw from an unknown distribution of profiles. A future is drawn from what they say of it (a Gamma
variate for each profile; normalised, a Dirichlet with the votes as its weights: the Bayesian bootstrap, Rubin 1981), the samples
still to come are shared out by it, and the leader is named again. The risk is the share of futures with another leader.

What this is not: a bound that holds for every task. Behaviours that nobody has produced yet are not drawn, and inputs that come
to count later are not known yet. Measured with 100 samples of a weak model (`tests/benchmarks/selection_programs.py`): at an
error of 0.02 another behaviour than the whole budget's was chosen in 14 % of the tasks (18 % with given examples), mostly without
making a right choice wrong: 1.6 points of accuracy were lost net (0.4 with examples), for 38 (43) samples instead of 100.

No stop while the leader fails one of the given examples: it is known to be wrong.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Final

from soloist_agents.selection.agreement import leader
from soloist_agents.selection.agreement_profiles import Profiles
from soloist_agents.selection.agreement_scores import Score, joint

ERROR: Final = 0.02
"""One future of fifty may name another behaviour."""
FUTURES: Final = 50
FIRST_LOOK: Final = 5
"""Samples before which no stop is thought of."""
_GROWTH: Final = 1.25


def looks(budget: int) -> Iterator[int]:
    """After how many samples to ask, ever more rarely: 5, 6, 7, 8, 10, 12, 15, … and the budget itself."""
    at = min(FIRST_LOOK, budget)
    while at < budget:
        yield at
        at = max(at + 1, int(at * _GROWTH))
    yield budget


def settled(profiles: Profiles, votes: Sequence[float], left: float, error: float, score: Score = joint) -> bool:
    """Whether the leader holds all given examples, and `left` more votes would name another with a chance of at most `error`."""
    chosen = leader(profiles, votes, score)
    if left <= 0:
        return True
    if not profiles.usable[chosen] or profiles.given[chosen] < profiles.examples:
        return False
    return risk(profiles, votes, left, score) <= error


def risk(profiles: Profiles, votes: Sequence[float], left: float, score: Score = joint, seed: int = 0) -> float:
    """The chance that `left` more votes would name a leader of another cluster, 0 to 1; the same for the same votes."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    cluster = profiles.clusters[leader(profiles, votes, score)]
    turned = 0
    for _ in range(FUTURES):
        drawn = [chance.gammavariate(vote, 1.0) if vote > 0 else 0.0 for vote in votes]
        total = sum(drawn) or 1.0
        future = [vote + left * part / total for vote, part in zip(votes, drawn, strict=True)]
        turned += profiles.clusters[leader(profiles, future, score)] != cluster
    return turned / FUTURES
