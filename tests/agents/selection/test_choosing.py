"""Which strategy a step gets."""

import pytest
from soloist_agents.selection.choosing import STRATEGIES, Effort, Selection, Strategy, chosen
from soloist_agents.step_check import AgreementCheck, AnswerCheck, StepCheck, TestsCheck

TESTS = TestsCheck(files={"test_a.py": "def test_a(): pass\n"})
KNOWN = AnswerCheck(expected="1")
NONE = AgreementCheck()


@pytest.mark.parametrize(
    ("kind", "check", "effort", "strategy"),
    [
        ("program", TESTS, "high", "first_verified"),
        ("answer", KNOWN, "low", "first_verified"),
        ("edit", None, "normal", "first_verified"),
        ("answer", NONE, "low", "majority"),
        ("answer", NONE, "normal", "weighted"),
        ("answer", NONE, "high", "clr"),
        ("function", NONE, "low", "agreement"),
    ],
)
def test_what_suits_the_step_and_the_effort(kind: str, check: StepCheck | None, effort: Effort, strategy: Strategy) -> None:
    """Where nothing was asked for."""
    assert chosen(Selection(effort=effort), kind, check) == strategy


def test_a_program_that_nothing_can_check_is_refused() -> None:
    """What it reads and prints can't be made up."""
    with pytest.raises(ValueError, match="needs tests or input/output cases"):
        chosen(Selection(), "program", NONE)


@pytest.mark.parametrize(
    ("kind", "check", "fitting"),
    [
        ("program", TESTS, {"first_verified", "best_of_n"}),
        ("answer", NONE, {"majority", "weighted", "clr"}),
        ("function", NONE, {"agreement"}),
    ],
)
def test_a_strategy_with_nothing_to_go_by_is_refused(kind: str, check: StepCheck | None, fitting: set[str]) -> None:
    """In one line that names those that fit."""
    for strategy in STRATEGIES:
        wanted = Selection(strategy=strategy)
        if strategy in fitting:
            assert chosen(wanted, kind, check) == strategy
            continue
        with pytest.raises(ValueError, match="name one of") as refused:
            chosen(wanted, kind, check)
        assert all(name in str(refused.value) for name in fitting)
        assert "\n" not in str(refused.value)
