"""Values that cross the sandbox's border: exact types, bounded sizes, nothing called that a candidate has written."""

import json
import math
import random
from collections import Counter, OrderedDict, namedtuple
from collections.abc import Callable
from enum import IntEnum
from fractions import Fraction
from typing import Any

import pytest
from soloist_sandbox.image.values import BYTES, DEPTH, ITEMS, NoLiteral, decode, encode
from soloist_sandbox.literals import read
from soloist_sandbox.values import literal, same_value

SCALARS: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**53, -(2**53) - 1, 10**5000, -(10**4299)),
    *(0.0, 1.0, -1.5, 0.1, 1e308, 5e-324, math.inf, -math.inf, 1j, -2.5 - 3j, complex(math.inf, 1)),
    *("", "text", "'\"\\", "\0\n\x7f", "é\u202e\U0001f600", "\ud800", "\ud83d\ude00", "\\ud83d", b"", b"\x00\xff"),
]


def carried(value: object) -> Any:
    """The value, out through one line of JSON and back."""
    line = encode(value)
    assert "\n" not in line
    return decode(json.loads(line))


def shown(value: object) -> str:
    return literal(json.loads(encode(value)))


def some_value(source: random.Random, depth: int, *, hashable: bool = False) -> Any:
    kinds = ["scalar", "tuple", "frozenset"] + ([] if hashable else ["list", "set", "dict"])
    kind = source.choice(kinds) if depth else "scalar"
    if kind == "scalar":
        return source.choice([*SCALARS, math.nan, -0.0])
    inner = hashable or kind in ("set", "frozenset")
    items = [some_value(source, depth - 1, hashable=inner) for _ in range(source.randrange(5))]
    if kind == "dict":
        return {some_value(source, depth - 1, hashable=True): item for item in items}
    return {"tuple": tuple, "frozenset": frozenset, "list": list, "set": set}[kind](items)


def spelled(value: Any) -> str:
    """The value's `repr`, but for the order of sets and for integers that are too long to be printed."""
    if isinstance(value, int):
        return f"{type(value).__name__} {value:x}"
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__} {sorted(map(spelled, value))}"
    if isinstance(value, dict):
        return f"dict {[(spelled(key), spelled(one)) for key, one in value.items()]}"
    return f"{type(value).__name__} {list(map(spelled, value))}" if isinstance(value, list | tuple) else repr(value)


@pytest.mark.parametrize("value", SCALARS, ids=map(str, range(len(SCALARS))))
def test_scalars_come_back_with_their_type(value: object) -> None:
    """Every scalar comes back as it was, and its canonical text reads as the same value."""
    back = carried(value)
    assert type(back) is type(value)
    assert back == value
    assert decode(read(shown(value))) == value


def test_random_values_come_back_as_they_were() -> None:
    """However deep values are nested, what comes back looks the same to the last digit and in the order of its keys."""
    source = random.Random(4)  # noqa: S311
    for _ in range(1000):
        value = some_value(source, 4)
        back = carried(value)
        assert spelled(back) == spelled(value)
        text = shown(value)
        assert literal(read(text)) == text
        assert same_value(text, text)


def test_what_has_no_number_or_sign_comes_back() -> None:
    """Not-a-number and the sign of zero are kept on the way; the canonical text has one zero only."""
    assert math.isnan(carried(math.nan))
    assert math.copysign(1, carried(-0.0)) == -1
    assert (shown([math.nan, -math.inf]), shown(-0.0), shown(complex(-0.0, math.nan))) == (
        "[nan, -inf]",
        "0.0",
        "complex(0.0, nan)",
    )


def test_equal_values_have_one_text() -> None:
    """Sets and dicts are sorted, so programs that give equal values can be grouped by the text alone."""
    assert shown({"b": {3, 1, 2}, "a": ()}) == shown({"a": (), "b": {2, 3, 1}}) == "{'a': (), 'b': {1, 2, 3}}"
    assert (shown(set()), shown(frozenset()), shown((1,)), shown(frozenset({(2,)}))) == (
        "set()",
        "frozenset()",
        "(1,)",
        "frozenset({(2,)})",
    )


class Liar(int):
    """Equals everything, and breaks who asks."""

    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __repr__(self) -> str:
        raise SystemExit(0)

    __str__ = __format__ = bit_length = __repr__  # type: ignore[assignment]


class LyingText(str):
    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def encode(self, *_: object) -> bytes:  # type: ignore[override]
        raise SystemExit(0)


class LyingList(list[int]):
    def __eq__(self, other: object) -> bool:
        return True

    def __iter__(self) -> Any:
        raise SystemExit(0)

    def __len__(self) -> int:
        raise SystemExit(0)


class LyingKind(type):
    """A class's class may lie about the name, and about being another class."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise SystemExit(0)

    def __eq__(cls, other: object) -> bool:
        return True

    def __hash__(cls) -> int:
        raise SystemExit(0)

    def __instancecheck__(cls, instance: object) -> bool:
        raise SystemExit(0)


class Equal(metaclass=LyingKind):
    @property
    def __class__(self) -> Any:
        return int

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__


class Weekday(IntEnum):
    MONDAY = 1


HOSTILE = {
    "Liar": Liar(3),
    "LyingText": LyingText("3"),
    "LyingList": LyingList([3]),
    "Equal": Equal(),
    "Weekday": Weekday.MONDAY,
    "generator": (n for n in ()),
    "range": range(3),
    "bytearray": bytearray(b"3"),
    "ellipsis": ...,
    "NotImplementedType": NotImplemented,
    "OrderedDict": OrderedDict(a=1),
    "Counter": Counter("a"),
    "P": namedtuple("P", "x")(1),
    "Fraction": Fraction(3),
    "type": LyingKind,
    "LyingKind": Equal,
    "function": carried,
    "dict_keys": {}.keys(),
    "ValueError": ValueError("3"),
}


UNHASHABLE = ("LyingList", "bytearray", "OrderedDict", "Counter", "dict_keys", "LyingKind")
PLACES: dict[str, Callable[[Any], object]] = {
    "alone": lambda value: value,
    "in a list": lambda value: [value],
    "as a value": lambda value: {1: value},
    "as a key": lambda value: {value: 1},
}


@pytest.mark.parametrize(("name", "place"), [(n, p) for n in HOSTILE for p in PLACES if p != "as a key" or n not in UNHASHABLE])
def test_only_exact_types_leave(name: str, place: str) -> None:
    """A subclass or any other object never leaves as a value, wherever it stands; the reason names its type."""
    with pytest.raises(NoLiteral, match=f"type {name} is no literal"):
        encode(PLACES[place](HOSTILE[name]))


def test_names_of_types_are_printable_and_short() -> None:
    """A type may be called anything; the reason stays one short line."""
    named = type("A\n\u202e\x1b[31m" + "x" * 9000, (), {})
    with pytest.raises(NoLiteral) as refused:
        encode(named())
    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 200


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_deep_cyclic_and_huge_values_are_refused() -> None:
    """Depth, items and bytes have bounds; up to them a value leaves, and its text can be read again."""
    cycle: list[Any] = []
    cycle.append(cycle)
    own: dict[int, Any] = {}
    own[1] = own
    wide = [0] * 1000
    for value in (
        cycle,
        own,
        nested(DEPTH + 1),
        nested(100_000),
        [wide] * 1000,
        [0] * (ITEMS + 1),
        "x" * BYTES,
        1 << (4 * BYTES),
    ):
        with pytest.raises(NoLiteral, match=r"deep|items|larger"):
            encode(value)
    deep = shown(nested(DEPTH))
    assert literal(read(deep)) == deep
    sets = frozenset[Any]()
    for _ in range(DEPTH - 1):
        sets = frozenset({sets})
    assert literal(read(shown(sets))) == shown(sets)
    assert carried("x" * (BYTES - 2)) == "x" * (BYTES - 2)
    assert len(encode(["\x00" * (BYTES // 8)])) < BYTES
