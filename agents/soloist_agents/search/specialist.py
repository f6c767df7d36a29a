"""The `Search` specialist: single edits, then pairs, then edits on top of near misses."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from itertools import chain

from soloist_agents.contract import Candidate, NearMiss, NoAnswer, Pace, Step
from soloist_agents.search.drafts import AUTHOR, Drafts
from soloist_agents.search.near import second_edits
from soloist_agents.search.pairs import pairs
from soloist_agents.search.ranking import rank
from soloist_agents.search.suspicion import Suspicion
from soloist_agents.search.target import Target, find

BREATH = 0.02
"""Seconds of work after which other tasks get their turn."""


class Search:
    """Edits one function, likeliest edits first. Needs no model, keeps no state, reads nothing but the step."""

    def __init__(self, most: int | None = None, seconds: float | None = None) -> None:
        """Where others are to have their turn: `most` candidates for one step, and `seconds` for drawing and judging them.

        None: until the ideas run out.
        """
        self._most = most
        self._seconds = seconds
        self.pace = Pace() if most is None else Pace(repair_rounds=0)

    @property
    def name(self) -> str:
        """As it appears in a candidate's author."""
        return AUTHOR

    async def propose(self, step: Step) -> AsyncIterator[Candidate | NoAnswer]:
        """Single edits, then pairs of edits. Raises ValueError where the step's target can't be found."""
        async with aclosing(self._bounded(self.mutants(step))) as candidates:
            async for candidate in candidates:
                yield candidate

    async def repair(self, step: Step, misses: Sequence[NearMiss]) -> AsyncIterator[Candidate | NoAnswer]:
        """One more edit on top of each miss, the edits of the best misses first. Raises as `propose`."""
        target = find(step.source, step.path, step.name)
        async with aclosing(self._bounded(_breathing(second_edits(target, _suspicion(step, target), misses)))) as candidates:
            async for candidate in candidates:
                yield candidate

    async def _bounded(self, source: AsyncGenerator[Candidate, None]) -> AsyncGenerator[Candidate, None]:
        """The first `most` of them, as long as `seconds` have not passed since the first was asked for."""
        start, taken = time.monotonic(), 0
        async with aclosing(source):
            async for candidate in source:
                if taken == self._most or (self._seconds is not None and time.monotonic() - start > self._seconds):
                    return
                taken += 1
                yield candidate

    async def mutants(self, step: Step) -> AsyncGenerator[Candidate, None]:
        """All fresh edits, without a bound; also what a good check should refuse when the function is right."""
        target = find(step.source, step.path, step.name)
        async with aclosing(_breathing(_fresh(target, _suspicion(step, target)))) as candidates:
            async for candidate in candidates:
                yield candidate


async def _fresh(target: Target, suspicion: Suspicion) -> AsyncGenerator[Candidate | None, None]:
    edits = await asyncio.to_thread(rank, target, suspicion)
    drafts = Drafts(target.text)
    for candidate in chain(
        drafts.of(target.text, edits, target.first_line),
        drafts.of(target.text, pairs(edits), target.first_line),
    ):
        yield candidate


def _suspicion(step: Step, target: Target) -> Suspicion:
    """The step's suspect lines, counted from the function's first line."""
    last = target.first_line + target.text.count("\n") - 1
    return {s.line - target.first_line + 1: s.score for s in step.lines if target.first_line <= s.line <= last}


async def _breathing(work: AsyncGenerator[Candidate | None, None]) -> AsyncGenerator[Candidate, None]:
    """Candidates of a busy generator; other tasks run in between, and it is closed at the end."""
    since = time.monotonic()
    async with aclosing(work):
        async for candidate in work:
            if time.monotonic() - since > BREATH:
                await asyncio.sleep(0)
                since = time.monotonic()
            if candidate is not None:
                yield candidate
