"""The choice among programs, from a behaviour matrix alone."""

from collections.abc import Sequence

import pytest
from soloist_agents.selection.agreement import choose
from soloist_agents.selection.agreement_profiles import profiled
from soloist_agents.selection.agreement_scores import b4, codet, joint, largest, mbr_exec
from soloist_agents.selection.agreement_stopping import looks, risk, settled
from soloist_agents.selection.behaviour import Behaviours, Seen
from soloist_agents.selection.behaviour_claims import claims_of

ERROR = Seen("raised", "ValueError")


def matrix(*rows: Sequence[object]) -> Behaviours:
    """Calls are numbered from 0; None is an exception."""
    cells = tuple(tuple(ERROR if value is None else Seen("value", str(value)) for value in row) for row in rows)
    return Behaviours(tuple(map(str, range(len(rows[0])))), cells)


def test_the_largest_group_of_like_programs_wins() -> None:
    """Without claims or examples; the first of the group speaks for it."""
    choice = choose(matrix([1, 2, 3], [1, 5, 9], [1, 5, 9]))
    assert (choice.program, choice.alike, choice.share, choice.clusters) == (1, (1, 2), 2 / 3, 2)


def test_given_examples_outrank_any_agreement() -> None:
    """One program that holds the example is chosen before three that agree on something else."""
    (example,) = claims_of(["assert f(0) == 7"], "f")
    seen = matrix([1, 2], [1, 2], [1, 2], [7, 3])
    assert choose(seen).program == 0
    choice = choose(seen, examples=[example])
    assert (choice.program, choice.examples_met, choice.examples) == (3, 1, 1)


def test_generated_claims_outweigh_a_small_lead() -> None:
    """Two programs that fulfil what was claimed are chosen before three that don't."""
    claims = claims_of(["assert f(0) == 7", "assert f(1) == 3", "assert f(0) == 8"], "f")
    choice = choose(matrix([1, 2], [1, 2], [1, 2], [7, 3], [7, 3]), claims)
    assert (choice.program, choice.claims_met, choice.claims) == (3, 2, 3)


def test_programs_that_are_nearly_alike_support_each_other() -> None:
    """Right programs that odd inputs have split are chosen before a larger group that nobody resembles."""
    near = [[1, 2, 3, 4, 5, end] for end in (6, 7, 8, 9)]
    lone = [[9, 9, 9, 8, 7, 0]] * 2
    seen = matrix(*lone, *near)
    assert choose(seen, score=largest).program == 0
    assert choose(seen, score=mbr_exec).program == 2
    assert choose(seen).program == 2


def test_inputs_that_most_programs_refuse_do_not_count() -> None:
    """What a program does with an invalid input tells nothing."""
    choice = choose(matrix([1, None], [1, None], [1, None], [2, 5], [1, 5]))
    assert (choice.calls, choice.clusters, choice.alike) == (1, 2, (0, 1, 2, 4))


def test_programs_that_heed_no_input_are_the_last_resort() -> None:
    """The same value for everything is hardly an answer, however many give it, unless there is no other."""
    constant, varying = [[0] * 6] * 2, [[1, 2, 3, 4, 5, 6]]
    assert choose(matrix(*constant, *varying)).program == 2
    assert choose(matrix(*constant)).program == 0


def test_unusable_programs_are_never_preferred() -> None:
    """A program that always raises loses to one that returns something; where all raise, the choice says so."""
    assert choose(matrix([None], [None], [3])).program == 2
    assert not choose(matrix([None], [None])).usable


def test_without_a_valid_call_every_program_stands_alone() -> None:
    """Nothing is known of agreement, and nothing is claimed of it."""
    choice = choose(Behaviours((), ((), (), ())))
    assert (choice.program, choice.calls, choice.alike, choice.share) == (0, 0, (0,), 1 / 3)


def test_weights_are_votes() -> None:
    """A trusted author's program is chosen before two of authors that are not."""
    seen = matrix([1, 2], [1, 2], [3, 4])
    assert choose(seen, weights=[1, 1, 5]).program == 2
    with pytest.raises(ValueError, match="one weight above 0"):
        choose(seen, weights=[1, 1, 0])
    with pytest.raises(ValueError, match="no program"):
        choose(Behaviours((), ()))


def test_the_formulas_by_hand() -> None:
    """Four programs, two calls, three claims (one made twice), computed on paper."""
    claims = claims_of(["assert f(0) == 1", "assert f(0) == 1", "assert f(1) == 2", "assert f(1) == 5"], "f")
    profiles = profiled(matrix([1, 2], [1, 2], [1, 5], [3, 4]), claims)
    votes = profiles.votes([1.0] * 4)
    assert profiles.of == (0, 0, 1, 2)
    assert largest(profiles, votes) == (2, 1, 1)
    assert mbr_exec(profiles, votes) == ((3 / 4 + 2 / 4) / 2, (3 / 4 + 1 / 4) / 2, 1 / 4)
    assert codet(profiles, votes) == pytest.approx((2**0.5 * 3, 3, 0))
    assert joint(profiles, votes) == pytest.approx((3.5 / 5 * (2 / 4) ** 0.5 * 0.625, 3.5 / 5 * 0.5 * 0.5, 0.5 / 5 * 0.5 * 0.25))
    first, second, third = b4(profiles, votes)
    assert first > second > third


def test_the_looks_grow_rarer() -> None:
    """Often at first, and at the budget's end in any case."""
    assert list(looks(20)) == [5, 6, 7, 8, 10, 12, 15, 18, 20]
    assert list(looks(3)) == [3]


def test_the_risk_falls_with_the_lead() -> None:
    """An even race may turn; one that is led 18 to 2 hardly can."""
    even, clear = matrix(*[[1, 2]] * 10, *[[3, 4]] * 10), matrix(*[[1, 2]] * 18, *[[3, 4]] * 2)
    risks = [risk(profiles, profiles.votes([1.0] * 20), 30) for profiles in (profiled(even), profiled(clear))]
    assert risks[0] > 0.2
    assert risks[1] <= 0.05
    assert risks[0] == risk(profiled(even), [10.0, 10.0], 30)


def test_no_stop_while_an_example_fails() -> None:
    """All agree, and all are known to be wrong."""
    seen, example = matrix(*[[1, 2]] * 20), claims_of(["assert f(0) == 7"], "f")
    wrong, unknown = profiled(seen, (), example), profiled(seen)
    assert settled(unknown, unknown.votes([1.0] * 20), 80, 0.05)
    assert not settled(wrong, wrong.votes([1.0] * 20), 80, 0.05)
    assert settled(wrong, wrong.votes([1.0] * 20), 0, 0.05)
