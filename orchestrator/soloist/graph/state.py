"""The graph's state: small, plain JSON. Bodies (code, outcomes, diffs) live in the run's folder under their hash."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypedDict

from soloist_agents.contract import Candidate
from soloist_sandbox.contract import Value

Status = Literal["open", "solved", "answered", "given up"]
"""Answered: as far as the step's kind allows, by text whose places exist, by agreement, or by an edit that fits."""
Phase = Literal["fresh", "repair"]


class Progress(Value):
    """How far a step has come. Enough to go on after the process was killed."""

    status: Status = "open"
    rung: int = 0
    """Index into the ladder of specialists."""
    phase: Phase = "fresh"
    drawn: int = 0
    """Fresh candidates taken from the current rung's stream."""
    exhausted: bool = False
    """The current rung has no fresh candidates left."""
    repair_round: int = 0
    repair_drawn: int = 0
    repair_misses: str = ""
    """Hash of the near misses that the current repair round builds on."""
    misses: str = ""
    """Hash of the best near misses so far."""
    near_misses: int = 0
    tried: int = 0
    plausible: int = 0
    proved_runs: int = 0
    votes: str = ""
    """Hash of the last votes cast (`Cast`), where candidates are compared with each other."""
    tally: str = ""
    """Hash of how that vote stands."""
    no_answers: int = 0
    """Samples that were cut, empty or looping, and calls that failed: neither right nor wrong."""
    absent: int = 0
    """Of these, the samples."""
    verdict: str = ""
    """Hash of the verdict that solved or answered it."""
    step: str = ""
    """Hash of the step as it was put before the specialists: completed, and with its check mended."""
    check_rewrites: int = 0
    suspect: str = ""
    """Why the check is suspected: different candidates fail it in the same way."""
    mutants: str = ""
    """How many wrong variants of the solution its check lets pass, in words; empty where that was not tried."""
    weak: bool = False
    """The check lets most wrong variants pass."""
    size: int = 0
    """Edit size of the solution."""
    why: str = ""


class Cast(Value):
    """Votes, and where those before them are: a thousand of them are each written once."""

    before: str
    """Hash of the `Cast` before this one; empty for the first."""
    votes: tuple[Candidate, ...]


def merge(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any]:
    """Reducer: later values of a key win."""
    return {**(old or {}), **(new or {})}


def newer(old: list[str] | None, new: list[str] | None) -> list[str]:
    """Reducer for a list that only grows: the longer one, so that a subgraph that hands it back doubles nothing."""
    return max(old or [], new or [], key=len)


class Input(TypedDict):
    """What starts a run."""

    goal: str
    repository: str
    check: dict[str, Any] | None


class Update(TypedDict, total=False):
    """What the nodes change. Values under `*_ref` are hashes of bodies in the run's folder."""

    gathered_ref: str
    plan_ref: str
    steps: Annotated[dict[str, Any], merge]
    """Step id -> `Progress` as JSON."""
    plans: int
    """How many plans were made."""
    chosen: list[str]
    """Ids of the steps whose solutions make the patch."""
    patch_ref: str
    verdict_ref: str
    """The verdict on the whole, from the clean copy."""
    left_out: list[str]
    """Tests that failed before, and were left out of the repository's own suite."""
    decision: str
    """What became of the patch: "applied", or why not."""
    trouble: Annotated[dict[str, str], merge]
    """A model that failed or a cap that was reached: "kind" and "text". It ends the run; what was found is kept."""
    plan_refs: Annotated[list[str], newer]
    """Hashes of all plans, oldest first."""
    planned_turn: int
    """The last turn of looking around that a plan was made from."""
    report: dict[str, Any]


class State(Input, Update):
    """The whole run."""


class GatherState(TypedDict, total=False):
    """State of the gathering loop; what became of earlier plans is only read there."""

    goal: str
    check: dict[str, Any] | None
    gathered_ref: str
    trouble: Annotated[dict[str, str], merge]
    steps: Annotated[dict[str, Any], merge]
    plan_refs: Annotated[list[str], newer]
    planned_turn: int
    calls: list[dict[str, Any]]
    """Tool calls that the planner asked for and that were not answered yet."""


class SolveInput(TypedDict):
    """One step, sent to a worker of its own."""

    step: str
    plan_ref: str
    gathered_ref: str
    progress: dict[str, Any]
    needed: dict[str, Any]
    """Id -> progress of the solved steps that it needs, directly or through others."""
    allowance: int
    """Candidates that may be judged in this wave."""


class SolveUpdate(TypedDict, total=False):
    """What the nodes of a step's loop change."""

    progress: dict[str, Any]
    spent: int
    """Candidates judged in this wave."""
    batch_ref: str
    """Candidates drawn and not judged yet."""
    batch: int
    """How many they are."""
    stop: bool
    """Time is over, the share is used, or another step was solved."""
    trouble: dict[str, str]


class SolveState(SolveInput):
    """State of one step's loop: its input and what `SolveUpdate` changes."""

    spent: int
    batch_ref: str
    batch: int
    stop: bool
    trouble: Annotated[dict[str, str], merge]


class SolveOutput(TypedDict):
    """What a worker gives back."""

    steps: Annotated[dict[str, Any], merge]
    trouble: Annotated[dict[str, str], merge]
