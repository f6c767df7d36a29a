"""Equal answers together, as they come."""

from collections.abc import Hashable
from dataclasses import dataclass, field

from soloist_agents.selection.ballot import Ballot
from soloist_agents.selection.sameness import MATHEMATICS, Sameness

MOST_COMPARED = 48
"""Clusters that a new form is compared with, the largest and earliest. Beyond that many *different* answers there is no
agreement to be found, and each comparison by algebra takes milliseconds."""


@dataclass
class Cluster:
    """Equal answers. The first one speaks for all."""

    number: int
    """0 for the first that was seen."""
    answer: str
    form: Hashable
    ballots: list[Ballot] = field(default_factory=list)


@dataclass
class Clusters:
    """Grows by one ballot at a time; n samples with k different forms cost n normal forms and at most 48 k comparisons.

    Equality of answers isn't transitive (`50%` is `50` and is `0.5`): a ballot joins the largest cluster whose *first* answer it
    equals. May start computer algebra and wait for it: in an event loop, call it through `asyncio.to_thread`.
    """

    sameness: Sameness = MATHEMATICS
    all: list[Cluster] = field(default_factory=list)
    comparisons: int = 0
    """How often the dear comparison was asked."""
    _known: dict[Hashable, Cluster] = field(default_factory=dict)

    def add(self, ballot: Ballot) -> Cluster:
        """The cluster that the ballot now belongs to. Raises ValueError for one that has no vote."""
        if not ballot.votes:
            raise ValueError(f"sample {ballot.index} came to no answer and can't vote")
        form = self.sameness.form(ballot.text)
        cluster = self._known.get(form)
        if cluster is None:
            cluster = self._known[form] = self._equal(ballot.text, form) or self._new(ballot.text, form)
        cluster.ballots.append(ballot)
        return cluster

    def _equal(self, answer: str, form: Hashable) -> Cluster | None:
        possible = [cluster for cluster in self.all if not self.sameness.differ(cluster.form, form)]
        nearest = sorted(possible, key=lambda cluster: (-len(cluster.ballots), cluster.number))
        for cluster in nearest[:MOST_COMPARED]:
            self.comparisons += 1
            if self.sameness.same(cluster.answer, answer):
                return cluster
        return None

    def _new(self, answer: str, form: Hashable) -> Cluster:
        self.all.append(Cluster(len(self.all), answer, form))
        return self.all[-1]
