"""What a job says that a function returned: written as a literal in one canonical form, and compared with what is expected.

A value that a candidate has returned is never built in this process: a set of a hundred thousand equal hashes would keep it
busy for minutes. It stays a tree of JSON (`image.values` has its form) from the pipe to the comparison.
"""

import math
from functools import lru_cache
from typing import Any, Final

from soloist_sandbox.image.values import DEPTH, ITEMS, Node
from soloist_sandbox.literals import parse, read

_DECIMAL_BITS: Final = 10_000
"""Larger integers are written in hexadecimal: Python refuses to read very long decimal ones."""
_CONTAINERS: Final = frozenset("ltszd")


class Allowance:
    """How many more items may be read: of one value, and of all together."""

    def __init__(self, items: int = ITEMS) -> None:
        self._left = items
        self._of_value = ITEMS

    def begin(self) -> None:
        """The next value."""
        self._of_value = ITEMS

    def take(self, items: int) -> None:
        """Raises `ValueError` when there are none left."""
        self._left -= items
        self._of_value -= items
        if self._left < 0 or self._of_value < 0:
            raise ValueError("more items than can be compared")


def literal(node: Node, allowance: Allowance | None = None) -> str:
    """Canonical text: equal values have equal texts, since sets and dicts are sorted and -0.0 is written as 0.0.

    The node may come from a hostile program. Raises `ValueError` for what is none, nested too deep, or too large.
    """
    allowance = allowance or Allowance()
    allowance.begin()
    return _literal(node, allowance, DEPTH, hashable=False)


def _literal(node: Node, allowance: Allowance, depth: int, *, hashable: bool) -> str:
    if node is None or isinstance(node, bool | str):
        return repr(node)
    if isinstance(node, int):
        return _integer(node)
    if not isinstance(node, list) or not node or not isinstance(node[0], str):
        raise ValueError("no value")
    if node[0] not in _CONTAINERS:
        return _scalar(node)
    if depth <= 0:
        raise ValueError("nested too deep")
    if hashable and node[0] in ("l", "s", "d"):
        raise ValueError("a set or a key that holds a list, set or dict")
    allowance.take(len(node) - 1)
    if node[0] == "d":
        pairs = _pairs(node)
        keys = [_literal(key, allowance, depth - 1, hashable=True) for key, _ in pairs]
        values = [_literal(value, allowance, depth - 1, hashable=False) for _, value in pairs]
        return "{" + ", ".join(sorted(f"{key}: {value}" for key, value in zip(keys, values, strict=True))) + "}"
    inner = hashable or node[0] in ("s", "z")
    texts = [_literal(item, allowance, depth - 1, hashable=inner) for item in node[1:]]
    match node[0]:
        case "l":
            return f"[{', '.join(texts)}]"
        case "t":
            return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
        case "s":
            return "{" + ", ".join(sorted(texts)) + "}" if texts else "set()"
        case _:
            return "frozenset({" + ", ".join(sorted(texts)) + "})" if texts else "frozenset()"


def _scalar(node: list[Any]) -> str:
    tag, *parts = node
    if not all(isinstance(part, str) for part in parts) or len(parts) != (2 if tag == "c" else 1):
        raise ValueError("no value")
    try:
        match tag:
            case "i":
                return _integer(int(parts[0], 16))
            case "f":
                return _float(float.fromhex(parts[0]))
            case "c":
                return f"complex({', '.join(_float(float.fromhex(part)) for part in parts)})"
            case "b":
                return repr(bytes.fromhex(parts[0]))
            case "u":
                return repr(bytes.fromhex(parts[0]).decode("utf-8", "surrogatepass"))
    except OverflowError:
        raise ValueError("no float") from None
    raise ValueError("no value")


def _integer(value: int) -> str:
    return str(value) if value.bit_length() <= _DECIMAL_BITS else hex(value)


def _float(value: float) -> str:
    return repr(value + 0.0)  # -0.0 + 0.0 is 0.0


def _pairs(node: list[Any]) -> list[tuple[Node, Node]]:
    if len(node) % 2 == 0:
        raise ValueError("a key without a value")
    return list(zip(node[1::2], node[2::2], strict=True))


def same_value(expected: str, got: str, tolerance: float = 0.0) -> bool:
    """Whether two literals are the same value. The rules, for values however deep inside others:

    * Types are exact: `True` is not `1`, `1` is not `1.0`, a list is not a tuple, a set is not a frozenset.
    * `nan` equals `nan`: who expects it means it. `-0.0` equals `0.0`, as for Python's own `==`: which of the two comes out
      depends on the order of operations, and nearly nobody who writes an expected value means the difference.
    * Floats g and e are equal when |g - e| <= tolerance * max(1, |e|); infinities only when the same. For complex numbers
      the same holds of the real and of the imaginary part.
    * Dicts are equal when their keys and the values of equal keys are; order does not count. Sets are equal when their
      elements are. Keys and elements have no tolerance: one of two near ones would be chosen by chance.

    Raises `ValueError` for a text that is no literal.
    """
    if expected == got or canonical(expected) == got:
        return True
    wanted, found = parse(expected), read(got)
    return canonical(expected) == literal(found) or (tolerance > 0 and _same(wanted, found, tolerance))


@lru_cache(maxsize=1024)
def canonical(text: str) -> str:
    """A trusted text's own canonical form. Raises `ValueError`."""
    return literal(parse(text))


def _same(wanted: Node, found: Node, tolerance: float) -> bool:
    if not isinstance(wanted, list) or not isinstance(found, list):
        return literal(wanted) == literal(found)
    if wanted[0] != found[0] or len(wanted) != len(found):
        return False
    match wanted[0]:
        case "f" | "c":
            numbers = zip(wanted[1:], found[1:], strict=True)
            return all(_close(float.fromhex(one), float.fromhex(other), tolerance) for one, other in numbers)
        case "l" | "t":
            return all(_same(one, other, tolerance) for one, other in zip(wanted[1:], found[1:], strict=True))
        case "d":
            both = list(zip(_sorted_pairs(wanted), _sorted_pairs(found), strict=True))
            return all(one == other and _same(value, got, tolerance) for (one, _, value), (other, _, got) in both)
        case _:
            return literal(wanted) == literal(found)


def _sorted_pairs(node: list[Any]) -> list[tuple[str, str, Node]]:
    return sorted(((literal(key), literal(value), value) for key, value in _pairs(node)), key=lambda pair: pair[:2])


def _close(wanted: float, found: float, tolerance: float) -> bool:
    if math.isfinite(wanted) and math.isfinite(found):
        return abs(found - wanted) <= tolerance * max(1.0, abs(wanted))
    return _float(wanted) == _float(found)
