"""Best of n: every sample is judged by the step's own check, and of those that passed the one that most of them are is taken."""

from collections.abc import Mapping, Sequence

from soloist_agents.contract import Candidate, Verdict
from soloist_agents.selection.ballot import Ballot
from soloist_agents.selection.behaviour_running import normal_form
from soloist_agents.selection.sameness import Sameness
from soloist_agents.selection.strategies import strategy
from soloist_agents.selection.tally import MOST_SHOWN, Group, Tally
from soloist_agents.trials.contract import Screening, Trial
from soloist_agents.trials.polled import Polled

SOURCES = Sameness(lambda text: normal_form(text) or text, lambda a, b: False, lambda one, two: True)
"""Programs that are the same but for comments and layout."""


class BestOf(Polled):
    """Another trial, asked for all samples. Ties go to the one seen first."""

    def __init__(self, trial: Trial, samples: int) -> None:
        super().__init__(strategy("best_of_n", samples=samples, sameness=SOURCES))
        self._trial = trial
        self._judged: dict[str, Verdict] = {}
        """By the candidate's text: the same program is not run twice."""
        self._passed: dict[int, Verdict] = {}
        """The verdict on each sample that passed."""

    def changes(self, candidate: Candidate) -> Mapping[str, bytes]:
        """As the inner trial."""
        return self._trial.changes(candidate)

    async def screen(self, candidates: Sequence[Candidate]) -> Screening:
        """As the inner trial; what it refutes has no vote."""
        return await self._trial.screen(candidates)

    async def prove(self, candidate: Candidate) -> Verdict:
        """As the inner trial, and remembered."""
        verdict = self._judged.get(candidate.text) or await self._trial.prove(candidate)
        self._judged[candidate.text] = verdict
        if verdict.passed:
            self._passed[self._samples] = verdict
        self._poll.take(Ballot(answer=candidate.text, index=self._samples, author=candidate.author, verified=verdict.passed))
        self._samples += 1
        self._fresh.append(candidate)
        return verdict

    def tally(self) -> Tally:
        """How many passed, and how many of those are the same."""
        standing = self._poll.standing()
        groups = [group for group in standing.groups if group.score > 0 and not standing.note]
        return Tally(
            strategy="best_of_n",
            samples=standing.samples,
            voting=len(self._passed),
            budget=standing.budget,
            groups=tuple(Group(answer="", votes=round(group.score), score=group.score) for group in groups[:MOST_SHOWN]),
            different=len(groups),
            stopped=standing.stop,
            why=standing.why,
        )

    async def leader(self) -> Verdict | None:
        """The first of the largest group that passed; None where none did."""
        cluster = self._leading()
        if cluster is None or not self._passed:
            return None
        members = cluster.ballots
        verdict = self._passed[next(ballot.index for ballot in members if ballot.verified)]
        alike = sum(ballot.verified for ballot in members)
        told = f"; {len(self._passed)} of {self._samples} samples passed, {alike} of them are this one"
        return verdict.model_copy(update={"why": verdict.why + told})

    async def restore(self, votes: Sequence[Candidate]) -> None:
        """Judge them again: what passed once is not taken on trust."""
        for vote in votes:
            await self.prove(vote)
        self._fresh.clear()
