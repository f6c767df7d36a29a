"""Who thinks: steps in, candidates out, verdicts on them. Protocols for planners and specialists."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal, Protocol, Self

from pydantic import Field, model_validator
from soloist_sandbox.contract import Check, Level, Outcome, Value
from soloist_tools.evidence import Found
from soloist_tools.localise import SuspectLine

StepKind = Literal["function", "program", "answer", "edit", "command", "knowledge"]
"""The first three go to specialists (reasoning compresses); the last three stay with the planner (coverage doesn't)."""

TARGET = re.compile(r"(?P<path>[^:]+)::(?P<name>[\w.]+(?:#\d+)?)")


class PlannerNeeded(RuntimeError):
    """The task needs a planner model. The text says why and how to set one."""


class Step(Value):
    """One checkable piece of work, self-contained: whoever solves it sees nothing else."""

    id: str
    goal: str
    kind: StepKind
    target: str | None = None
    """For kind "function": `path::Qual.name`, path relative to the repository's root."""
    problem: str = ""
    """The statement, with every fact that it needs."""
    source: str = ""
    """For kind "function": the whole text of the file that holds the target."""
    check: Check
    needs: tuple[str, ...] = ()
    suspicion: float = Field(default=0.0, ge=0, le=1)
    lines: tuple[SuspectLine, ...] = ()
    """Suspect lines of `source`, most suspicious first."""

    @model_validator(mode="after")
    def _function_has_target(self) -> Self:
        if self.kind == "function" and not (self.target and TARGET.fullmatch(self.target)):
            raise ValueError(f"step {self.id}: a function step needs a target like 'src/m.py::Class.method', not {self.target!r}")
        return self

    @property
    def path(self) -> str:
        """Path of the target's file. Raises ValueError where the step has none."""
        if self.target is None:
            raise ValueError(f"step {self.id} has no target")
        return self.target.partition("::")[0]

    @property
    def name(self) -> str:
        """Qualified name of the target. Raises ValueError where the step has none."""
        if self.target is None:
            raise ValueError(f"step {self.id} has no target")
        return self.target.partition("::")[2]


class Plan(Value):
    """Steps, and whether all of them are needed or any one will do."""

    steps: tuple[Step, ...]
    mode: Literal["all", "any"] = "all"
    """"any": the steps are alternatives; the first that passes the whole check ends the others."""

    @model_validator(mode="after")
    def _well_formed(self) -> Self:
        ids = [step.id for step in self.steps]
        if len(set(ids)) != len(ids):
            raise ValueError("step ids must be unique")
        seen: set[str] = set()
        for step in self.steps:
            missing = set(step.needs) - seen
            if missing:
                raise ValueError(f"step {step.id} needs {sorted(missing)}, which no earlier step has")
            seen.add(step.id)
        return self


class Candidate(Value):
    """One sample: the final answer alone, never the thinking behind it."""

    author: str
    """Rung and name, for example "search" or "vibethinker"."""
    text: str
    """For kind "function": the whole new source of the function."""
    note: str = ""
    """What was done, in a few words, for people to read."""
    size: int = Field(default=0, ge=0)
    """How much changed: syntax-tree nodes or lines; smaller is preferred among equals."""
    depth: int = Field(default=1, ge=1)
    """1 for a fresh sample; +1 for every repair that led to it."""


class Verdict(Value):
    """A judgement on a candidate. `passed` can't be had without an execution: there is no other constructor."""

    candidate: Candidate
    outcome: Outcome
    passed: bool
    why: str
    level: Level

    @model_validator(mode="after")
    def _proved(self) -> Self:
        proved = self.level in ("executed", "tested")
        if self.passed and not (proved and self.outcome.exit_code == 0 and self.outcome.limit is None):
            raise ValueError("a candidate passes only by an execution that ended with 0 and no limit")
        if not self.passed and self.level != "unverified":
            raise ValueError("a failed candidate has no evidence level")
        return self


class NearMiss(Value):
    """A failed candidate worth building on: how many of the failing tests it turned green, and how far it got."""

    candidate: Candidate
    passed: int = Field(ge=0)
    """Tests that failed before the change and pass with it."""
    reached: int = Field(default=0, ge=0)
    """Line of its own file at which a test still failed; 0 when none did."""
    why: str = ""
    """The shortened failure, for a repairing model."""


class Specialist(Protocol):
    """Solves steps. Streams candidates, so that the first verified one ends the rest."""

    @property
    def name(self) -> str:
        """Shown in progress, reports and the ledger."""
        ...

    def propose(self, step: Step) -> AsyncIterator[Candidate]:
        """Fresh candidates, likeliest first; in the same order for the same step, so that a run can be resumed."""
        ...

    def repair(self, step: Step, misses: Sequence[NearMiss]) -> AsyncIterator[Candidate]:
        """Candidates that build on failed ones, best miss first."""
        ...


class ToolCall(Value):
    """A planner's wish to use one of the read-only tools."""

    tool: str
    arguments: Mapping[str, Any] = Field(default_factory=dict)


class Gathered(Found):
    """What gathering has found so far, and how."""

    calls: tuple[ToolCall, ...] = ()
    """The tools used so far, in order."""


class Planner(Protocol):
    """Knows the whole task: says what to look at, and breaks the task into steps."""

    @property
    def name(self) -> str:
        """Shown in progress, reports and the ledger."""
        ...

    async def look(self, goal: str, check: Check | None, gathered: Gathered) -> Sequence[ToolCall]:
        """Which read-only tools to use next; none means that enough is known.

        Raises `PlannerNeeded` where this planner can't serve the goal, `ValueError` where the check itself is unusable.
        """
        ...

    async def plan(
        self, goal: str, check: Check, gathered: Gathered, sources: Mapping[str, bytes], failed: Sequence[str]
    ) -> Plan:
        """Break the task into steps. `sources` holds the files that evidence names; `failed` the ids of steps given up.

        A plan without steps says that no idea is left.
        """
        ...
