"""A running vote: ballots in as samples end, at any time who leads and whether to go on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import Field
from soloist_sandbox.contract import Value

from soloist_agents.selection.ballot import Ballot
from soloist_agents.selection.calibration import Calibration
from soloist_agents.selection.clusters import Cluster, Clusters
from soloist_agents.selection.race import Never, Race, Rule
from soloist_agents.selection.sameness import MATHEMATICS, Sameness
from soloist_agents.selection.weights import Weigh, one

MOST_SHOWN = 16
"""Groups of a standing."""


class Group(Value):
    """A cluster of equal answers, for a report."""

    answer: str
    votes: int = Field(ge=1)
    score: float
    """Sum of its votes' weights."""
    first: int
    """Number of the sample that gave it first; it speaks for the group."""


class Standing(Value):
    """How a vote stands. It is agreement: it says what the samples think, never that it is right."""

    strategy: str
    groups: tuple[Group, ...]
    """The leader first; groups of equal score in the order in which they were seen. At most `MOST_SHOWN`."""
    different: int
    """Different answers in all."""
    total: float
    """Sum of all scores."""
    support: float
    """The leader's part of the scores, drawn towards one half by two votes' worth: 0 to 1.

    (s + 1) / (t + 2) in units of a typical vote, so that ten votes of ten say more than two of two. This number is what a
    `Calibration` turns into a probability.
    """
    probability: float | None
    """Of the leader being right, as far as a calibration was given; always less than proof."""
    samples: int
    """That have ended, with and without an answer."""
    voting: int
    budget: int
    stop: bool
    why: str
    """What stops it, or why it goes on."""
    note: str = ""
    """What a reader must know: that no claim held and the votes were counted instead."""

    @property
    def leader(self) -> Group | None:
        """None before any vote."""
        return self.groups[0] if self.groups else None


@dataclass
class Poll:
    """A vote by one way of weighing, ended by one rule. All strategies are this with other parts.

    Ties go to the cluster seen first. Where every weight is 0 the votes are counted, and the standing says so.
    """

    name: str
    budget: int
    """Samples at most, at least 1."""
    weigh: Weigh = one
    rule: Rule = field(default_factory=Never)
    sameness: Sameness = MATHEMATICS
    most: float | tuple[float, ...] = 1.0
    """The most that one vote can weigh, or that each one can, in the order in which they are asked for; infinity where that isn't
    known: no vote is certain then before its end. Weights must not be negative."""
    least_unit: float = 0.0
    """A vote that nothing speaks against weighs so much: where all votes so far are doubted, they are small beside it."""
    calibration: Calibration | None = None
    """What the support of a vote like this one was seen to be worth."""
    first_ends: bool = False
    """The first ballot with a weight ends the vote."""
    _clusters: Clusters = field(init=False)
    _scores: list[float] = field(default_factory=list)
    _squares: float = 0.0
    _taken: int = 0

    def __post_init__(self) -> None:
        if self.budget < 1:
            raise ValueError(f"a vote needs a budget of at least one sample, not {self.budget}")
        if isinstance(self.most, tuple) and len(self.most) != self.budget:
            raise ValueError(f"{len(self.most)} weights are given for {self.budget} samples: give one for each")
        self._clusters = Clusters(self.sameness)

    def take(self, ballot: Ballot) -> Standing:
        """Count one sample that has ended. May wait for computer algebra: in an event loop, use `asyncio.to_thread`."""
        self._taken += 1
        if ballot.votes:
            cluster = self._clusters.add(ballot)
            if cluster.number == len(self._scores):
                self._scores.append(0.0)
            weight = self.weigh(ballot)
            if weight < 0:
                raise ValueError(f"a vote can't weigh {weight}: use 0 for one that doesn't count")
            self._scores[cluster.number] += weight
            self._squares += weight * weight
        return self.standing()

    def standing(self) -> Standing:
        """Who leads, and whether to stop. Takes time linear in the number of different answers."""
        scores, note = self._counted()
        order = sorted(self._clusters.all, key=lambda cluster: (-scores[cluster.number], cluster.number))
        ranked = [scores[cluster.number] for cluster in order]
        unit = 1.0 if note else self._unit(sum(ranked))
        reason = self._reason(order, [score / unit for score in ranked], unit, counted=bool(note))
        support = (ranked[0] / unit + 1) / (sum(ranked) / unit + 2) if ranked else 0.0
        return Standing(
            strategy=self.name,
            groups=tuple(_group(cluster, scores[cluster.number]) for cluster in order[:MOST_SHOWN]),
            different=len(order),
            total=sum(ranked),
            support=support,
            probability=self.calibration.probability(support) if self.calibration and ranked else None,
            samples=self._taken,
            voting=sum(len(cluster.ballots) for cluster in order),
            budget=self.budget,
            stop=reason is not None,
            why=reason or ("another answer may still win" if order else "no sample has given an answer"),
            note=note,
        )

    def members(self, number: int) -> tuple[Ballot, ...]:
        """The ballots of the cluster that was seen as the `number`th, from 0."""
        return tuple(self._clusters.all[number].ballots)

    @property
    def clusters(self) -> Clusters:
        """The clusters in the order in which they were seen."""
        return self._clusters

    def _counted(self) -> tuple[list[float], str]:
        # Sums of the same weights in another order differ in their last bits; that must not decide a tie.
        scores = [round(score, 9) for score in self._scores]
        if scores and self.weigh is not one and not any(scores):
            return [float(len(cluster.ballots)) for cluster in self._clusters.all], "no vote has any weight: votes were counted"
        return scores, ""

    def _unit(self, total: float) -> float:
        """The weight of a typical vote that counts: doubted ones don't make the others look heavy, nor each other."""
        return max(self._squares / total, self.least_unit) if total > 0 else 1.0

    def _reason(self, order: Sequence[Cluster], scores: Sequence[float], unit: float, *, counted: bool) -> str | None:
        remaining = self.budget - self._taken
        if remaining <= 0:
            return f"all {self.budget} samples have ended"
        if not order or counted:
            return None
        if self.first_ends:
            passed = next(ballot.index for ballot in order[0].ballots if self.weigh(ballot) > 0)
            return f"sample {passed} passed the check"
        return self.rule.reason(Race(tuple(scores), remaining, self.budget, self._coming(remaining) / unit))

    def _coming(self, remaining: int) -> float:
        return sum(self.most[self._taken :]) if isinstance(self.most, tuple) else self.most * remaining


def _group(cluster: Cluster, score: float) -> Group:
    return Group(answer=cluster.answer, votes=len(cluster.ballots), score=score, first=cluster.ballots[0].index)
