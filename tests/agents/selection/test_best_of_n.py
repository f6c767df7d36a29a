"""Best of n: every sample is judged by the check, and the program that most of those that passed are is taken."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from soloist_agents.contract import Candidate, Step
from soloist_agents.selection.choosing import Selection
from soloist_agents.step_check import Case, CasesCheck
from soloist_agents.trials import make_trial
from soloist_agents.trials.best import BestOf
from soloist_sandbox.choose import choose
from soloist_sandbox.contract import Limits, Session
from soloist_tools.tree import Tree

pytestmark = pytest.mark.usefixtures("any_sandbox")

LIMITS = Limits(seconds=10)
ADDED = "n = int(input())\nprint(n + n)\n"
COMMENTED = "# twice\nn = int(input())\nprint(n + n)  # done\n"
TIMES = "print(2 * int(input()))\n"
WRONG = "print(3 * int(input()))\n"


@pytest.fixture
async def best(tmp_path: Path) -> AsyncIterator[BestOf]:
    """Five samples of a program that doubles, judged by one case."""
    session: Session = await (await choose()).open(tmp_path, limits=LIMITS)
    step = Step(
        id="a",
        goal="g",
        kind="program",
        problem="Double it.",
        check=CasesCheck(cases=(Case(stdin="4\n", expected="8\n"),)),
        selection=Selection(strategy="best_of_n", samples=5),
    )
    made = make_trial(step, Tree(tmp_path), session, None, LIMITS)
    assert isinstance(made, BestOf)
    yield made
    await session.close()


async def test_the_commonest_of_those_that_passed(best: BestOf) -> None:
    """Programs that differ in comments are one; the failed majority has no say; the winner's own run is its evidence."""
    for text in (WRONG, TIMES, WRONG, ADDED, COMMENTED):
        assert not best.tally().stopped
        await best.prove(Candidate(author="test", text=text))
    tally, leader = best.tally(), await best.leader()
    assert tally.stopped
    assert (tally.samples, tally.voting, tally.different, [group.votes for group in tally.groups]) == (5, 3, 2, [2, 1])
    assert leader is not None
    assert (leader.passed, leader.level, leader.candidate.text) == (True, "executed", ADDED)
    assert leader.outcome is not None
    assert "3 of 5 samples passed, 2 of them are this one" in leader.why


async def test_it_stops_when_the_leader_cannot_be_caught(best: BestOf) -> None:
    """Three of five are the same."""
    for _ in range(3):
        await best.prove(Candidate(author="test", text=TIMES))
    assert best.tally().stopped
    assert "can't be caught" in best.tally().why


async def test_where_none_passes_nobody_leads(best: BestOf) -> None:
    """However many are alike; samples without an answer use up the budget."""
    for _ in range(3):
        await best.prove(Candidate(author="test", text=WRONG))
    best.absent(2)
    assert best.tally().stopped
    assert best.tally().groups == ()
    assert await best.leader() is None
