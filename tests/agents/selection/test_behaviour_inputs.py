"""Inputs that tell programs apart, made from known ones and from signatures."""

import ast

import pytest
from soloist_agents.selection.behaviour_equality import LONGEST, is_true, key
from soloist_agents.selection.behaviour_inputs import varied
from soloist_agents.selection.behaviour_signature import fitting

SEEDS = ["[1, 2, 3], 'ab', k=2.5", "[4], 'b', k=1.0"]


def test_variations_keep_the_shape_and_the_types() -> None:
    """As many as asked for, new, different, deterministic; each argument stays of its type."""
    made = varied(SEEDS, 30)
    assert len(set(made) - set(SEEDS)) == 30
    assert made == varied(SEEDS, 30)
    for text in made:
        call = ast.parse(f"f({text})", mode="eval").body
        assert isinstance(call, ast.Call)
        first, second = map(ast.literal_eval, call.args)
        assert all(isinstance(item, int) for item in first)
        assert isinstance(second, str)
        assert isinstance(ast.literal_eval(call.keywords[0].value), float)


def test_integers_stay_near_those_seen() -> None:
    """An input far larger than any test's would only tell who is slow."""
    assert all(abs(int(text)) <= 4 * 30 + 4 for text in varied(["30", "2"], 40))


@pytest.mark.parametrize("seeds", [[], [""]])
def test_nothing_to_vary_gives_nothing(seeds: list[str]) -> None:
    """No seed, or calls without arguments."""
    assert varied(seeds, 10) == ()


@pytest.mark.parametrize(
    ("header", "types"),
    [
        ("def f(n: int):", {int}),
        ("def f(words: List[str]):", {list}),
        ("def f(x: 'int', k=3):", {int}),
        ("def f(x: int | str):", {int, str}),
        ("class A:\n def f(self, x: Optional[float]):", {float}),
        ("def f(x):", {int, list, str, float, dict}),
    ],
)
def test_guesses_follow_the_annotations(header: str, types: set[type]) -> None:
    """Parameters with a default are left out; one without annotation gets values of several kinds."""
    body = "\n  pass" if header.startswith("class") else "\n pass"
    assert {type(ast.literal_eval(text)) for text in fitting(header + body, "f", 20)} == types


def test_no_such_function_gives_no_guesses() -> None:
    """Nor does what is no Python, or a function without parameters."""
    assert fitting("def g(x): pass", "f", 10) == fitting("def f(", "f", 10) == fitting("def f(): pass", "f", 10) == ()


def test_equal_values_have_equal_keys() -> None:
    """Across number types, and in the tenth digit of floats; not across containers."""
    assert key("[True, 1.0, 0.1]") == key("[1, 1, 0.10000000000000003]")
    assert key("[1]") != key("(1,)")
    assert key("0.1") != key("0.1000001")
    assert key("nan") == key("nan")
    assert key("-0.0") == key("0")


def test_keys_of_large_values_are_short() -> None:
    """However long the value; they are still told apart."""
    long, longer = str(list(range(2000))), str(list(range(LONGEST)))
    assert len(key(long)) < 200
    assert len(key(longer)) < 200
    assert key(long) != key(long.replace("1999", "2999"))
    assert is_true(key(long))
