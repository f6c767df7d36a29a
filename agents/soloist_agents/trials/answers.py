"""Trials of answers that no program judges: compared with the known one, or cited."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from soloist_tools.tree import Tree

from soloist_agents.citations import missing_citations
from soloist_agents.contract import Candidate, NearMiss, Verdict
from soloist_agents.extract import same_answer
from soloist_agents.step_check import AnswerCheck
from soloist_agents.stitching import Stitch
from soloist_agents.trials.contract import Screening


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
