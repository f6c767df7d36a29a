"""Scores turned into probabilities that hold."""

import math
import random

import pytest
from soloist_agents.selection.calibration import Pair, brier, calibration_error, diagram, isotonic, platt


def recorded(count: int, seed: int) -> list[Pair]:
    """Scores that are too sure of themselves: right with the sigmoid of half their log odds."""
    draw, found = random.Random(seed), list[Pair]()  # noqa: S311  # nothing secret
    for _ in range(count):
        score = draw.uniform(0.02, 0.98)
        found.append((score, draw.random() < 1 / (1 + math.exp(-math.log(score / (1 - score)) / 2))))
    return found


def test_platt_finds_the_sigmoid() -> None:
    """Fitted on scores with a known sigmoid, it comes out."""
    fit = platt(recorded(4000, 1))
    assert (fit.slope, fit.offset) == (pytest.approx(0.5, abs=0.06), pytest.approx(0, abs=0.1))


def test_both_mend_what_is_too_sure() -> None:
    """On scores that were not fitted, the expected calibration error falls to a third or less, and Brier's score falls."""
    fitted, tested = recorded(2000, 2), recorded(4000, 3)
    for fit in (platt(fitted), isotonic(fitted)):
        mended = [(fit.probability(score), right) for score, right in tested]
        assert calibration_error(mended) < calibration_error(tested) / 3
        assert brier(mended) < brier(tested)


def test_isotonic_by_hand() -> None:
    """Neighbours in the wrong order are pooled, equal scores too; each share is drawn towards one half by two observations."""
    fit = isotonic([(0.1, False), (0.2, True), (0.3, False), (0.9, True), (0.9, True)])
    assert fit.scores == (pytest.approx(0.1), pytest.approx(0.25), pytest.approx(0.9))
    assert fit.shares == (pytest.approx(1 / 3), pytest.approx(2 / 4), pytest.approx(3 / 4))
    assert fit.probability(0.0) == fit.shares[0]
    assert fit.probability(1.0) == fit.shares[-1]
    assert fit.probability(0.575) == pytest.approx(0.625)


@pytest.mark.parametrize("seed", range(5))
def test_never_falling(seed: int) -> None:
    """Both calibrations never fall as the score rises, and never say 0 or 1."""
    pairs = [(score, right) for score, right in recorded(40, seed)]
    for fit in (platt(pairs), isotonic(pairs)):
        said = [fit.probability(n / 50) for n in range(51)]
        assert said == sorted(said)
        assert said[0] > 0
        assert said[-1] < 1


@pytest.mark.parametrize("pairs", [[(0.5, True)], [(0.2, False)] * 5, [(0.1, False), (0.9, True)] * 50])
def test_small_and_separable_records(pairs: list[Pair]) -> None:
    """One observation, one score and a perfect separation give probabilities between 0 and 1."""
    for fit in (platt(pairs), isotonic(pairs)):
        assert 0 < fit.probability(0.5) < 1


def test_scores_that_tell_nothing() -> None:
    """Two scores, all but a few right, or higher ones less often right: the probability stays near the share that was."""
    few = [(0.8, True)] * 96 + [(0.83, False)] * 4 + [(0.83, True)] * 100
    assert platt(few).probability(0.83) == pytest.approx(0.975, abs=0.01)
    assert platt(few).probability(0.5) == pytest.approx(0.975, abs=0.01)


def test_nothing_recorded() -> None:
    """Without a record there is nothing to fit, and that is said."""
    for fit in (platt, isotonic):
        with pytest.raises(ValueError, match="at least one"):
            fit([])


def test_diagram() -> None:
    """Bars hold what was said and what held; the error is their mean distance, weighted by count."""
    pairs = [(0.05, False), (0.05, True), (1.0, True), (0.95, True)]
    bars = diagram(pairs)
    assert [(bar.count, bar.said, bar.held) for bar in bars] == [(2, 0.05, 0.5), (2, pytest.approx(0.975), 1.0)]
    assert calibration_error(pairs) == pytest.approx((0.45 + 0.025) / 2)
