"""When two results count as the same: Python's `==` on values, told from their texts alone, and at most ten digits of floats.

A test says `f(2) == 4`, and 4.0 passes it; so do values that differ in the last digits, by the order of additions, for anyone who
does not look at rounding. No value is built: a hostile program may have returned it.
"""

import hashlib
import math
from functools import lru_cache
from typing import Any, Final

from soloist_sandbox.image.values import Node
from soloist_sandbox.literals import read
from soloist_sandbox.values import literal

DIGITS: Final = 10
"""Significant digits of a float that count."""
LONGEST: Final = 20_000
"""Characters; longer texts are compared as they are."""
_KEPT: Final = 200
_EXACT: Final = 1 << 53
_EMPTY: Final = frozenset({"None", "0", "''", "b''", "[]", "()", "{}", "set()", "frozenset()", "complex(0.0, 0.0)"})


def key(text: str) -> str:
    """A short text that is equal for equal values. Raises `ValueError` for a text that is no literal."""
    return _remembered(text) if len(text) <= _KEPT else _made(text)


def _made(text: str) -> str:
    same = literal(_plain(read(text))) if len(text) <= LONGEST else text
    return same if len(same) <= _KEPT else f"{same[:40]}…{hashlib.sha256(same.encode()).hexdigest()}"


_remembered = lru_cache(maxsize=65_536)(_made)
"""Most values are short, and come again and again."""


def is_true(same: str) -> bool:
    """What `bool` says of the value with this key."""
    return same not in _EMPTY


def number(same: str) -> float | None:
    """The value with this key as a float; None where it is no number."""
    try:
        return float(same)
    except ValueError:
        return None


def _plain(node: Node) -> Node:
    """The node with all that `==` does not tell apart made one: True, 1.0 and 1."""
    if isinstance(node, bool):
        return int(node)
    if not isinstance(node, list):
        return node
    if node[0] == "f":
        return _float(float.fromhex(node[1]))
    return [node[0], *map(_plain, node[1:])] if node[0] in ("l", "t", "s", "z", "d") else node


def _float(value: float) -> Any:
    if not math.isfinite(value):
        return ["f", value.hex()]
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < _EXACT else ["f", rounded.hex()]
