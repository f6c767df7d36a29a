"""The promise is structural: there is no way to say "passed" without an execution."""

from typing import Any

import pytest
from pydantic import ValidationError
from soloist_agents.contract import Candidate, Plan, Step, Verdict
from soloist_sandbox.contract import CommandCheck, Outcome

CANDIDATE = Candidate(author="anyone", text="def f(): ...")
CHECK = CommandCheck(command="true")


@pytest.mark.parametrize(
    ("outcome", "passed", "level"),
    [
        (Outcome(exit_code=1), True, "tested"),
        (Outcome(exit_code=None, signal=9), True, "tested"),
        (Outcome(exit_code=0, limit="seconds"), True, "tested"),
        (Outcome(exit_code=0), True, "agreed"),
        (Outcome(exit_code=0), True, "unverified"),
        (Outcome(exit_code=1), False, "tested"),
        (None, True, "tested"),
    ],
)
def test_a_verdict_without_its_execution_can_not_be_made(outcome: Any, passed: bool, level: Any) -> None:
    """Passed needs exit code 0, no limit and an evidence level; failed has none."""
    with pytest.raises(ValidationError):
        Verdict(candidate=CANDIDATE, outcome=outcome, passed=passed, why="so they say", level=level)


def test_verdicts_are_frozen() -> None:
    """Nobody turns a failed verdict into a passed one."""
    verdict = Verdict(candidate=CANDIDATE, outcome=Outcome(exit_code=1), passed=False, why="exit code 1", level="unverified")
    with pytest.raises(ValidationError):
        verdict.passed = True  # type: ignore[misc]


def step(name: str, *needs: str) -> Step:
    return Step(id=name, goal="g", kind="function", target="m.py::f", check=CHECK, needs=needs)


def test_plans_are_well_formed() -> None:
    """Unique ids, needs that come earlier, and a target for every function step."""
    Plan(steps=(step("a"), step("b", "a")))
    for bad in ((step("a"), step("a")), (step("b", "a"), step("a"))):
        with pytest.raises(ValidationError):
            Plan(steps=bad)
    with pytest.raises(ValidationError, match="target"):
        Step(id="a", goal="g", kind="function", check=CHECK)
