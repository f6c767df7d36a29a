"""What a selection came to, for a report: samples, groups, votes, claims, and what stopped it."""

from typing import Protocol, runtime_checkable

from pydantic import Field
from soloist_sandbox.contract import Value

from soloist_agents.contract import Candidate, Verdict
from soloist_agents.selection.ballot import Claim
from soloist_agents.selection.choosing import Strategy

MOST_SHOWN = 8
"""Groups of a tally."""


class Group(Value):
    """Samples that say, or do, the same."""

    answer: str
    """The first of them; of programs what it was called on and gave, or nothing."""
    votes: int = Field(ge=1)
    score: float
    """Sum of its votes' weights."""


class Tally(Value):
    """How a selection stands. It says what samples think of each other; what a step's result stands on is its verdict."""

    strategy: Strategy
    samples: int = 0
    """That have ended, with and without an answer."""
    voting: int = 0
    """That gave one."""
    budget: int = 0
    groups: tuple[Group, ...] = ()
    """The leader first; at most `MOST_SHOWN`."""
    different: int = 0
    """Groups in all."""
    probability: float | None = None
    """That the leader is right, as calibrated on recorded samples; None where that can't be told."""
    claims: tuple[Claim, ...] = ()
    """Settled claims about the leader: those of its samples, or the given examples."""
    false_claims: int = 0
    """Executed claims of all samples that are false."""
    stopped: bool = False
    why: str = ""
    """What stopped it, or why it goes on."""
    note: str = ""
    """What a reader must know: that no claim held and the votes were counted instead."""


@runtime_checkable
class Voting(Protocol):
    """A trial whose candidates are compared with each other, so that the step's end is not the first candidate that passes."""

    def absent(self, count: int) -> None:
        """So many samples have ended without an answer."""
        ...

    def tally(self) -> Tally:
        """How it stands. Cheap: it is asked for after every sample."""
        ...

    async def leader(self) -> Verdict | None:
        """The verdict on the best candidate so far: passed only by execution, "agreed" at most by votes. None before any.

        Raises `SandboxUnavailable` where it has to execute something.
        """
        ...

    async def restore(self, votes: "tuple[Candidate, ...]") -> None:
        """Take what was cast before a run was interrupted, in its order."""
        ...

    def fresh_votes(self) -> "tuple[Candidate, ...]":
        """What was cast since this was last asked; kept, so that `restore` can have it."""
        ...
