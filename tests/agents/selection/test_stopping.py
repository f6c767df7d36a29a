"""Stopping rules: how often the leader at the stop is another one than the whole budget would have given."""

import random
from collections.abc import Sequence

import pytest
from soloist_agents.selection.ballot import Ballot
from soloist_agents.selection.horizon import MOST, boundary, error
from soloist_agents.selection.poll import Poll
from soloist_agents.selection.race import Certain, Never, Posterior, Race, Rule, Worst
from soloist_agents.selection.sameness import Sameness

PLAIN = Sameness(str, lambda one, two: one == two, lambda one, two: True)


def ended(rule: Rule, answers: Sequence[int], budget: int) -> tuple[str, int]:
    """(leader at the stop, samples taken)."""
    poll = Poll("x", budget, rule=rule, sameness=PLAIN)
    for index, answer in enumerate(answers):
        standing = poll.take(Ballot(answer=str(answer), index=index))
        if standing.stop:
            assert standing.leader
            return standing.leader.answer, standing.samples
    raise AssertionError("the budget ends every vote")


def disagreement(rule: Rule, shares: Sequence[float] | None, *, budget: int = 30, draws: int = 600) -> tuple[float, float]:
    """(share of votes that would have ended otherwise, mean samples). Without shares, each vote draws its own from the prior."""
    draw, wrong, used = random.Random(5), 0, 0  # noqa: S311  # nothing secret
    for _ in range(draws):
        weights = shares or [draw.gammavariate(1.0, 1.0) for _ in range(4)]
        answers = draw.choices(range(len(weights)), weights, k=budget)
        leader, samples = ended(rule, answers, budget)
        wrong += leader != ended(Never(), answers, budget)[0]
        used += samples
    return wrong / draws, used / draws


@pytest.mark.parametrize("shares", [None, (0.5, 0.5), (0.4, 0.35, 0.25), (0.9, 0.1)])
def test_certain(shares: Sequence[float] | None) -> None:
    """Curtailment never changes the leader, and saves samples where the vote is clear."""
    wrong, used = disagreement(Certain(), shares, draws=200)
    assert wrong == 0
    assert used < (19 if shares == (0.9, 0.1) else 30)


@pytest.mark.parametrize("delta", [0.05, 0.2])
def test_posterior_over_its_prior(delta: float) -> None:
    """For answers drawn from the prior the leader changes with probability delta at most, with less than two thirds of the
    samples."""
    wrong, used = disagreement(Posterior(delta), None)
    assert wrong <= delta
    assert used < 20


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.55, 0.45), (0.6, 0.4), (0.7, 0.3), (0.45, 0.4, 0.15), (0.3, 0.25, 0.25, 0.2)])
def test_worst_for_any_shares(shares: Sequence[float]) -> None:
    """For every distribution of answers tried, close ones and split ones, the leader changes with probability delta at most."""
    wrong, _ = disagreement(Worst(0.05), shares)
    assert wrong <= 0.05


def test_worst_saves_where_the_vote_is_clear() -> None:
    """A clear vote of 30 ends within a third of the samples."""
    _, used = disagreement(Worst(0.05), (0.95, 0.05), draws=200)
    assert used < 10


@pytest.mark.parametrize("share", [0.1, 0.3, 0.45, 0.49, 0.5])
@pytest.mark.parametrize("budget", [2, 8, 31, 64])
def test_exact_error(budget: int, share: float) -> None:
    """The computed error of a boundary stays below delta for shares that it was not made for as well."""
    assert error(boundary(budget, 0.05), budget, share) <= 0.05 + 0.002


def test_exact_error_is_what_happens() -> None:
    """The computed error of a boundary is the one that is simulated: ties at the end count as errors, so it bounds from above."""
    leads = boundary(15, 0.3)
    wrong, _ = disagreement(Worst(0.3), (0.5, 0.5), budget=15, draws=4000)
    assert wrong == pytest.approx(error(leads, 15, 0.5), abs=0.025)
    assert wrong > 0.1


def test_boundaries_narrow() -> None:
    """The lead that is needed shrinks as fewer samples remain; a smaller error needs a larger lead."""
    leads = boundary(32, 0.05)
    assert list(leads) == sorted(leads)
    assert leads[0] == 1
    assert all(strict >= loose for strict, loose in zip(boundary(32, 0.01), leads, strict=True))


@pytest.mark.parametrize(
    ("budget", "delta", "said"), [(MOST + 1, 0.05, "up to 128"), (8, 0.0, "between 0 and 1"), (0, 0.1, "128")]
)
def test_boundaries_refused(budget: int, delta: float, said: str) -> None:
    """Budgets and errors that no boundary is made for are refused with the reason."""
    with pytest.raises(ValueError, match=said):
        boundary(budget, delta)


def test_posterior_by_hand() -> None:
    """Two votes to none with one to come can't be caught; one to none with one to come ends level with P(rival) = 1/3 and an
    answer never seen with as much."""
    assert Posterior().chance(Race((2.0,), 1, 3, 1.0)) == 0
    assert Posterior().chance(Race((1.0,), 1, 2, 1.0)) == pytest.approx(1 / 3)
    assert Posterior().chance(Race((2.0, 1.0), 1, 4, 1.0)) == pytest.approx(2 / 5)
    assert Posterior().chance(Race((), 5, 5, 5.0)) == 1
