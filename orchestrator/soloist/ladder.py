"""The ladder: who may work on a step, cheapest first. Verification is cheap, so the cheapest solver that passes wins."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from soloist_agents.contract import Candidate, NearMiss, NoAnswer, Pace, Specialist, Step

REASONED = ("function", "program", "answer")


@dataclass(frozen=True)
class Ladder:
    """The rungs of a run."""

    search: Specialist | None = None
    """Needs no model; edits functions that are there."""
    specialists: tuple[Specialist, ...] = ()

    def rungs(self, step: Step, *, there: bool, author: Specialist | None) -> tuple[Specialist, ...]:
        """For one step. `there`: the function to be written exists. `author`: the planner, as the last rung."""
        if step.kind == "command":
            return (Shell(),)
        last = (author,) if author is not None else ()
        if step.kind not in REASONED:
            return (*((Proposed(),) if step.proposal else ()), *last)
        first = (self.search,) if self.search is not None and there else ()
        return (*first, *(self.specialists if step.routed == "specialist" else ()), *last)


class Given:
    """Proposes what the planner has written already: a step's one candidate."""

    name = "given"
    pace = Pace(first_batch=1, batch=1, repair_rounds=0, thorough=True)

    async def repair(self, step: Step, misses: Sequence[NearMiss]) -> AsyncIterator[Candidate | NoAnswer]:
        """None."""
        return
        yield  # an async generator without items


class Nobody(Given):
    """Stands where no one can work on a step."""

    name = "nobody"

    async def propose(self, step: Step) -> AsyncIterator[Candidate | NoAnswer]:
        """None."""
        return
        yield  # an async generator without items


class Shell(Given):
    """The command of a "command" step."""

    name = "command"

    async def propose(self, step: Step) -> AsyncIterator[Candidate | NoAnswer]:
        """The command as it stands."""
        yield Candidate(author=self.name, text=step.problem, note="the planner's command")


class Proposed(Given):
    """Edits that the planner has tried while it looked around."""

    name = "tried edit"

    async def propose(self, step: Step) -> AsyncIterator[Candidate | NoAnswer]:
        """The edits as they were tried."""
        yield Candidate(author=self.name, text=step.proposal, note="tried by the planner before")


def samples_of(specialists: Sequence[Specialist]) -> int | None:
    """How many samples the first of them that says so gives for a step."""
    return next((found for one in specialists if isinstance(found := getattr(one, "samples", None), int)), None)


def pace_of(specialist: Specialist) -> Pace:
    """Its own, or the one for many cheap candidates."""
    pace = getattr(specialist, "pace", None)
    return pace if isinstance(pace, Pace) else Pace()
