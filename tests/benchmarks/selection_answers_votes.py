"""One vote on one recorded question, and how well its probabilities hold."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from selection_answers_plots import dumbbells
from selection_answers_sets import Question, Recorded
from soloist_agents.selection.calibration import Pair, brier, calibration_error, diagram, isotonic, platt
from soloist_agents.selection.clusters import Clusters
from soloist_agents.selection.poll import Poll, Standing
from soloist_agents.selection.race import Never, Rule
from soloist_agents.selection.reliability import Judged, cluster_chances, learned
from soloist_agents.selection.weights import Weigh, one

NEVER = Never()


@dataclass(frozen=True)
class Way:
    """How a vote is held."""

    name: str
    weigh: Weigh = one
    rule: Rule = NEVER
    samples: int | None = None
    most: float | tuple[float, ...] = 1.0


def vote(question: Question, recorded: Recorded, way: Way, order: Sequence[int] | None = None) -> Standing:
    """One poll over the ballots in an order, ended when the rule says so. Reads no key."""
    ballots = [question.ballots[n] for n in order] if order else list(question.ballots)
    ballots = ballots[: way.samples]
    most = way.most[: len(ballots)] if isinstance(way.most, tuple) else way.most
    poll = Poll(way.name, len(ballots), way.weigh, way.rule, recorded.sameness, most=most)
    standing = poll.standing()
    for ballot in ballots:
        standing = poll.take(ballot)
        if standing.stop:
            break
    return standing


def answer_of(standing: Standing) -> str | None:
    """The leader's."""
    return standing.leader.answer if standing.leader else None


def judged(recorded: Recorded) -> dict[str, Judged]:
    """The verified history: this reads the keys, so only questions that are not tested may be learned from."""
    found = {}
    for question in recorded.questions:
        ballots = [ballot for ballot in question.ballots if ballot.votes]
        clusters = Clusters(recorded.sameness)
        numbers = tuple(clusters.add(ballot).number for ballot in ballots)
        found[question.id] = Judged(tuple(ballots), numbers, tuple(recorded.keys[question.id](b.answer) for b in ballots))
    return found


def calibrated(recorded: Recorded, way: Way, name: str) -> None:
    """Fit on every other question, test on the rest."""
    pairs = [
        (standing.support, recorded.keys[q.id](answer_of(standing)))
        for q in recorded.questions
        for standing in [vote(q, recorded, way)]
    ]
    report_calibration(f"{recorded.name}: {name}", pairs[::2], pairs[1::2])


def calibrated_weights(recorded: Recorded) -> None:
    """The naive Bayes probability of the leader: learned, then calibrated on one third each, tested on the last."""
    history = judged(recorded)
    questions = list(recorded.questions)
    random.Random(3).shuffle(questions)  # noqa: S311  # nothing secret
    told = learned([history[question.id] for question in questions[::3]])
    parts: list[list[Pair]] = [[], []]
    for place, question in enumerate(questions):
        if place % 3 and (known := history[question.id]).ballots:
            chances = cluster_chances(told, known.ballots, known.clusters)
            best = max(chances, key=lambda cluster: chances[cluster])
            right = next(r for r, cluster in zip(known.right, known.clusters, strict=True) if cluster == best)
            parts[place % 3 - 1].append((chances[best], right))
    report_calibration(f"{recorded.name}: naive Bayes", *parts)


def report_calibration(name: str, fitted: Sequence[Pair], tested: Sequence[Pair]) -> None:
    """Expected calibration error and Brier score before and after, and the diagram of the better one."""
    by = {"as it is": list(tested)}
    for label, fit in (("isotonic", isotonic(fitted)), ("Platt", platt(fitted))):
        by[label] = [(fit.probability(score), right) for score, right in tested]
    print(f"\ncalibration of {name}: fitted on {len(fitted)}, tested on {len(tested)}")
    for label, pairs in by.items():
        print(f"  {label:9} expected calibration error {calibration_error(pairs):.3f}, Brier {brier(pairs):.3f}")
    print(dumbbells(diagram(by["isotonic"], bins=10)))
