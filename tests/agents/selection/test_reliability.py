"""What is learned about authors and doubts, with and without known answers."""

import math
import random

import pytest
from soloist_agents.selection.ballot import Ballot, Claim
from soloist_agents.selection.reliability import Judged, Reliability, cluster_chances, estimated, learned, posterior

SHARES = {"a": 0.85, "b": 0.6, "c": 0.35}
FALSE = Claim(text="2 + 2 = 5", verdict="false", kind="equation", by="execution")


def history(questions: int, *, seed: int = 1) -> list[Judged]:
    """Three authors of known strength; wrong answers are one of four; wrong ones hold a false equation in one of three."""
    draw, found = random.Random(seed), []  # noqa: S311  # nothing secret
    for _ in range(questions):
        ballots, clusters = [], []
        for index, (author, share) in enumerate(SHARES.items()):
            cluster = 0 if draw.random() < share else draw.randint(1, 4)
            doubted = bool(cluster) and draw.random() < 1 / 3
            ballots.append(Ballot(answer=str(cluster), index=index, author=author, executed=(FALSE,) if doubted else ()))
            clusters.append(cluster)
        found.append(Judged(tuple(ballots), tuple(clusters), tuple(cluster == 0 for cluster in clusters)))
    return found


def test_learned_from_history() -> None:
    """Shares of authors and the odds of doubts come out as they were put in."""
    told = learned(history(600))
    assert {author: told.authors[author] for author in SHARES} == pytest.approx(SHARES, abs=0.05)
    assert told.doubts["equation"] < -4
    assert 0.1 <= told.collision <= 0.35


def test_estimated_without_answers() -> None:
    """Expectation-maximisation finds the authors' order and their strength without any known answer."""
    told = estimated([(judged.ballots, judged.clusters) for judged in history(600)])
    assert {author: told.authors[author] for author in SHARES} == pytest.approx(SHARES, abs=0.1)


def test_probabilities_hold() -> None:
    """Where its assumptions are met, naive Bayes says probabilities that come true."""
    told, said, held = learned(history(800)), 0.0, 0
    fresh = history(800, seed=2)
    for judged in fresh:
        chances = cluster_chances(told, judged.ballots, judged.clusters)
        best = max(chances, key=lambda cluster: chances[cluster])
        said, held = said + chances[best], held + (best == 0)
    assert said / len(fresh) == pytest.approx(held / len(fresh), abs=0.05)


def test_weight_by_hand() -> None:
    """ln 9 - ln 0.2 for an author who is right nine times in ten; a doubt adds its own odds; never below a hundredth."""
    told = Reliability(authors={"a": 0.9}, doubts={"equation": -1.0}, collision=0.2)
    plain = Ballot(answer="1", index=0, author="a")
    assert told.weight(plain) == pytest.approx(math.log(9) - math.log(0.2))
    assert told.weight(plain.model_copy(update={"executed": (FALSE, FALSE)})) == pytest.approx(math.log(45) - 1)
    assert Reliability(authors={"a": 0.02}).weight(plain) == 0.01
    assert told.most == told.weight(plain)


def test_posterior_leaves_room_for_none() -> None:
    """Probabilities of the clusters and of none of them make 1, also for scores that overflow."""
    assert posterior([0.0]) == (0.5,)
    assert posterior([math.log(2), math.log(1)]) == (pytest.approx(0.5), pytest.approx(0.25))
    assert posterior([2000.0, 0.0])[0] == 1.0
    assert posterior([]) == ()


def test_nothing_to_learn_from() -> None:
    """An empty history gives a reliability that trusts all alike."""
    told = learned([])
    assert told.authors == {}
    assert told.weight(Ballot(answer="1", index=0, author="x")) > 0
    assert estimated([]).authors == {}
