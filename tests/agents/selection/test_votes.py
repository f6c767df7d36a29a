"""Votes: who may cast one, which are equal, what they weigh, who leads."""

import json
import time

import pytest
from pydantic import ValidationError
from soloist_agents.selection.ballot import Ballot, Claim, Truth
from soloist_agents.selection.calibration import Platt
from soloist_agents.selection.clusters import Clusters
from soloist_agents.selection.poll import Poll, Standing
from soloist_agents.selection.race import Certain, Never, Posterior
from soloist_agents.selection.reliability import Reliability
from soloist_agents.selection.sameness import LITERALS
from soloist_agents.selection.strategies import NAMES, strategy


def ballots(*answers: str | None, **known: object) -> list[Ballot]:
    return [Ballot.model_validate({"answer": answer, "index": n, **known}) for n, answer in enumerate(answers)]


def confirmed(answer: str, valid: int, index: int = 0, *, given: int = 5, rest: Truth = "false") -> Ballot:
    """A trajectory whose verifier confirmed so many of its claims."""
    claims = [Claim(text="", verdict="true", by="verifier")] * valid
    other = Claim(text="", verdict=rest, by="nobody" if rest == "unknown" else "verifier")
    return Ballot(answer=answer, index=index, claims=(*claims, *[other] * (given - valid)))


def held(poll: Poll, votes: list[Ballot]) -> Standing:
    standing = poll.standing()
    for ballot in votes:
        standing = poll.take(ballot)
    return standing


def test_equal_answers_share_a_cluster() -> None:
    """Spellings of one value are one answer, and the first spelling speaks for it."""
    standing = held(strategy("majority", samples=5, rule=Never()), ballots("0.5", r"\frac{1}{2}", "3", "1/2", ".50"))
    assert [(group.answer, group.votes) for group in standing.groups] == [("0.5", 4), ("3", 1)]


def test_literals_keep_order_and_type() -> None:
    """Values of a program are equal only with equal types and order, whatever the spelling."""
    clusters = Clusters(LITERALS)
    numbers = [clusters.add(ballot).number for ballot in ballots("[1, 2]", "[1,2]", "[2, 1]", "(1, 2)", "[1, 2.0]", "not one")]
    assert numbers == [0, 0, 1, 2, 3, 4]


@pytest.mark.parametrize("finish", ["length", "loop", "filtered", "failed"])
def test_cut_traces_never_vote(finish: str) -> None:
    """A sample that was cut, looped, filtered or failed has no vote, whatever it holds; it still uses up the budget."""
    standing = held(strategy("majority", samples=3, rule=Never()), ballots("7", "7", finish=finish))
    assert (standing.voting, standing.samples, standing.leader, standing.support) == (0, 2, None, 0.0)
    assert not standing.stop


@pytest.mark.parametrize("answer", [None, "", "...", "your answer"])
def test_no_answer_never_votes(answer: str | None) -> None:
    """An empty answer and a placeholder have no vote."""
    (ballot,) = ballots(answer)
    assert not ballot.votes
    with pytest.raises(ValueError, match="can't vote"):
        Clusters().add(ballot)


def test_ties_go_to_the_first_seen() -> None:
    """Among equal scores the answer seen first leads, also where sums of weights differ in their last bits."""
    assert held(strategy("majority", samples=4, rule=Never()), ballots("1", "2", "2", "1")).groups[0].answer == "1"
    votes = [confirmed("1", 4, 0), confirmed("2", 3, 1), confirmed("2", 4, 2), confirmed("1", 3, 3)]
    assert held(strategy("clr"), votes).groups[0].answer == "1"


@pytest.mark.parametrize(("valid", "weight"), [(5, 1), (4, 0.32768), (3, 0.07776), (2, 0.01024), (1, 0.00032), (0, 0)])
def test_clr_weights(valid: int, weight: float) -> None:
    """A trajectory weighs (valid claims / 5) to the fifth."""
    votes = [confirmed("1", 5, 0), confirmed("2", valid, 1)]
    scores = {group.answer: group.score for group in held(strategy("clr"), votes).groups}
    assert scores == {"1": 1.0, "2": pytest.approx(weight, abs=1e-12)}


def test_clr_by_hand() -> None:
    """Four trajectories with four valid claims lose to one with five and one with four; three to one against is not enough."""
    few = [confirmed("8", 5, 4), confirmed("8", 4, 5)]
    many = [confirmed("9", 4, n) for n in range(4)]
    standing = held(strategy("clr"), [*many, *few])
    assert [(g.answer, g.score) for g in standing.groups] == [
        ("8", pytest.approx(1.32768)),
        ("9", pytest.approx(4 * 0.32768)),
    ]


def test_clr_failed_claims() -> None:
    """Missing claims and verdicts that could not be read count as failed; claims after the fifth don't count."""
    votes = [confirmed("1", 4, 0, given=4), confirmed("2", 3, 1, rest="unknown"), confirmed("3", 7, 2, given=7)]
    scores = {group.answer: group.score for group in held(strategy("clr"), votes).groups}
    assert scores == {"1": pytest.approx(0.32768), "2": pytest.approx(0.07776), "3": 1.0}


def test_clr_without_any_valid_claim() -> None:
    """Where no claim of any trajectory is valid, the votes are counted, and the standing says so."""
    standing = held(strategy("clr", samples=3), [confirmed("1", 0, 0), confirmed("2", 0, 1), confirmed("2", 0, 2)])
    assert standing.groups[0].answer == "2"
    assert "votes were counted" in standing.note
    assert held(strategy("clr"), [confirmed("1", 1)]).note == ""


def test_clr_takes_32_samples_unless_it_is_decided() -> None:
    """CLR ends early only when the rest could not change its pick."""
    poll = strategy("clr")
    stops = [poll.take(confirmed("1", 5, n)).stop for n in range(32)]
    assert stops.index(True) == 16
    assert strategy("clr").standing().budget == 32


def test_first_verified() -> None:
    """The first sample that passed the check ends the vote and leads it, however many others agree."""
    poll = strategy("first_verified", samples=9)
    assert not held(poll, ballots("1", "1", "2")).stop
    standing = poll.take(Ballot(answer="2", index=3, verified=True))
    assert standing.stop
    assert standing.groups[0].answer == "2"
    assert "sample 3 passed" in standing.why


def test_calibrated() -> None:
    """With a calibration a standing tells the probability of its leader, without one and without votes none."""
    poll = strategy("majority", samples=4, rule=Never(), calibration=Platt(slope=1.0, offset=0.0))
    assert poll.standing().probability is None
    standing = held(poll, ballots("1", "1", "2"))
    assert standing.probability == pytest.approx(standing.support)
    assert held(strategy("majority"), ballots("1")).probability is None


def test_negative_weights_are_refused() -> None:
    """A way of weighing that goes below zero is a mistake of its maker, and said so."""
    with pytest.raises(ValueError, match="use 0"):
        Poll("x", 2, lambda ballot: -1.0).take(Ballot(answer="1", index=0))


def test_best_of_n() -> None:
    """Samples that passed outvote those that did not, and the largest group of them leads."""
    votes = [
        *ballots("1", "1", "1"),
        Ballot(answer="2", index=3, verified=True),
        *[Ballot(answer="3", index=n, verified=True) for n in (4, 5)],
    ]
    assert [group.answer for group in held(strategy("best_of_n", samples=6), votes).groups] == ["3", "2", "1"]


def test_false_claims_cost_weight() -> None:
    """An answer whose executed claims are false loses to a smaller group whose claims hold."""
    false = Claim(text="2 + 2 = 5", verdict="false", kind="equation", by="execution")
    doubted = ballots("5", "5", "5", executed=(false,))
    sound = [Ballot(answer="4", index=3)]
    assert held(strategy("weighted", samples=4, rule=Never()), [*doubted, *sound]).groups[0].answer == "4"
    assert held(strategy("majority", samples=4, rule=Never()), [*doubted, *sound]).groups[0].answer == "5"


def test_confidence_weighs() -> None:
    """Where the server gave probabilities of tokens, a surer sample weighs more."""
    votes = [Ballot(answer="1", index=0, confidence=0.6), Ballot(answer="2", index=1, confidence=0.9)]
    assert held(strategy("weighted", samples=2), votes).groups[0].answer == "2"


def test_authors_weigh() -> None:
    """Two authors who are seldom right do not outvote one who nearly always is."""
    told = Reliability(authors={"weak": 0.3, "strong": 0.95})
    votes = [*ballots("1", "1", author="weak"), Ballot(answer="2", index=2, author="strong")]
    assert held(strategy("weighted", samples=3, reliability=told), votes).groups[0].answer == "2"


def test_support_grows_with_the_votes() -> None:
    """The same share of more votes is more support; a budget that is spent always ends the vote."""
    few = held(strategy("majority", samples=2, rule=Never()), ballots("1", "1"))
    many = held(strategy("majority", samples=10, rule=Never()), ballots(*["1"] * 10))
    assert few.support == 0.75
    assert many.support == pytest.approx(11 / 12)
    assert few.stop
    assert "all 2 samples" in few.why


def test_a_standing_is_plain_json() -> None:
    """What a vote says of itself survives JSON, so that a graph can keep it."""
    standing = held(strategy("majority", samples=3), ballots("1", "2"))
    assert Standing.model_validate(json.loads(standing.model_dump_json())) == standing


def test_weights_of_a_roster() -> None:
    """Where each voter's most is known, the vote ends as soon as those to come could not turn it."""
    told = Reliability(authors={"a": 0.9, "b": 0.8, "c": 0.6})
    votes = [Ballot(answer="1", index=0, author="a"), *(Ballot(answer="2", index=n, author=a) for n, a in ((1, "b"), (2, "c")))]
    most = tuple(told.weight(ballot) for ballot in votes)
    poll = Poll("x", 3, told.weight, Certain(), most=most)
    assert most[0] < most[1] + most[2]
    assert not poll.take(votes[0]).stop
    assert poll.take(Ballot(answer="1", index=1, author="b")).stop
    with pytest.raises(ValueError, match="give one for each"):
        Poll("x", 3, most=(1.0,))


def test_names() -> None:
    """Every named strategy can be made and takes an answer; another name is refused with the list."""
    for name in NAMES:
        assert strategy(name, samples=1).take(Ballot(answer="1", index=0)).stop
    with pytest.raises(ValueError, match="name one of majority"):
        strategy("loudest")  # type: ignore[arg-type]  # what a user may type
    with pytest.raises(ValueError, match="at least one sample"):
        strategy("majority", samples=-1)


def test_a_verdict_names_who_gave_it() -> None:
    """A settled claim says who settled it, an unsettled one nobody."""
    with pytest.raises(ValidationError, match="come together"):
        Claim(text="1 = 1", verdict="true")
    with pytest.raises(ValidationError, match="come together"):
        Claim(text="1 = 1", by="execution")


def test_a_thousand_samples() -> None:
    """A thousand samples with two hundred answers are counted in seconds, the dear comparison hardly ever asked."""
    poll, start = Poll("x", 1000, rule=Posterior()), time.process_time()
    standing = held(poll, ballots(*[str(n % 200) for n in range(1000)]))
    assert time.process_time() - start < 20
    assert (standing.different, standing.groups[0].votes, len(standing.groups)) == (200, 5, 16)
    assert poll.clusters.comparisons == 0
