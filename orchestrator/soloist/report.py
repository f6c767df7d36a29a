"""What is told at the end: what was done, on what evidence, and what it cost."""

from collections.abc import Sequence
from typing import Literal

from soloist_agents.contract import Route, StepKind
from soloist_agents.models.contract import Usage
from soloist_agents.models.ledger import Row
from soloist_agents.selection.tally import Tally
from soloist_sandbox.contract import Level, Outcome, Value
from soloist_tools.localise import FAILING


class StepReport(Value):
    """One step: who tried, how often, and what became of it."""

    id: str
    kind: StepKind = "function"
    target: str = ""
    goal: str = ""
    suspicion: float
    status: Literal["solved", "answered", "open", "given up"]
    level: Level = "unverified"
    """What the step's own result stands on."""
    rung: str
    """The specialist that was at work last."""
    route: Route = "specialist"
    reason: str = ""
    """Why the step went that way."""
    check: str = ""
    tried: int
    """Candidates judged."""
    near_misses: int
    plausible: int
    """Different candidates that passed in the trial; only the proved one is trusted."""
    no_answers: int = 0
    """Samples that were cut, empty or looping."""
    check_rewrites: int = 0
    suspect: str = ""
    """Why its check is suspected."""
    mutants: str = ""
    """How its check did on wrong variants of the solution."""
    weak: bool = False
    note: str = ""
    """The edit that solved it, or why it was given up."""
    text: str = ""
    """What was verified for it, also where the whole was not solved."""
    selection: Tally | None = None
    """Where samples were compared with each other: samples, groups, votes, claims, and what stopped it."""


class Ledger(Value):
    """What the run cost."""

    seconds: float
    candidates: int
    clean_runs: int
    """Checks run in a clean container of their own."""
    planner: str
    planner_tokens: int = 0
    specialist_tokens: int = 0
    usage: Usage = Usage()
    """All models together; `estimated` where a server did not count."""
    calls: int = 0
    """Calls of models."""
    money: float | None = 0.0
    """USD; None where a model that was called has no price."""
    planner_alone: float | None = None
    """USD, an estimate: the same specialist work at the planner's price. None where that is not known."""
    rows: tuple[Row, ...] = ()
    """Calls by role, step and model."""


class CheckRun(Value):
    """A run of the whole check, in numbers."""

    exit_code: int | None
    limit: str | None
    tests: int
    failed: int
    seconds: float
    failing: tuple[str, ...] = ()
    """The first failing tests."""

    @classmethod
    def of(cls, outcome: Outcome, shown: int = 20) -> "CheckRun":
        """The numbers of an outcome."""
        tests = outcome.report.tests if outcome.report else ()
        failing = [test.id for test in tests if test.status in FAILING]
        return cls(
            exit_code=outcome.exit_code,
            limit=outcome.limit,
            tests=len(tests),
            failed=len(failing),
            seconds=outcome.seconds,
            failing=tuple(failing[:shown]),
        )


class Report(Value):
    """The result of a run. Whatever it says stands on `level`, and `why` names the evidence."""

    run: str
    goal: str
    check: str = ""
    solved: bool
    level: Level = "unverified"
    why: str
    answer: str = ""
    """For a question or a problem: what was answered. How far to trust it says `level`."""
    diff: str = ""
    applied: bool = False
    alternatives: int = 0
    """Other, different patches that passed the trial as well: a sign that the check is weak."""
    before: CheckRun | None = None
    after: CheckRun | None = None
    """The whole check on a clean copy with the patch."""
    flaky: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """The planner's words to you: what it assumed, which premise was wrong. Nobody has checked them."""
    left_out: tuple[str, ...] = ()
    """Tests of the repository's own suite that failed before, and were left out of the check."""
    steps: tuple[StepReport, ...] = ()
    sandbox: str = ""
    ledger: Ledger | None = None
    error: str = ""
    """Why the run could not be made or finished; empty for a run that ended by itself."""
    ended: Literal["", "unavailable", "spent", "time"] = ""
    """What cut the run short: a model that did not serve, a cap, or the time."""

    def warnings(self) -> Sequence[str]:
        """What a careful reader of the result should know."""
        found = []
        if self.alternatives:
            found.append(f"{self.alternatives} other patches passed the trial as well: the check is loose there; read the diff")
        if self.flaky:
            found.append(f"tests that changed their result between two runs of the unchanged tree: {', '.join(self.flaky[:5])}")
        if self.solved and self.level == "executed" and self.diff:
            found.append("the check was not seen to fail before the change")
        if self.left_out:
            found.append(f"{len(self.left_out)} tests failed before and were left out: {', '.join(self.left_out[:5])}")
        found += [f"step {step.id} has a weak check: {step.mutants}" for step in self.steps if step.weak]
        found += [f"step {step.id}: its check is suspected: {step.suspect}" for step in self.steps if step.suspect]
        return found
