"""Programs as they come: each is run when it has come, and no more are asked for once the choice is settled."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from soloist_sandbox.contract import Limits, Session

from soloist_agents.selection.agreement import Choice, choose
from soloist_agents.selection.agreement_profiles import profiled
from soloist_agents.selection.agreement_scores import Score, joint
from soloist_agents.selection.agreement_stopping import looks, settled
from soloist_agents.selection.behaviour import Behaviours, Seen
from soloist_agents.selection.behaviour_calls import Question
from soloist_agents.selection.behaviour_running import LIMITS, normal_form, observe

ERROR: Final = 0.02
"""One future of fifty."""
Stopped = Literal["settled", "budget", "ended"]
"""The choice would hardly change; as many samples as allowed; the samples have ended by themselves."""


@dataclass(frozen=True)
class Sample:
    """One program: the whole text of the question's file."""

    program: str
    weight: float = 1.0
    """Of its vote, above 0."""


@dataclass(frozen=True)
class Agreed:
    """What was chosen, and when."""

    program: str
    choice: Choice
    stopped: Stopped
    jobs: int
    """Sandbox jobs."""
    seconds: float
    """Wall-clock, of the executions alone."""


async def agree(
    session: Session,
    question: Question,
    samples: AsyncIterator[Sample],
    *,
    budget: int,
    error: float = ERROR,
    score: Score = joint,
    limits: Limits = LIMITS,
) -> Agreed:
    """Take samples until the choice is settled (`agreement_stopping`), `budget` is reached, or they end.

    `error`: the share of drawn futures that may name another behaviour (`agreement_stopping` says what it is worth). The iterator
    is closed at the end where it can be, so that whoever draws the samples stops.
    Raises `ValueError` where no sample came, `SandboxUnavailable`, and what the iterator raises.
    """
    runs = _Runs(session, question, limits)
    taken: list[Sample] = []
    stopped: Stopped = "budget"
    async with _closing(samples):
        for look in looks(budget):
            fresh = await _next(samples, look - len(taken))
            taken += fresh
            await runs.add([sample.program for sample in fresh])
            if len(taken) < look:
                stopped = "ended"
                break
            if look < budget and _settled(runs.seen, question, taken, budget, error, score):
                stopped = "settled"
                break
    choice = choose(runs.seen, question.claims, question.examples, [sample.weight for sample in taken], score)
    return Agreed(taken[choice.program].program, choice, stopped, runs.seen.jobs, runs.seen.seconds)


class _Runs:
    """The behaviour matrix, growing by programs; a program that was seen before is not run again."""

    def __init__(self, session: Session, question: Question, limits: Limits) -> None:
        self.seen = Behaviours(question.calls, ())
        self._session = session
        self._question = question
        self._limits = limits
        self._rows: dict[str | None, tuple[Seen, ...]] = {}

    async def add(self, programs: Sequence[str]) -> None:
        """Run those that are new."""
        asked = self._question
        forms = [normal_form(program) for program in programs]
        fresh = {form: program for form, program in zip(forms, programs, strict=True) if form not in self._rows}
        found = await observe(
            self._session, [*fresh.values()], self.seen.calls, path=asked.path, function=asked.function, limits=self._limits
        )
        self._rows.update(zip(fresh, found.rows, strict=True))
        self.seen = Behaviours(
            self.seen.calls,
            (*self.seen.rows, *(self._rows[form] for form in forms)),
            self.seen.seconds + found.seconds,
            self.seen.jobs + found.jobs,
        )


def _settled(seen: Behaviours, question: Question, taken: Sequence[Sample], budget: int, error: float, score: Score) -> bool:
    profiles = profiled(seen, question.claims, question.examples)
    votes = profiles.votes([sample.weight for sample in taken])
    left = (budget - len(taken)) * sum(votes) / len(taken)
    return settled(profiles, votes, left, error, score)


async def _next(samples: AsyncIterator[Sample], count: int) -> list[Sample]:
    found: list[Sample] = []
    while len(found) < count:
        try:
            found.append(await anext(samples))
        except StopAsyncIteration:
            break
    return found


def _closing(samples: AsyncIterator[Sample]) -> contextlib.AbstractAsyncContextManager[object]:
    """Closes a generator; other iterators have nothing to close."""
    return (
        contextlib.aclosing(cast("AsyncGenerator[Sample, None]", samples))
        if hasattr(samples, "aclose")
        else contextlib.nullcontext()
    )
