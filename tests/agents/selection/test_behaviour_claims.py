"""What asserts and docstrings claim about calls, read from their text."""

import pytest
from soloist_agents.selection.behaviour_calls import question
from soloist_agents.selection.behaviour_claims import claims_of, examples_of
from soloist_agents.selection.behaviour_equality import key


@pytest.mark.parametrize(
    ("test", "arguments", "holds", "fails"),
    [
        ("assert f([1, 2], k=3) == 4", "[1, 2], k=3", ["4", "4.0"], ["5", "'4'", "None"]),
        ("assert 4 == f(1)", "1", ["4"], ["3"]),
        ("assert f('a') is True", "'a'", ["True", "1"], ["False", "2"]),
        ("assert f(-1)", "-1", ["True", "[0]", "0.1"], ["False", "''", "0.0", "None", "set()"]),
        ("assert not f(())", "()", ["None", "[]", "0"], ["True"]),
        ("assert f(2) != 3", "2", ["4", "None"], ["3", "3.0"]),
        ("assert abs(f(2) - 0.5) < 0.01", "2", ["0.505", "0.5"], ["0.52", "'0.5'"]),
        ("assert round(f(2), 2) == 0.33", "2", ["0.3333333", "0.33"], ["0.34"]),
        ("assert math.isclose(f(2), 1.0)", "2", ["1", "1.0000000001"], ["1.1"]),
        ("assert candidate.f(2) == {1: (2.0, 'x')}", "2", ["{1: (2, 'x')}"], ["{1: [2, 'x']}"]),
    ],
)
def test_an_assertion_holds_of_values_as_python_would_say(test: str, arguments: str, holds: list[str], fails: list[str]) -> None:
    """One call, one relation; numbers are equal across types as for `==`."""
    (claim,) = claims_of([test], "f")
    assert claim.arguments == arguments
    assert all(claim.holds(key(text)) for text in holds)
    assert not any(claim.holds(key(text)) for text in fails)


@pytest.mark.parametrize(
    "test", ["assert f(___) == 1", "assert f(x) == 1", "assert g(1) == 1", "f(1) == 1", "assert f(", "assert f(1) == f(2)"]
)
def test_what_cannot_be_read_is_left_out(test: str) -> None:
    """Names, other functions, no assertion, no Python, two calls: a claim less and no error."""
    assert claims_of([test], "f") == ()


def test_equal_claims_are_counted_together() -> None:
    """However they are laid out, and as often as their source was written."""
    first, second = claims_of(["assert f( 1 )==2\nassert f(3) == 4", "assert f(1) == 2.0"], "f", [5, 2])
    assert (first.arguments, first.count) == ("1", 7)
    assert (second.arguments, second.count) == ("3", 5)


@pytest.mark.parametrize(
    "line",
    [
        ">>> f([1, 2])\n    3",
        "f([1, 2]) == 3",
        "f([1, 2]) -> 3 since 1 + 2 is 3.",
        "* f([1, 2]) ➞ 3",
        "For [1, 2]:\n  f([1,2]) => 3  # sum",
        "f([1, 2]) returns 3.",
    ],
)
def test_examples_of_a_docstring(line: str) -> None:
    """Doctests, and lines with an arrow of any kind, whatever words follow."""
    (claim,) = examples_of(f"Adds them up.\n\n    {line}\n\n    Calls f(x) often.", "f")
    assert (claim.arguments, claim.expected) == ("[1, 2]", "3")


def test_a_question_from_a_prompt() -> None:
    """A prompt without a body gives the examples, the generated claims, and calls: theirs, variations on them, and guesses."""
    prompt = 'def f(x: int) -> int:\n    """Doubles.\n\n    >>> f(2)\n    4\n    """\n'
    asked = question("m.py", "f", prompt, ["assert f(7) == 14"])
    assert [claim.arguments for claim in asked.examples] == ["2"]
    assert [claim.arguments for claim in asked.claims] == ["7"]
    assert asked.calls[:2] == ("2", "7")
    assert len(asked.calls) > 10
    assert asked.calls == asked.calls
