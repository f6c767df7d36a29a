"""Who thinks: steps in, candidates out, verdicts on them. Protocols for planners and specialists."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, runtime_checkable

from langchain_core.tools import BaseTool
from pydantic import Field, model_validator
from soloist_sandbox.contract import Level, Outcome, RepositoryCheck, Value
from soloist_tools.evidence import Found
from soloist_tools.localise import SuspectLine

from soloist_agents.selection.ballot import Claim
from soloist_agents.selection.choosing import Selection
from soloist_agents.step_check import TARGET, StepCheck

StepKind = Literal["function", "program", "answer", "edit", "command", "knowledge"]
"""The first three go to specialists (reasoning compresses); the last three stay with the planner (coverage doesn't)."""

Route = Literal["specialist", "planner"]

MOST_SAID = 20_000
"""Characters kept of a final answer."""


class PlannerNeeded(RuntimeError):
    """The task needs a planner model. The text says why and how to set one."""


class Given(Value):
    """Something known that a step builds on: what an earlier step gave, or a piece of evidence."""

    title: str
    text: str


class Shown(Value):
    """A file that a step is about."""

    path: str
    text: str | None
    """None: there is no such file yet."""
    whole: bool = True
    """False: only parts of it are shown."""


class Step(Value):
    """One checkable piece of work, self-contained: whoever solves it sees nothing else."""

    id: str
    goal: str
    kind: StepKind
    target: str | None = None
    """For kind "function": `path::Qual.name`, path relative to the repository's root. For "program": the file's path."""
    files: tuple[str, ...] = ()
    """For kinds "edit" and "knowledge": the files that the work is about."""
    problem: str = ""
    """The statement, with every fact that it needs. For kind "command": the command."""
    source: str = ""
    """For kind "function": the whole text of the file that holds the target; empty for a new file."""
    check: StepCheck | None = None
    """None only for kinds "command" and "knowledge", and for an "edit" that the check of the whole judges."""
    needs: tuple[str, ...] = ()
    task: str = ""
    """The goal of the whole, for glue."""
    shown: tuple[Shown, ...] = ()
    """The text of `files`."""
    givens: tuple[Given, ...] = ()
    """What the steps in `needs` gave."""
    tests: str = ""
    """Source of the repository's own tests that fail now and that the step must turn green."""
    proposal: str = ""
    """For kind "edit": edit blocks that the planner has tried already; the first candidate."""
    route: Route | None = None
    """Who should work on it, where the planner has said so; else the kind decides."""
    reason: str = ""
    """Why it goes there."""
    suspicion: float = Field(default=0.0, ge=0, le=1)
    lines: tuple[SuspectLine, ...] = ()
    """Suspect lines of `source`, most suspicious first."""
    selection: Selection | None = None
    """How many samples, and what is made of them. None: the specialist's own number, and the first that passes."""

    @model_validator(mode="after")
    def _function_has_target(self) -> Self:
        if self.kind == "function" and not (self.target and TARGET.fullmatch(self.target)):
            raise ValueError(f"step {self.id}: a function step needs a target like 'src/m.py::Class.method', not {self.target!r}")
        if self.check is None and self.kind in ("function", "program", "answer"):
            raise ValueError(f"step {self.id}: a step of kind {self.kind} needs a check")
        return self

    @property
    def routed(self) -> Route:
        """Who works on it: reasoning goes to the specialist, knowledge and glue to the planner."""
        return self.route or ("specialist" if self.kind in ("function", "program", "answer") else "planner")

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
    dropped: tuple[str, ...] = ()
    """Solved steps of earlier plans whose work is not wanted any more."""
    note: str = ""
    """For the person who asked: assumptions, wrong premises, why there is no step."""

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
    also: tuple[str, ...] = ()
    """For kind "function": imports and helper functions that came with it."""
    said: str = Field(default="", max_length=MOST_SAID)
    """For steps that nothing can check: the final answer's whole text (its last part), where claims are looked for."""
    claims: tuple[Claim, ...] = ()
    """What the sample says its answer rests on; for programs, the assertions that it wrote, one `assert` each."""
    confidence: float | None = Field(default=None, gt=0, le=1)
    """Mean probability of its tokens, where the server gave logprobs."""

    @property
    def whole(self) -> str:
        """The text with what belongs to it."""
        return "\n\n".join((*self.also, self.text))


class NoAnswer(Value):
    """A sample that came to nothing. It never counts as a wrong answer."""

    author: str
    ended: Literal["truncated", "loop", "empty", "filtered", "failed", "spent"]
    """The last two: the endpoint could not serve; a cap on tokens or money is reached."""
    why: str = ""


class Verdict(Value):
    """A judgement on a candidate. `passed` can't be had without an execution or an exact comparison: there is no other
    constructor."""

    candidate: Candidate
    outcome: Outcome | None
    """The execution; None for an answer that was compared or voted on."""
    exact: bool = False
    """The answer equals the known one, by our own comparison."""
    passed: bool
    why: str
    level: Level
    """Of an answer that did not pass: "agreed" where samples agree, else "unverified"."""

    @model_validator(mode="after")
    def _proved(self) -> Self:
        ran = self.outcome is not None and self.outcome.exit_code == 0 and self.outcome.limit is None
        if self.passed and not (self.level in ("executed", "tested") and (ran or self.exact)):
            raise ValueError("a candidate passes only by an execution that ended with 0 and no limit, or by an exact comparison")
        if not self.passed and self.level not in ("unverified", "agreed"):
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


@dataclass(frozen=True)
class Pace:
    """How a specialist's candidates are drawn and judged. The default suits many cheap candidates."""

    first_batch: int = 16
    """Small: most faults that can be repaired at all are among the likeliest candidates."""
    batch: int = 48
    """Candidates judged between two checkpoints, at most."""
    fresh_before_repair: int = 400
    """Fresh candidates judged before failed ones are built on, and between two such rounds."""
    repairs_a_round: int = 300
    repair_rounds: int = 1_000_000
    thorough: bool = False
    """Candidates are few and dear: each is run on its own, and every failure is told in full for the repair."""
    replayable: bool = True
    """The same step gives the same candidates in the same order, so that a resumed run can skip those it has judged."""


class Specialist(Protocol):
    """Solves steps. Streams candidates, so that the first verified one ends the rest.

    May have a `pace: Pace` of its own, and `samples: int`, how many it gives for a step that does not say.
    """

    @property
    def name(self) -> str:
        """Shown in progress, reports and the ledger."""
        ...

    def propose(self, step: Step) -> AsyncIterator[Candidate | NoAnswer]:
        """Fresh candidates, likeliest first; in the same order for the same step, so that a run can be resumed."""
        ...

    def repair(self, step: Step, misses: Sequence[NearMiss]) -> AsyncIterator[Candidate | NoAnswer]:
        """Candidates that build on failed ones, best miss first."""
        ...


class ToolCall(Value):
    """A planner's wish to use one of the read-only tools."""

    tool: str
    arguments: Mapping[str, Any] = Field(default_factory=dict)
    id: str = ""
    """The model's own name for the call."""
    turn: int = 0
    """Calls of one turn were asked for together. 0: the planner's own rule, no model asked."""
    said: str = ""
    """The model's words beside the first call of a turn."""
    answer: str = ""
    """What the tool said. Already there where the call itself was unusable; such a call is not made."""


class Gathered(Found):
    """What gathering has found so far, and how."""

    calls: tuple[ToolCall, ...] = ()
    """The tools used so far, in order, with their answers."""


class StepResult(Value):
    """What became of a step of an earlier plan."""

    step: Step
    solved: bool
    why: str
    text: str = ""
    """Of a solved step: what solved it."""


@dataclass(frozen=True)
class Situation:
    """All that a planner knows."""

    goal: str
    check: RepositoryCheck | None
    """How we will know that the whole is done."""
    gathered: Gathered
    tree: Mapping[str, bytes]
    """The repository's files by path, read when asked for."""
    tools: Sequence[BaseTool] = ()
    """What it may look around with; none of them writes."""
    implied: bool = False
    """The check is the repository's own suite, which must still pass; it is not how the user will know."""
    history: Sequence[StepResult] = ()
    """The steps of earlier plans."""
    planned_turn: int = 0
    """The last turn of looking around that an earlier plan was made from."""
    asks: bool = False
    """The goal is a question: nothing is to be changed."""


class Planner(Protocol):
    """Knows the whole task: says what to look at, and breaks the task into steps."""

    @property
    def name(self) -> str:
        """Shown in progress, reports and the ledger."""
        ...

    async def look(self, situation: Situation) -> Sequence[ToolCall]:
        """Which tools to use next; none means that enough is known.

        Raises `PlannerNeeded` where this planner can't serve the goal, `ValueError` where the check itself is unusable,
        `ModelError` where its model fails.
        """
        ...

    async def plan(self, situation: Situation) -> Plan:
        """Break the task into steps. A plan without steps says that no idea is left. Raises `ModelError`."""
        ...


@runtime_checkable
class CheckWriter(Protocol):
    """A planner that can mend a check of its own making."""

    async def rewrite_check(self, step: Step, fault: str) -> Step | None:
        """The step with another check, or None. `fault` says what is wrong with the present one. Raises `ModelError`."""
        ...


@runtime_checkable
class Author(Protocol):
    """A planner that can work on steps itself: its own kinds, and what specialists give up."""

    @property
    def author(self) -> Specialist:
        """The planner, as the last rung of the ladder."""
        ...
