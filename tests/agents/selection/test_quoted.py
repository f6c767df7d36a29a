"""Code in a problem's statement, and what is asked about it."""

import pytest
from soloist_agents.selection.quoted import claims_about, quoted

CODE = "def f(a, b=2):\n    return a * b\n"


def test_the_code_and_the_one_call_that_is_asked_for() -> None:
    """Fences that define functions; a call in the prose, not one in the code."""
    found = quoted(f"Look:\n```python\n{CODE}print(f(9))\n```\nWhat does f(3) return?")
    assert found is not None
    assert (found.functions, found.code) == (("f",), f"{CODE}print(f(9))\n")
    assert found.asked is not None
    assert (found.asked.function, found.asked.arguments) == ("f", "3")


@pytest.mark.parametrize(
    "problem",
    [
        "What does f(3) return?",
        "```\nthe rain in Spain\n```",
        "```python\nx = 1\n```",
        "```js\nfunction f() {}\n```",
        "```python\ndef f(:\n```",
    ],
)
def test_nothing_to_call(problem: str) -> None:
    """Prose, other languages, and code without a function."""
    assert quoted(problem) is None


def test_several_calls_ask_for_none_of_them() -> None:
    """The answer is then not taken for a call's result; what is said in words still is."""
    found = quoted(f"```py\n{CODE}```\nHow much larger is f(3) than f(4)?")
    assert found is not None
    assert found.asked is None
    assert [str(claim) for claim in claims_about(found, "f(3) returns 6 and `f(4)` is 8.", "2")] == ["f(3) == 6", "f(4) == 8"]


def test_the_answer_claims_what_the_call_returns() -> None:
    """Where it is a value at all."""
    found = quoted(f"~~~python\n{CODE}~~~\nEvaluate f(3, b=5).")
    assert found is not None
    assert [str(claim) for claim in claims_about(found, "", "15")] == ["f(3, b=5) == 15"]
    assert claims_about(found, "", "about fifteen") == ()
