"""Literals: what is one, when two are the same value, and what of a hostile job's JSON is a value at all."""

from functools import reduce
from typing import Any

import pytest
from soloist_sandbox.image.values import DEPTH, ITEMS, decode
from soloist_sandbox.literals import parse, parse_arguments
from soloist_sandbox.values import literal, same_value

NESTED: Any = reduce(lambda inner, _: ["l", inner], range(DEPTH + 1), 0)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("1", "True"),
        ("0", "False"),
        ("0", "None"),
        ("1", "1.0"),
        ("1.0", "1"),
        ("1.0", "complex(1.0, 0.0)"),
        ("'a'", "b'a'"),
        ("[1]", "(1,)"),
        ("{1}", "frozenset({1})"),
        ("{1}", "[1]"),
        ("{}", "set()"),
        ("[1, 2]", "[2, 1]"),
        ("[1]", "[1, 1]"),
        ("{1}", "{True}"),
        ("{1: 2}", "{1.0: 2}"),
        ("{1: 2}", "{1: True}"),
        ("{1: 2}", "{1: 2, 2: 2}"),
        ("[[[1]]]", "[[[1.0]]]"),
        ("nan", "None"),
        ("inf", "-inf"),
        ("inf", "1e+308"),
        ("''", "'\\x00'"),
    ],
)
@pytest.mark.parametrize("tolerance", [0.0, 0.5])
def test_different(expected: str, got: str, tolerance: float) -> None:
    """Another type is another value, at any depth and with any tolerance."""
    assert not same_value(expected, got, tolerance)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("nan", "nan"),
        ("[nan, {'x': nan}]", "[nan, {'x': nan}]"),
        ("-0.0", "0.0"),
        ("{2, 1}", "{1, 2}"),
        ("{'b': 1, 'a': 2}", "{'a': 2, 'b': 1}"),
        ("1_000", "1000"),
        ("0x10", "16"),
        ("'a' \"b\"", "'ab'"),
        ("1 + 2j", "complex(1.0, 2.0)"),
        ("{1, 1, True}", "{1}"),
        ("( 1 )", "1"),
        ("10.0", "1e1"),
        ("frozenset([2, 1])", "frozenset({1, 2})"),
    ],
)
def test_same(expected: str, got: str) -> None:
    """One value may be written in many ways; order of sets and dicts, the sign of zero and nan don't tell values apart."""
    assert same_value(expected, got)


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        ("1.0", "1.0009", True),
        ("1.0", "1.0011", False),
        ("1000.0", "1000.9", True),
        ("1000.0", "1001.1", False),
        ("0.0", "0.0009", True),
        ("0.0", "-0.0011", False),
        ("[{'x': (1.0,)}]", "[{'x': (1.0001,)}]", True),
        ("{1.0: 1.0}", "{1.0: 1.0001}", True),
        ("{1.0: 1.0}", "{1.0001: 1.0}", False),
        ("{1.0}", "{1.0001}", False),
        ("100", "100.01", False),
        ("100", "101", False),
        ("1+1j", "complex(1.0001, 0.9999)", True),
        ("inf", "inf", True),
        ("nan", "1.0", False),
        ("1.0", "nan", False),
    ],
)
def test_tolerance(expected: str, got: str, same: bool) -> None:
    """Only floats have tolerance: relative, absolute below 1, none for keys and elements of sets."""
    assert same_value(expected, got, 0.001) is same


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "f(1)",
            "...",
            "1 +",
            "1 + 1",
            "True + 1j",
            "-'a'",
            "not 1",
            "[*[1]]",
            "{**{}}",
            "f'{1}'",
            "lambda: 1",
            "[1][0]",
        ),
        *(
            "set([1])",
            "set({1})",
            "frozenset(1)",
            "complex(1)",
            "complex(1j, 1)",
            "__import__('os')",
            "{[1]: 2}",
            "{{1}}",
            "a\0b",
        ),
        *("9" * 5000, "-" * 5000 + "1", "[" * 500, "[" * 150 + "]" * 150, "\ud800"),
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_no_literals(text: str) -> None:
    """Whatever would have to be evaluated, or can't be built, is refused in one line."""
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_arguments() -> None:
    """What stands between a call's brackets: positional and named literals, each argument a tree of its own."""
    positional, named = parse_arguments("[1, nan], (), key=-inf, other={'a': b'1'},")
    assert decode(positional[0])[0] == 1
    assert (positional[1], named) == (["t"], {"key": ["f", "-inf"], "other": ["d", "a", ["b", "31"]]})
    assert parse_arguments("") == ([], {})
    assert parse_arguments("1 # the first") == ([1], {})


@pytest.mark.parametrize("text", ["1) + g(2", "1)(2", "*[1]", "**{}", "a=1, a=2", "x", "1); y", "1, lambda: 2", "n for n in [1]"])
def test_no_arguments(text: str) -> None:
    """A text that closes the bracket or computes is refused."""
    with pytest.raises(ValueError, match=r"."):
        parse_arguments(text)


@pytest.mark.parametrize(
    "node",
    [
        *(
            1.5,
            {},
            [],
            [1],
            ["x"],
            ["l", {}],
            ["i"],
            ["i", 5],
            ["i", "zz"],
            ["f", "much"],
            ["f", "0x1p9999"],
            ["b", "0"],
            ["c", "1"],
        ),
        *(
            ["u", "ff"],
            ["d", 1],
            ["s", ["l"]],
            ["z", ["t", ["d"]]],
            ["d", ["l"], 1],
            NESTED,
            ["l", *([0] * (ITEMS + 1))],
        ),
    ],
    ids=lambda node: str(node)[:20],
)
def test_no_values(node: Any) -> None:
    """A job may write any JSON; what `encode` can't have written is no value."""
    with pytest.raises(ValueError, match=r"."):
        literal(node)


@pytest.mark.timeout(20)
def test_equal_hashes_cost_no_time() -> None:
    """A set whose elements all have one hash would take minutes to build here: it is never built."""
    text = literal(["s", *(n * (2**61 - 1) for n in range(ITEMS - 1))])
    for tolerance in (0.0, 0.1):
        assert not same_value("{1}", text, tolerance)
