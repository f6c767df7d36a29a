"""The assertions about a function in a final answer, the prompt that asks for them, and the sample that brings them."""

import pytest
from soloist_agents.contract import Candidate, NoAnswer, Step
from soloist_agents.models.contract import Completion, Delta
from soloist_agents.posing import pose
from soloist_agents.samples import Sample
from soloist_agents.selection.stated_tests import LONGEST, MOST, stated_tests
from soloist_agents.step_check import AgreementCheck, TestsCheck

FUNCTION = "```python\ndef f(x):\n    assert f(0) == 0\n    return 2 * x\n```\n"
ANSWER = f"It doubles.\n\n{FUNCTION}\nAnd now\n\n```python\nassert f(1)==2\nassert f(2) == 4, 'four'\n```\n"
VOTED = Step(
    id="a",
    goal="g",
    kind="function",
    target="m.py::f",
    problem="Double it.",
    check=AgreementCheck(signature="def f(x: int) -> int:"),
)


def test_each_assertion_is_one_line() -> None:
    """In order, without its message; what the function's own body asserts is no test of it."""
    assert stated_tests(ANSWER, "f") == ("assert f(1) == 2", "assert f(2) == 4")


@pytest.mark.parametrize(
    "line",
    ["assert g(1) == 2", "assert f(x) == 2", "assert f(1) == f(2)", "f(1) == 2", "assert f(...) == ...", "assert f(1 == 2"],
)
def test_what_says_nothing_about_one_call_is_left_out(line: str) -> None:
    """Other functions, names, two calls, no assertion, placeholders, no Python."""
    assert stated_tests(f"```python\n{line}\n```\n", "f") == ()


def test_tests_and_classes_are_looked_into() -> None:
    """A model may wrap its assertions, and call a method by its class."""
    wrapped = "```python\ndef test_f():\n    for _ in (1,):\n        assert C.f([1], k='a') is True\n```"
    assert stated_tests(wrapped, "C.f") == ("assert C.f([1], k='a') is True",)


def test_one_that_is_said_again_counts_once() -> None:
    """However it is laid out; it stands where it was said last."""
    assert stated_tests("```python\nassert f(1) == 2\nassert f(3) == 6\nassert f( 1 )==2\n```", "f") == (
        "assert f(3) == 6",
        "assert f(1) == 2",
    )


def test_no_more_than_can_be_used() -> None:
    """The last ones of many are kept; a very long one is left out, and so is one that nests without end."""
    lines = "\n".join(f"assert f({number}) == {number}" for number in range(50))
    assert stated_tests(f"```python\n{lines}\n```", "f") == tuple(f"assert f({n}) == {n}" for n in range(50 - MOST, 50))
    assert stated_tests(f"```python\nassert f('{'a' * LONGEST}') == 1\n```", "f") == ()
    assert stated_tests(f"```python\nassert f({'[' * 150}{']' * 150}) == {'-' * 5000}1\n```", "f") == ()


def test_nothing_is_executed() -> None:
    """Text in, text out: what would end this process stands in an assertion all the same."""
    text = "```python\nimport os\nos._exit(1)\nassert f(1) == 2\nassert f(os._exit(1)) == 2\n```"
    assert stated_tests(text, "f") == ("assert f(1) == 2",)


def test_the_prompt_asks_for_them_where_samples_vote() -> None:
    """With the definition that is known; every other prompt has one fence, at its end."""
    voted = pose(VOTED)
    assert "def f(x: int) -> int:" in voted
    assert "a second ```python fence with 5 lines" in voted
    checked = pose(VOTED.model_copy(update={"check": TestsCheck(files={"test_m.py": "def test(): ..."})}))
    assert "End with one ```python fence" in checked
    assert "second" not in checked


def test_the_definition_is_not_repeated() -> None:
    """Where the function is there already, its file says it."""
    assert "# Its definition" not in pose(VOTED.model_copy(update={"source": "def f(x):\n    return x\n"}))


def test_a_vote_is_told_at_its_end_with_its_assertions() -> None:
    """Not when the function's fence is closed: what it asserts comes after it."""
    sample = Sample(VOTED, "model", 1)
    assert all(sample.heard(Delta(content=part)) is None for part in ANSWER.splitlines(keepends=True))
    told = sample.ended(Completion(content=ANSWER, finish="stop"))
    assert isinstance(told, Candidate)
    assert told.text.startswith("def f(x):")
    assert [(claim.text, claim.kind, claim.verdict) for claim in told.claims] == [
        ("assert f(1) == 2", "assertion", "unknown"),
        ("assert f(2) == 4", "assertion", "unknown"),
    ]


def test_a_cut_sample_never_votes() -> None:
    """Also where what there is of it would parse."""
    told = Sample(VOTED, "model", 1).ended(Completion(content=ANSWER, finish="length"))
    assert isinstance(told, NoAnswer)
    assert told.ended == "truncated"
