"""What trials have in common whose candidates are votes of one `Poll`."""

from soloist_agents.contract import Candidate
from soloist_agents.selection.ballot import Ballot
from soloist_agents.selection.clusters import Cluster
from soloist_agents.selection.poll import Poll


class Polled:
    """Counts samples, and keeps the votes that were not kept yet."""

    def __init__(self, poll: Poll) -> None:
        self._poll = poll
        self._samples = 0
        """That have ended; the number of the next."""
        self._fresh: list[Candidate] = []

    def absent(self, count: int) -> None:
        """So many samples have ended without an answer: they never vote, and use up their share of the budget."""
        for _ in range(count):
            self._poll.take(Ballot(answer=None, index=self._samples, finish="length"))
            self._samples += 1

    def fresh_votes(self) -> tuple[Candidate, ...]:
        """Those since the last call."""
        fresh, self._fresh = tuple(self._fresh), []
        return fresh

    def _leading(self) -> Cluster | None:
        """The cluster in front, found by the number of its first sample. None before any vote."""
        first = self._poll.standing().leader
        if first is None:
            return None
        return next(cluster for cluster in self._poll.clusters.all if cluster.ballots[0].index == first.first)
