"""Samples of a value that nothing can check vote, and what they claim is executed where it can be."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from soloist_agents.contract import Candidate, Step
from soloist_agents.selection.ballot import Claim
from soloist_agents.selection.choosing import Selection, Strategy
from soloist_agents.selection.tally import Voting
from soloist_agents.step_check import AgreementCheck
from soloist_agents.trials import make_trial
from soloist_agents.trials.votes import VoteTrial
from soloist_sandbox.choose import choose
from soloist_sandbox.contract import Limits, Session
from soloist_tools.tree import Tree

pytestmark = pytest.mark.usefixtures("any_sandbox")

LIMITS = Limits(seconds=10)
PROBLEM = "Anna has 3 apples, and Ben has 4 times as many. How many apples do they have together?"
CODE = "```python\ndef f(s):\n    return s[::-1] + 'x'\n```\nWhat does `f('ab')` return?"


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    opened = await (await choose()).open(tmp_path, limits=LIMITS)
    yield opened
    await opened.close()


def trial(session: Session, root: Path, strategy: Strategy = "majority", samples: int = 8, problem: str = PROBLEM) -> VoteTrial:
    step = Step(
        id="a",
        goal="g",
        kind="answer",
        problem=problem,
        check=AgreementCheck(),
        selection=Selection(strategy=strategy, samples=samples),
    )
    made = make_trial(step, Tree(root), session, None, LIMITS)
    assert isinstance(made, VoteTrial)
    assert isinstance(made, Voting)
    return made


def said(answer: str, text: str = "", claims: tuple[Claim, ...] = ()) -> Candidate:
    return Candidate(author="test", text=answer, said=text, claims=claims)


def settled(*verdicts: str) -> tuple[Claim, ...]:
    return tuple(
        Claim.model_validate({"text": f"claim {n}", "verdict": verdict, "by": "verifier"}) for n, verdict in enumerate(verdicts)
    )


async def cast(made: VoteTrial, *candidates: Candidate) -> VoteTrial:
    for candidate in candidates:
        verdict = await made.prove(candidate)
        assert not verdict.passed
    return made


async def test_a_clear_vote_ends_before_its_budget(session: Session, tmp_path: Path) -> None:
    """It says what stopped it; the answer is agreed, with a probability, and never passed."""
    made = trial(session, tmp_path)
    for _ in range(8):
        await made.prove(said("15"))
        if made.tally().stopped:
            break
    tally, leader = made.tally(), await made.leader()
    assert tally.samples < 8
    assert "caught" in tally.why
    assert leader is not None
    assert (leader.level, leader.passed) == ("agreed", False)
    assert tally.probability is not None
    assert 0.8 < tally.probability < 1
    assert f"{tally.samples} of {tally.samples} samples agree" in leader.why


async def test_samples_without_an_answer_use_the_budget_and_never_vote(session: Session, tmp_path: Path) -> None:
    """Three of four cut: the one answer agrees with nobody."""
    made = await cast(trial(session, tmp_path, samples=4), said("15"))
    made.absent(3)
    tally, leader = made.tally(), await made.leader()
    assert (tally.samples, tally.voting, tally.stopped) == (4, 1, True)
    assert leader is not None
    assert leader.level == "unverified"


async def test_arithmetic_is_executed_and_outweighs_numbers(session: Session, tmp_path: Path) -> None:
    """Two samples that add wrongly lose to one that adds rightly; the tally names the claims."""
    wrong = said("14", "Ben has 3 * 4 = 12 apples, so together 3 + 12 = 14.")
    right = said("15", "Ben has 3 * 4 = 12 apples, so together 3 + 12 = 15.")
    made = await cast(trial(session, tmp_path, "weighted"), wrong, wrong, right)
    leader, tally = await made.leader(), made.tally()
    assert leader is not None
    assert leader.candidate.text == "15"
    assert tally.false_claims == 2
    assert any(claim.text == "3 + 12 = 15" and claim.by == "execution" for claim in tally.claims)
    plain = await (await cast(trial(session, tmp_path), wrong, wrong, right)).leader()
    assert plain is not None
    assert plain.candidate.text == "14"


async def test_doubted_votes_do_not_end_a_vote(session: Session, tmp_path: Path) -> None:
    """However many say the same: one sample without a false claim would outweigh them."""
    made = await cast(trial(session, tmp_path, "weighted"), *[said("14", "3 + 12 = 14")] * 6)
    assert not made.tally().stopped


async def test_calls_of_the_problems_own_code_are_made(session: Session, tmp_path: Path) -> None:
    """One sample that is right about the code beats three that are not, whether it says so in a sentence or by its answer."""
    made = await cast(trial(session, tmp_path, "weighted", problem=CODE), *[said("'abx'")] * 3, said("'bax'"))
    leader = await made.leader()
    assert leader is not None
    assert leader.candidate.text == "'bax'"
    assert any(claim.text == "f('ab') == 'bax'" and claim.verdict == "true" for claim in made.tally().claims)


async def test_hostile_code_in_a_problem_settles_nothing(session: Session, tmp_path: Path) -> None:
    """Code that hangs or ends the interpreter leaves its claims open, and the vote goes on."""
    for body in ("while True: pass", "import os; os._exit(0)", "raise SystemExit"):
        problem = f"```python\ndef f(s):\n    {body}\n```\nWhat does f('ab') return?"
        made = await cast(trial(session, tmp_path, "weighted", problem=problem), said("1"), said("1"), said("2"))
        leader = await made.leader()
        assert leader is not None
        assert leader.candidate.text == "1"


async def test_clr_takes_the_answer_whose_claims_hold(session: Session, tmp_path: Path) -> None:
    """One sample with five confirmed claims weighs more than two with three: 1 against 2 x 0.07776."""
    few = settled("true", "true", "true", "false", "false")
    made = await cast(
        trial(session, tmp_path, "clr", 32),
        said("1", claims=few),
        said("1", claims=few),
        said("2", claims=settled(*["true"] * 5)),
    )
    leader, tally = await made.leader(), made.tally()
    assert leader is not None
    assert leader.candidate.text == "2"
    assert leader.level == "unverified"  # one sample agrees with nobody
    assert [round(group.score, 5) for group in tally.groups] == [1.0, 0.15552]


async def test_clr_counts_votes_where_no_claim_holds(session: Session, tmp_path: Path) -> None:
    """And says so."""
    none = settled(*["false"] * 5)
    made = await cast(trial(session, tmp_path, "clr"), said("1", claims=none), said("2", claims=none), said("2", claims=none))
    leader = await made.leader()
    assert leader is not None
    assert leader.candidate.text == "2"
    assert made.tally().note == "no vote has any weight: votes were counted"


async def test_a_verifier_is_overruled_by_execution(session: Session, tmp_path: Path) -> None:
    """A claim that a call refutes is false, though a model has confirmed it."""
    claim = Claim(text="f('q') returns 'q'", verdict="true", by="verifier", kind="stated")
    made = await cast(trial(session, tmp_path, "clr", problem=CODE), said("'bax'", claims=(claim,)))
    assert [(claim.verdict, claim.by) for claim in made.tally().claims] == [("false", "execution")]


async def test_an_interrupted_vote_goes_on(session: Session, tmp_path: Path) -> None:
    """What was cast is told once, and restores the same tally."""
    first = await cast(trial(session, tmp_path, "weighted"), said("15", "3 + 12 = 15"), said("14", "3 + 12 = 14"))
    votes = first.fresh_votes()
    assert first.fresh_votes() == ()
    second = trial(session, tmp_path, "weighted")
    await second.restore(votes)
    assert second.tally() == first.tally()
    assert second.fresh_votes() == ()
