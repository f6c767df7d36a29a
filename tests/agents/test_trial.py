"""A step's trial on a real sandbox: what passes the screen is proved alone, what fails tells how near it came."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from soloist_agents.contract import Candidate, Step
from soloist_agents.trials import make_trial
from soloist_agents.trials.workspace import WorkspaceTrial as Trial
from soloist_sandbox.choose import choose
from soloist_sandbox.contract import Limits, PytestCheck, Session
from soloist_tools.tree import Tree

pytestmark = pytest.mark.usefixtures("any_sandbox")

SOURCE = "def clamp(x, low, high):\n    if x < low:\n        return high\n    if x > high:\n        return low\n    return x\n"
TESTS = """from clip import clamp


def test_low():
    assert clamp(1, 3, 5) == 3


def test_high():
    assert clamp(9, 3, 5) == 5


def test_between():
    assert clamp(4, 3, 5) == 4
"""
CHECK = PytestCheck(args=("-q",))
LIMITS = Limits(seconds=30)
BODY = "def clamp(x, low, high):\n    if x < low:\n        return {}\n    if x > high:\n        return {}\n    return {}\n"


def candidate(low: str, high: str, between: str = "x") -> Candidate:
    return Candidate(author="test", text=BODY.format(low, high, between), size=1)


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    root = tmp_path / "clip"
    root.mkdir()
    (root / "clip.py").write_text(SOURCE)
    (root / "test_clip.py").write_text(TESTS)
    opened = await (await choose()).open(root, limits=LIMITS)
    yield opened
    await opened.close()


async def opened_trial(root: Path, session: Session) -> Trial:
    step = Step(id="a", goal="g", kind="function", target="clip.py::clamp", source=SOURCE, check=CHECK)
    made = make_trial(step, Tree(root), session, await session.run(CHECK), LIMITS)
    assert isinstance(made, Trial)
    return made


@pytest.fixture
async def trial(tmp_path: Path, session: Session) -> Trial:
    return await opened_trial(tmp_path / "clip", session)


async def test_survivors_and_near_misses(trial: Trial) -> None:
    """Only what passes the whole check survives; turning one of two failing tests green is a near miss; the rest is nothing."""
    right, half, wrong = candidate("low", "high"), candidate("low", "low"), candidate("high", "0")
    breaks = candidate("low", "high", "None")
    screening = await trial.screen([wrong, half, right, breaks])
    assert screening.survivors == (right,)
    assert {(m.candidate, m.passed) for m in screening.misses} == {(half, 1), (breaks, 2)}
    assert screening.judged == 4


async def test_a_later_assertion_is_a_near_miss(tmp_path: Path) -> None:
    """In one test of many assertions, also in a function above it, getting further is progress; getting as far is none."""
    (tmp_path / "clip.py").write_text(SOURCE)
    tests = "from clip import clamp\n\n\n"
    body = "def check():\n    assert clamp(1, 3, 5) == 3\n    assert clamp(9, 3, 5) == 5\n\n\ndef test_all():\n    check()\n"
    (tmp_path / "test_clip.py").write_text(tests + body)
    opened = await (await choose()).open(tmp_path, limits=LIMITS)
    try:
        trial = await opened_trial(tmp_path, opened)
        screening = await trial.screen([candidate("low", "low"), candidate("high", "high")])
    finally:
        await opened.close()
    assert [m.candidate for m in screening.misses] == [candidate("low", "low")]


async def test_only_a_clean_run_makes_a_verdict(trial: Trial) -> None:
    """A proved candidate carries its outcome and the level; a failing one carries why."""
    passed = await trial.prove(candidate("low", "high"))
    assert passed.passed
    assert passed.level == "tested"
    assert passed.outcome is not None
    assert passed.outcome.report is not None
    assert len(passed.outcome.report.ids("passed")) == 3
    failed = await trial.prove(candidate("low", "low"))
    assert not failed.passed
    assert "test_high" in failed.why


async def test_what_does_not_fit_its_place_fails_without_a_run(trial: Trial) -> None:
    """Another name, two functions, or no Python: not stitched, not judged as passed."""
    bad = [Candidate(author="test", text=text) for text in ("def other(): pass\n", "x = 1\n", "def clamp(:\n")]
    screening = await trial.screen(bad)
    assert screening.survivors == ()
    assert screening.misses == ()


async def test_a_looping_candidate_costs_seconds_not_the_budget(trial: Trial) -> None:
    """An endless loop is cut near the time that the tests take, and the others are judged all the same."""
    loop = Candidate(author="test", text="def clamp(x, low, high):\n    while True:\n        pass\n")
    screening = await trial.screen([loop, candidate("low", "high")])
    assert [c.text for c in screening.survivors] == [candidate("low", "high").text]


async def test_a_step_may_not_aim_at_the_check_itself(tmp_path: Path, session: Session) -> None:
    """Tests are no target."""
    step = Step(id="a", goal="g", kind="function", target="test_clip.py::test_low", source=TESTS, check=CHECK)
    with pytest.raises(ValueError, match="test"):
        make_trial(step, Tree(tmp_path / "clip"), session, await session.run(CHECK), LIMITS)
