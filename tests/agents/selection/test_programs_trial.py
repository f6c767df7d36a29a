"""The trial of a function that nothing can check, on a real sandbox: programs are compared by what they do."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from soloist_agents.contract import Candidate, Step, Verdict
from soloist_agents.selection.ballot import Claim
from soloist_agents.selection.given_examples import given_examples
from soloist_agents.selection.tally import Voting
from soloist_agents.step_check import AgreementCheck
from soloist_agents.stitching import stitcher
from soloist_agents.trials.contract import Trial
from soloist_agents.trials.programs import ProgramsTrial
from soloist_sandbox.choose import choose
from soloist_sandbox.contract import Limits, Session
from soloist_tools.tree import Tree

pytestmark = pytest.mark.usefixtures("any_sandbox")

SIGNATURE = "def double(x: int) -> int:"
EXAMPLE = f'{SIGNATURE}\n    """Twice the number.\n\n    >>> double(4)\n    8\n    """\n'
RIGHT, ADDED, SQUARE, SHIFTED = "return 2 * x", "return x + x", "return x * x", "return 2 * x + 1"
HANGS, CRASHES = "while True: pass", "import os\n    os._exit(0)"
FORGES = """class Equal(int):
        def __eq__(self, other):
            return True
        __hash__ = int.__hash__
    return Equal(7)"""
LIMITS = Limits(seconds=30)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "workspace"
    found.mkdir()
    return found


@pytest.fixture
async def session(root: Path) -> AsyncIterator[Session]:
    opened = await (await choose()).open(root, limits=LIMITS)
    yield opened
    await opened.close()


def step(signature: str = SIGNATURE, problem: str = "", source: str = "", target: str = "m.py::double") -> Step:
    check = AgreementCheck(signature=signature)
    return Step(id="a", goal="g", kind="function", target=target, problem=problem, source=source, check=check)


def sample(body: str, *asserts: str) -> Candidate:
    claims = tuple(Claim(text=text, kind="assertion") for text in asserts)
    return Candidate(author="test", text=f"def double(x):\n    {body}\n", claims=claims)


class Opened:
    """Trials on one workspace."""

    def __init__(self, root: Path, session: Session) -> None:
        self.root = root
        self.session = session

    def trial(self, asked: Step, budget: int = 8, base: Mapping[str, bytes] | None = None) -> ProgramsTrial:
        stitch = stitcher(asked, Tree(self.root))
        return ProgramsTrial(asked, self.session, stitch, base or {}, LIMITS, budget)

    async def after(self, asked: Step, *samples: Candidate, budget: int = 8) -> ProgramsTrial:
        trial = self.trial(asked, budget)
        for one in samples:
            verdict = await trial.prove(one)
            assert (verdict.passed, verdict.level) == (False, "unverified")
        return trial


@pytest.fixture
def opened(root: Path, session: Session) -> Opened:
    return Opened(root, session)


async def led(trial: ProgramsTrial) -> Verdict:
    leader = await trial.leader()
    assert leader is not None
    return leader


async def test_what_most_samples_do_leads(opened: Opened) -> None:
    """However they are written; it is agreed on and never passed, and the report shows by what the groups differ."""
    trial = await opened.after(step(), sample(SQUARE), sample(RIGHT), sample(ADDED))
    leader = await led(trial)
    assert leader.candidate.text == sample(RIGHT).text
    assert (leader.passed, leader.level, leader.outcome) == (False, "agreed", None)
    assert leader.why.startswith("2 of 3 samples do the same on ")
    assert "right with probability 0." in leader.why
    tally = trial.tally()
    assert (tally.strategy, tally.samples, tally.voting, tally.different) == ("agreement", 3, 3, 2)
    assert [group.votes for group in tally.groups] == [2, 1]
    assert tally.groups[0].answer != tally.groups[1].answer
    assert tally.groups[0].answer.startswith("double(")
    assert tally.probability is not None
    assert not tally.stopped


async def test_without_a_majority_nothing_is_agreed_on(opened: Opened) -> None:
    """One sample agrees with nobody, and two of four are no majority; before any vote there is no leader."""
    assert await opened.trial(step()).leader() is None
    assert (await led(await opened.after(step(), sample(RIGHT)))).level == "unverified"
    split = await opened.after(step(), sample(RIGHT), sample(ADDED), sample(SQUARE), sample(SHIFTED))
    leader = await led(split)
    assert (leader.candidate.text, leader.level) == (sample(RIGHT).text, "unverified")


async def test_one_bad_program_never_stops_the_others(opened: Opened) -> None:
    """One that hangs, one that ends the interpreter, one that equals everything, one that cannot be imported."""
    bad = [sample(HANGS), sample(CRASHES), sample(FORGES), sample("return missing"), sample(RIGHT), sample(ADDED), sample(RIGHT)]
    trial = await opened.after(step(EXAMPLE), *bad)
    leader = await led(trial)
    assert leader.candidate.text == sample(RIGHT).text
    assert (leader.passed, leader.level) == (True, "executed")
    assert trial.tally().voting == 7


async def test_examples_decide_against_the_majority(opened: Opened) -> None:
    """What fulfils the given example leads, and passes by a clean run of it; how many agree is told beside."""
    trial = await opened.after(step(EXAMPLE), *[sample(SHIFTED)] * 4, sample(RIGHT))
    leader = await led(trial)
    assert leader.candidate.text == sample(RIGHT).text
    assert (leader.passed, leader.level) == (True, "executed")
    assert leader.outcome is not None
    assert [returned.value for returned in leader.outcome.returned] == ["8"]
    assert leader.why.startswith("the given example holds; 1 of 5 samples do the same on ")
    assert Claim(text="double(4) == 8", verdict="true", kind="example", by="execution") in trial.tally().claims


async def test_a_leader_that_fails_an_example_has_not_passed(opened: Opened) -> None:
    """However many agree on it; which example, and what came instead, is told."""
    trial = await opened.after(step(EXAMPLE), *[sample(SQUARE)] * 8)
    leader = await led(trial)
    assert (leader.passed, leader.level) == (False, "unverified")
    assert leader.why.startswith("double(4) gave 16, but a given example says == 8; 8 of 8 samples do the same")
    assert trial.tally().probability is None
    assert trial.tally().stopped


async def test_what_counts_cannot_be_forged(opened: Opened) -> None:
    """A program that equals everything, or ends the job when the example comes, passes no example."""
    quits = "import os\n    return os._exit(0) if x == 4 else 2 * x"
    for body in (FORGES, quits):
        leader = await led(await opened.after(step(EXAMPLE), *[sample(body)] * 3))
        assert (leader.passed, leader.level) == (False, "unverified")


async def test_the_assertions_of_samples_count(opened: Opened) -> None:
    """Of two behaviours with equally many samples the one leads that more assertions speak for, whoever wrote them."""
    votes = (
        sample(SHIFTED, "assert double(11) == 22"),
        sample(SHIFTED, "assert double(12) == 24"),
        sample(RIGHT, "assert double(11) == 22", "assert double(13) == 27"),
        sample(ADDED, "assert double(14) == 28"),
    )
    trial = await opened.after(step(), *votes)
    assert (await led(trial)).candidate.text == sample(RIGHT).text
    tally = trial.tally()
    assert tally.false_claims == 3, "both of those that are shifted, and one of the leader's"
    assert {(claim.text, claim.verdict) for claim in tally.claims} == {
        ("double(11) == 22", "true"),
        ("double(13) == 27", "false"),
        ("double(14) == 28", "true"),
    }


async def test_samples_stop_when_the_choice_is_settled(opened: Opened) -> None:
    """Long before the budget where all agree; else at the end of the budget, for which samples without an answer count too."""
    agreeing = await opened.after(step(), *[sample(RIGHT)] * 5, budget=100)
    assert agreeing.tally().stopped
    assert "further samples choose the same" in agreeing.tally().why
    unsure = await opened.after(step(), *[sample(f"return x + {n}", "assert double(5) == 5") for n in range(5)], budget=100)
    assert not unsure.tally().stopped, "the assertions name a leader for good, but a majority may still come"
    differing = await opened.after(step(), *[sample(f"return x + {n}") for n in range(5)], budget=8)
    assert not differing.tally().stopped
    differing.absent(3)
    tally = differing.tally()
    assert (tally.stopped, tally.samples, tally.voting) == (True, 8, 5)
    assert tally.why == "all 8 samples have ended"


async def test_a_sample_without_a_program_never_votes(opened: Opened) -> None:
    """It is counted; nobody leads by it."""
    trial = opened.trial(step())
    trial.absent(2)
    assert (trial.tally().samples, trial.tally().voting, trial.tally().groups) == (2, 0, ())
    assert await trial.leader() is None


async def test_restored_votes_give_the_same_tally(opened: Opened) -> None:
    """And the same leader; what was restored is not fresh again."""
    votes = [sample(RIGHT, "assert double(9) == 18"), sample(SQUARE), sample(ADDED, "assert double(10) == 20"), sample(CRASHES)]
    votes += [sample(RIGHT, f"assert double({n}) == {2 * n}") for n in (21, 22)]
    trial = await opened.after(step(EXAMPLE), *votes)
    cast = trial.fresh_votes()
    assert cast == tuple(votes)
    assert trial.fresh_votes() == ()
    again = opened.trial(step(EXAMPLE))
    await again.restore(cast)
    assert again.tally() == trial.tally()
    assert again.fresh_votes() == ()
    first, second = await led(trial), await led(again)
    assert (first.candidate, first.why, first.passed) == (second.candidate, second.why, second.passed)


async def test_programs_see_what_earlier_steps_have_changed(opened: Opened) -> None:
    """A module that an earlier step wrote can be imported, in the votes and in the proof."""
    trial = opened.trial(step(EXAMPLE), base={"factor.py": b"FACTOR = 2\n"})
    for _ in range(2):
        await trial.prove(sample("from factor import FACTOR\n    return FACTOR * x"))
    leader = await led(trial)
    assert (leader.passed, leader.level) == (True, "executed")


async def test_what_does_not_fit_its_file_is_a_sample_without_an_answer(opened: Opened) -> None:
    """It is refused, uses up its share of the budget, and does so again when votes are restored."""
    trial = opened.trial(step())
    misfit = Candidate(author="test", text="def other(x):\n    return x\n")
    with pytest.raises(ValueError, match="double"):
        await trial.prove(misfit)
    await trial.prove(sample(RIGHT))
    again = opened.trial(step())
    await again.restore(trial.fresh_votes())
    assert again.tally() == trial.tally()
    assert (again.tally().samples, again.tally().voting) == (2, 1)
    assert "did not fit" in again.tally().note


async def test_a_file_that_is_there_stays_around_the_function(opened: Opened, root: Path) -> None:
    """Its docstring tells the examples and its definition what to call the function with, where the check tells nothing."""
    source = f'K = 2\n\n\nclass Sums:\n    @staticmethod\n    {SIGNATURE}\n        """Sums.double(4) -> 8"""\n        return x\n'
    (root / "m.py").write_text(source)
    asked = step("", source=source, target="m.py::Sums.double")
    trial = await opened.after(asked, *[Candidate(author="test", text="@staticmethod\ndef double(x):\n    return K * x\n")] * 2)
    leader = await led(trial)
    assert leader.passed
    assert leader.why.startswith("the given example holds; 2 of 2 samples do the same on ")


async def test_a_function_nobody_has_described_is_called_as_its_first_sample_defines_it(opened: Opened) -> None:
    """No signature, no file, no example: there still is something to compare by."""
    trial = await opened.after(step(""), sample(RIGHT), sample(ADDED), sample(SQUARE))
    assert (await led(trial)).level == "agreed"


def test_it_is_a_trial_and_a_vote(opened: Opened) -> None:
    """Both protocols, in one object."""
    trial: Trial = opened.trial(step())
    assert isinstance(trial, Voting)


@pytest.mark.parametrize(
    ("problem", "examples"),
    [
        ("Twice.\n\n>>> double(3)\n6\n\nThat is all.", {"3"}),
        ("- `double(3)` returns `6`\n- `double('a b')` returns `'aa'`\n", {"3", "'a b'"}),
        ("```python\n>>> double(3)\n6\n>>> double(5)\n10\n```\n", {"3", "5"}),
        ("double(3) == 6\ndouble(3) == 7\ndouble(4) == 8", {"4"}),
        ("double(3) returns 5, but should return 6.\ndouble(4) == 9 instead of 8", set()),
        ("See double(x) for more.", set()),
    ],
)
def test_examples_in_the_problem(problem: str, examples: set[str]) -> None:
    """Doctests and lines such as `f(3) == 4`, Markdown or not; neither disputed ones nor those that contradict each other."""
    assert {example.arguments for example in given_examples(step(problem=problem))} == examples
