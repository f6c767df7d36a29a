"""What is asked: the task and what it may cost."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from soloist_agents.models.ledger import Caps
from soloist_agents.selection.choosing import Selection
from soloist_agents.step_check import TARGET, StepCheck
from soloist_sandbox.contract import Limits, RepositoryCheck, Value

Approval = Literal["ask", "always", "never"]


class Budget(Caps):
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


class Problem(Value):
    """One self-contained problem, to be solved without a repository."""

    text: str = Field(min_length=1)
    """The whole statement: who solves it sees nothing else."""
    kind: Literal["function", "program", "answer"]
    """A function may do without a check that runs: then its samples are compared by what they do."""
    check: StepCheck
    target: str | None = None
    """For a program: the file that tests import it from; by default solution.py. For a function: `path::name`."""

    @model_validator(mode="after")
    def _function_has_a_name(self) -> Self:
        if self.kind == "function" and not (self.target and TARGET.fullmatch(self.target)):
            raise ValueError(f"a problem of kind function needs a target like 'solution.py::name', not {self.target!r}")
        return self


class Task(Value):
    """One thing to do."""

    goal: str = Field(min_length=1)
    repository: Path | None = None
    """None only for a `problem`."""
    check: RepositoryCheck | None = None
    """How we will know that the whole is done."""
    problem: Problem | None = None
    asks: bool = False
    """The goal is a question about the repository; nothing is changed."""
    budget: Budget = Budget()
    selection: Selection = Selection()
    """How many samples each step gets, and what is made of them. A step of a repository's plan that the named strategy doesn't
    suit gets one that does."""
    approval: Approval = "ask"
    """Whether a proved patch may be applied to the repository: after asking, always, or never."""

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if (self.repository is None) == (self.problem is None):
            raise ValueError("a task has either a repository or a problem")
        return self
