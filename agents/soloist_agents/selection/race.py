"""How a vote stands, and when it need not go on: stopping rules with a stated error bound.

The error of a rule is the chance that the leader at the stop is not the leader that the whole budget would have given.

* `Never`: none; every sample is waited for.
* `Certain`: none; it stops when what is missing can't turn the vote (curtailment).
* `Posterior`: at most `delta`, averaged over the prior. Samples are exchangeable draws; for each rival (one that nobody has
  named yet included) the share of the pair's future votes has a Beta(alpha + its votes, alpha + the leader's) posterior, so its
  gain of the remaining m is beta-binomial, taking that all m go to the pair and that a tie is lost. The chances of all rivals
  are summed (a union bound). It holds at any stopping time, since a posterior probability averages to itself (tower property); it
  does not hold for each fixed distribution of answers, nor for samples whose order tells something. In a weighted vote the counts
  are weights in units of a typical vote, which makes the bound an approximation. Compare adaptive-consistency (Aggarwal et al.
  2023, arXiv 2305.11860), which asks the same of an endless vote.
* `Worst`: at most `delta` for *any* share of two answers. Stochastic curtailment (Lan, Simon and Halperin 1982): stop when even
  fair coins would turn the vote with chance gamma at most; gamma is the largest for which the exact chance of a wrong stop,
  computed step by step for each share on a grid, stays below delta. For votes that split more ways there is no proof; simulation
  of close ones stays below delta too (a test). Budgets up to `horizon.MOST`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from soloist_agents.selection.horizon import boundary


@dataclass(frozen=True)
class Race:
    """The state of a vote."""

    scores: tuple[float, ...]
    """In units of one vote, the leader's first."""
    remaining: int
    """Samples that may still come."""
    budget: int
    coming: float
    """The most that these can add together, in the same unit; `remaining` where all votes are equal."""

    @property
    def votes_to_come(self) -> int:
        """As many typical votes as can still be cast."""
        return min(self.remaining, math.ceil(self.coming)) if math.isfinite(self.coming) else self.remaining

    @property
    def lead(self) -> float:
        """Of the leader over the next."""
        return self.scores[0] - (self.scores[1] if len(self.scores) > 1 else 0.0)


class Rule(Protocol):
    """When to stop."""

    def reason(self, race: Race) -> str | None:
        """Why the vote may stop now; None when it must go on."""
        ...


@dataclass(frozen=True)
class Never:
    """Waits for every sample."""

    def reason(self, race: Race) -> str | None:
        """Never one."""
        return None


@dataclass(frozen=True)
class Certain:
    """Stops when the leader can't be caught by any continuation."""

    def reason(self, race: Race) -> str | None:
        """The lead is larger than all that may come."""
        if race.scores and race.lead > race.coming:
            return f"the leader can't be caught in {race.remaining} more samples"
        return None


@dataclass(frozen=True)
class Posterior:
    """Stops when the posterior chance that the leader is caught or passed is at most `delta`."""

    delta: float = 0.05
    alpha: float = 1.0
    """Votes that each answer has beforehand; 1: every share of a pair is as likely as any other."""

    def reason(self, race: Race) -> str | None:
        """The chance, summed over the rivals."""
        chance = self.chance(race)
        if chance > self.delta:
            return None
        return f"the leader is caught in {race.remaining} more samples with probability {chance:.2g}, at most {self.delta:g}"

    def chance(self, race: Race) -> float:
        """Upper bound of the posterior probability that another answer ends level or ahead. 1 before any vote."""
        if not race.scores:
            return 1.0
        total = 0.0
        for rival in (*race.scores[1:], 0.0):
            total += _catches(race.scores[0], rival, race.votes_to_come, self.alpha)
            if total > 1:
                return 1.0
        return total


@dataclass(frozen=True)
class Worst:
    """Stops by a boundary on the lead that keeps the error under `delta` for any share of two answers."""

    delta: float = 0.05

    def reason(self, race: Race) -> str | None:
        """The lead has reached the boundary. Raises ValueError for a budget above `horizon.MOST`."""
        needed = boundary(race.budget, self.delta)[race.remaining]
        if not race.scores or race.lead < needed:
            return None
        return f"a lead of {race.lead:g} with {race.remaining} to come is turned with probability {self.delta:g} at most"


def _catches(leader: float, rival: float, remaining: int, alpha: float) -> float:
    least = math.ceil((leader - rival + remaining) / 2 - 1e-9)
    return _tail(max(least, 0), remaining, round(alpha + rival, 3), round(alpha + leader, 3))


@lru_cache(maxsize=65536)
def _tail(least: int, of: int, a: float, b: float) -> float:
    """P(X >= least) of a beta-binomial variable: X of `of` draws, their chance Beta(a, b)."""
    if least > of:
        return 0.0
    if least <= 0:
        return 1.0
    whole = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + math.lgamma(of + 1) - math.lgamma(a + b + of)
    return min(1.0, math.fsum(math.exp(whole + _term(k, of, a, b)) for k in range(least, of + 1)))


def _term(k: int, of: int, a: float, b: float) -> float:
    return math.lgamma(k + a) + math.lgamma(of - k + b) - math.lgamma(k + 1) - math.lgamma(of - k + 1)
