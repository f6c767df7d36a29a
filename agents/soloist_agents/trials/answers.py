"""Trials of answers that no program judges: compared with the known one, voted on, or cited."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from soloist_tools.tree import Tree

from soloist_agents.citations import missing_citations
from soloist_agents.contract import Candidate, NearMiss, Verdict
from soloist_agents.extract import same_answer
from soloist_agents.step_check import AnswerCheck
from soloist_agents.stitching import Stitch
from soloist_agents.trials.contract import Screening

LEAST_VOTES = 2
"""One sample agrees with nobody."""


@dataclass(frozen=True)
class AnswerTrial:
    """Compares with the known answer."""

    check: AnswerCheck
    stitch: Stitch

    def changes(self, candidate: Candidate) -> Mapping[str, bytes]:
        """The answer as a file."""
        return self.stitch(candidate)

    async def screen(self, candidates: Sequence[Candidate]) -> Screening:
        """Nothing is cheaper than the comparison itself."""
        return Screening(survivors=tuple(candidates), misses=(), judged=len(candidates))

    async def prove(self, candidate: Candidate) -> Verdict:
        """Passed when the answers are equal. The known answer is never told, also not in `why`."""
        equal = await asyncio.to_thread(same_answer, candidate.text, self.check.expected)
        return Verdict(
            candidate=candidate,
            outcome=None,
            exact=equal,
            passed=equal,
            why="equal to the known answer" if equal else "not the known answer",
            level="executed" if equal else "unverified",
        )


@dataclass
class AgreementTrial:
    """Groups equal answers. It can't prove any: `leader` tells the largest group and how many samples there were."""

    stitch: Stitch
    _groups: list[list[Candidate]] = field(default_factory=list)

    def changes(self, candidate: Candidate) -> Mapping[str, bytes]:
        """The answer as a file."""
        return self.stitch(candidate)

    async def screen(self, candidates: Sequence[Candidate]) -> Screening:
        """Every answer is kept as a vote."""
        return Screening(survivors=tuple(candidates), misses=(), judged=len(candidates))

    async def prove(self, candidate: Candidate) -> Verdict:
        """Count the vote; it proves nothing yet."""
        group = await asyncio.to_thread(self._group_of, candidate)
        group.append(candidate)
        total = sum(map(len, self._groups))
        why = f"{len(group)} of {total} samples answer this"
        return Verdict(candidate=candidate, outcome=None, passed=False, why=why, level="unverified")

    def cast(self) -> tuple[Candidate, ...]:
        """All votes so far."""
        return tuple(candidate for group in self._groups for candidate in group)

    def votes(self) -> int:
        """How many samples have voted."""
        return sum(map(len, self._groups))

    def share(self) -> float:
        """The largest group's part of the votes, 0 to 1."""
        return max(map(len, self._groups)) / self.votes() if self._groups else 0.0

    def leader(self) -> Verdict | None:
        """The answer most samples agree on; ties go to the one seen first. None before any vote."""
        if not self._groups:
            return None
        best = max(self._groups, key=len)
        total = sum(map(len, self._groups))
        agreed = len(best) >= LEAST_VOTES and 2 * len(best) > total
        why = f"{len(best)} of {total} samples agree" if len(best) > 1 else f"none of {total} samples agree"
        return Verdict(candidate=best[0], outcome=None, passed=False, why=why, level="agreed" if agreed else "unverified")

    def _group_of(self, candidate: Candidate) -> list[Candidate]:
        for group in self._groups:
            if same_answer(group[0].text, candidate.text):
                return group
        self._groups.append([])
        return self._groups[-1]


@dataclass(frozen=True)
class KnowledgeTrial:
    """Looks whether every place that an answer cites is there. That the answer follows from them, nobody has checked."""

    tree: Tree

    def changes(self, candidate: Candidate) -> Mapping[str, bytes]:
        """None: it is text."""
        return {}

    async def screen(self, candidates: Sequence[Candidate]) -> Screening:
        """Answers without citations, or with wrong ones, fail and say which."""
        survivors, misses = [], []
        for candidate in candidates:
            wrong = await asyncio.to_thread(missing_citations, candidate.text, self.tree)
            if wrong:
                misses.append(NearMiss(candidate=candidate, passed=0, why=wrong))
            else:
                survivors.append(candidate)
        return Screening(survivors=tuple(survivors), misses=tuple(misses), judged=len(candidates))

    async def prove(self, candidate: Candidate) -> Verdict:
        """An answer whose places exist is told, and stays unverified."""
        wrong = await asyncio.to_thread(missing_citations, candidate.text, self.tree)
        why = wrong or "every place that it cites exists; that the answer follows from them was not checked"
        return Verdict(candidate=candidate, outcome=None, passed=False, why=why, level="unverified")
