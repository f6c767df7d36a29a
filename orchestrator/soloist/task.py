"""What is asked: the task and what it may cost."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from soloist_sandbox.contract import Check, Limits, Value

Approval = Literal["ask", "always", "never"]


class Budget(Value):
    """What a run may use; reaching it ends the search, not the report."""

    seconds: float = Field(default=300.0, gt=0)
    """Wall-clock seconds for looking and searching; the last proof is always finished."""
    samples: int = Field(default=20_000, gt=0)
    """Candidates judged, over all steps."""
    replans: int = Field(default=3, ge=0)
    """How often the planner may try other steps."""

    @property
    def check_limits(self) -> Limits:
        """Limits for one run of the whole check."""
        return Limits(seconds=min(7200.0, max(30.0, self.seconds / 2)), test_seconds=min(30.0, max(2.0, self.seconds / 20)))


class Task(Value):
    """One thing to do."""

    goal: str = Field(min_length=1)
    repository: Path
    check: Check | None = None
    """How we will know that the whole is done."""
    budget: Budget = Budget()
    approval: Approval = "ask"
    """Whether a proved patch may be applied to the repository: after asking, always, or never."""
