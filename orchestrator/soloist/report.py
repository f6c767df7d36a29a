"""What is told at the end: what was done, on what evidence, and what it cost."""

from collections.abc import Sequence
from typing import Literal

from soloist_sandbox.contract import Level, Outcome, Value
from soloist_tools.localise import FAILING


class StepReport(Value):
    """One step: who tried, how often, and what became of it."""

    id: str
    suspicion: float
    status: Literal["solved", "open", "given up"]
    rung: str
    """The specialist that was at work last."""
    tried: int
    """Candidates judged."""
    near_misses: int
    plausible: int
    """Different candidates that passed in the trial; only the proved one is trusted."""
    note: str = ""
    """The edit that solved it."""


class Ledger(Value):
    """What the run cost."""

    seconds: float
    candidates: int
    clean_runs: int
    """Checks run in a clean container of their own."""
    planner: str
    planner_tokens: int = 0
    specialist_tokens: int = 0
    money: float = 0.0


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
    diff: str = ""
    applied: bool = False
    alternatives: int = 0
    """Other, different patches that passed the trial as well: a sign that the check is weak."""
    before: CheckRun | None = None
    after: CheckRun | None = None
    """The whole check on a clean copy with the patch."""
    flaky: tuple[str, ...] = ()
    steps: tuple[StepReport, ...] = ()
    sandbox: str = ""
    ledger: Ledger | None = None
    error: str = ""
    """Why the run could not be made; empty for a run that ended."""

    def warnings(self) -> Sequence[str]:
        """What a careful reader of the result should know."""
        found = []
        if self.alternatives:
            found.append(f"{self.alternatives} other patches passed the trial as well: the check is loose there; read the diff")
        if self.flaky:
            found.append(f"tests that changed their result between two runs of the unchanged tree: {', '.join(self.flaky[:5])}")
        if self.solved and self.level == "executed" and self.diff:
            found.append("the check was not seen to fail before the change")
        return found
