"""The trial of answers that nothing can check: samples vote, and what they claim is executed where it can be."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from soloist_sandbox.contract import Session

from soloist_agents.contract import Candidate, Step, Verdict
from soloist_agents.selection.ballot import Ballot, Claim
from soloist_agents.selection.calibration import RECORDED
from soloist_agents.selection.choosing import Selection
from soloist_agents.selection.claims import arithmetic_claims, call_claims, demands
from soloist_agents.selection.poll import Standing
from soloist_agents.selection.quoted import Caller, claims_about, quoted
from soloist_agents.selection.reliability import Reliability
from soloist_agents.selection.sameness import LITERALS, MATHEMATICS
from soloist_agents.selection.strategies import DEFAULT_SAMPLES, Name, strategy
from soloist_agents.selection.tally import MOST_SHOWN, Group, Tally
from soloist_agents.stitching import Stitch
from soloist_agents.trials.contract import Screening
from soloist_agents.trials.polled import Polled

LEAST_VOTES: Final = 2
"""One sample agrees with nobody."""
MOST_CLAIMS: Final = 24
"""Executed claims kept of one sample, false ones first."""
_NAMES: Final[Mapping[str, Name]] = {"majority": "majority", "weighted": "weighted", "clr": "clr"}


class VoteTrial(Polled):
    """Counts what every sample answers. It proves nothing: the best level that it gives is "agreed"."""

    def __init__(self, step: Step, session: Session, stitch: Stitch) -> None:
        wanted = step.selection or Selection()
        code = quoted(step.problem)
        asked = code is not None and code.asked is not None
        super().__init__(
            strategy(
                _NAMES[wanted.strategy or "majority"],
                samples=wanted.samples or DEFAULT_SAMPLES,
                reliability=Reliability(authors=wanted.authors),
                sameness=LITERALS if asked else MATHEMATICS,  # as products, "abx" and "bax" are equal
            )
        )
        self._problem = step.problem
        self._stitch = stitch
        self._caller = Caller(session, code) if code is not None else None
        self._code = code
        self._leaders: dict[int, Candidate] = {}
        """The first candidate of each cluster, by the cluster's number."""
        self._false = 0

    def changes(self, candidate: Candidate) -> Mapping[str, bytes]:
        """The answer as a file."""
        return self._stitch(candidate)

    async def screen(self, candidates: Sequence[Candidate]) -> Screening:
        """Every answer is kept as a vote."""
        return Screening(survivors=tuple(candidates), misses=(), judged=len(candidates))

    async def prove(self, candidate: Candidate) -> Verdict:
        """Count the vote; it proves nothing yet. Raises `SandboxUnavailable` where claims about code are executed."""
        ballot = await self._ballot(candidate)
        await asyncio.to_thread(self._take, ballot, candidate)
        self._fresh.append(candidate)
        return Verdict(candidate=candidate, outcome=None, passed=False, why="counted as a vote", level="unverified")

    def tally(self) -> Tally:
        """How the vote stands."""
        standing = self._poll.standing()
        return Tally(
            strategy=_NAMES[self._poll.name],
            samples=standing.samples,
            voting=standing.voting,
            budget=standing.budget,
            groups=tuple(Group(answer=g.answer, votes=g.votes, score=g.score) for g in standing.groups[:MOST_SHOWN]),
            different=standing.different,
            probability=_probability(standing),
            claims=self._claims(),
            false_claims=self._false,
            stopped=standing.stop,
            why=standing.why,
            note=standing.note,
        )

    async def leader(self) -> Verdict | None:
        """The answer that leads; ties go to the one seen first."""
        cluster = self._leading()
        if cluster is None:
            return None
        standing = self._poll.standing()
        return Verdict(
            candidate=self._leaders[cluster.number],
            outcome=None,
            passed=False,
            why=_told(standing),
            level="agreed" if _agreed(standing) else "unverified",
        )

    async def restore(self, votes: Sequence[Candidate]) -> None:
        """Count them again."""
        for vote in votes:
            await self.prove(vote)
        self._fresh.clear()

    async def _ballot(self, candidate: Candidate) -> Ballot:
        executed: tuple[Claim, ...] = ()
        stated = candidate.claims
        if self._poll.name == "weighted":
            executed = _kept((*demands(self._problem, candidate.text), *arithmetic_claims(candidate.said, candidate.text)))
            executed = _kept((*await self._called(candidate.said, candidate.text), *executed))
        elif self._poll.name == "clr":
            stated = tuple([await self._executed(claim) for claim in stated])
        return Ballot(
            answer=candidate.text,
            index=self._samples,
            author=candidate.author,
            confidence=candidate.confidence,
            claims=stated,
            executed=executed,
        )

    async def _called(self, said: str, answer: str) -> tuple[Claim, ...]:
        if self._caller is None or self._code is None:
            return ()
        return await self._caller.settle(claims_about(self._code, said, answer))

    async def _executed(self, claim: Claim) -> Claim:
        """A stated claim that holds a false call is false, whatever a verifier thinks. A true call is only a part of it."""
        if self._caller is None or self._code is None:
            return claim
        calls = [call for name in self._code.functions for call in call_claims(claim.text, name)]
        if any(settled.verdict == "false" for settled in await self._caller.settle(calls)):
            return claim.model_copy(update={"verdict": "false", "by": "execution"})
        return claim

    def _take(self, ballot: Ballot, candidate: Candidate) -> None:
        known = len(self._poll.clusters.all)
        self._poll.take(ballot)
        self._samples += 1
        self._false += sum(claim.verdict == "false" and claim.by == "execution" for claim in (*ballot.claims, *ballot.executed))
        if len(self._poll.clusters.all) > known:
            self._leaders[known] = candidate.model_copy(update={"said": ""})

    def _claims(self) -> tuple[Claim, ...]:
        """Settled claims of the leader's samples, each once; false ones first."""
        cluster = self._leading()
        if cluster is None:
            return ()
        settled = {claim.text: claim for b in cluster.ballots for claim in (*b.claims, *b.executed) if claim.verdict != "unknown"}
        return _kept(tuple(settled.values()))


def _kept(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    return tuple(sorted(claims, key=lambda claim: claim.verdict != "false")[:MOST_CLAIMS])


def _agreed(standing: Standing) -> bool:
    first = standing.leader
    return first is not None and first.votes >= LEAST_VOTES and 2 * first.score > standing.total


def _probability(standing: Standing) -> float | None:
    """By the number of votes alone, whatever they weigh: that is what was calibrated. None for a leader that others outnumber."""
    first = standing.leader
    if first is None or any(group.votes > first.votes for group in standing.groups):
        return None
    return round(RECORDED.probability((first.votes + 1) / (standing.voting + 2)), 3)


def _told(standing: Standing) -> str:
    first = standing.leader
    if first is None:
        return "no sample gave an answer"
    if first.votes < LEAST_VOTES:
        return f"none of {standing.voting} samples agree"
    told = f"{first.votes} of {standing.voting} samples agree"
    if standing.strategy != "majority" and standing.total and not standing.note:
        told += f", with {first.score / standing.total:.2f} of the weight"
    likely = _probability(standing)
    if likely is None:
        return f"{told}; another answer has more votes, so how likely it is right can't be told"
    return f"{told}; right with probability {likely:.2f}, as votes were on recorded problems"
