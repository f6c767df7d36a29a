"""What a trial is: cheap screening first, proof for what survives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from soloist_agents.contract import Candidate, NearMiss, Verdict


@dataclass(frozen=True)
class Screening:
    """What a batch of candidates came to."""

    survivors: tuple[Candidate, ...]
    """Not refuted, and not proved yet."""
    misses: tuple[NearMiss, ...]
    judged: int


class Trial(Protocol):
    """Judges the candidates of one step."""

    def changes(self, candidate: Candidate) -> Mapping[str, bytes]:
        """The candidate's own changed files. Raises ValueError when it doesn't fit its place."""
        ...

    async def screen(self, candidates: Sequence[Candidate]) -> Screening:
        """Tell apart what fails from what may pass. Raises `SandboxUnavailable`."""
        ...

    async def prove(self, candidate: Candidate) -> Verdict:
        """Judge by an execution of its own, or by an exact comparison. Raises `SandboxUnavailable`."""
        ...
