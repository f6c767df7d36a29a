"""Comparisons: boundaries, directions, kinds, and both sides at once."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search import precedence as p
from soloist_agents.search.change import Change
from soloist_agents.search.tree import Site
from soloist_agents.search.view import View

BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
KINDS = {"==": "is", "!=": "is not", "is": "==", "is not": "!=", "in": "==", "not in": "!="}
INVERSE = {"==": "!=", "!=": "==", "is": "is not", "is not": "is", "in": "not in", "not in": "in"}
OTHERS = {
    "<": {">": 5.0, "==": 1.0, "!=": 1.0, ">=": 2.0},
    "<=": {">=": 5.0, "==": 1.0, "!=": 0.5, ">": 2.0},
    ">": {"<": 5.0, "==": 1.0, "!=": 1.0, "<=": 2.0},
    ">=": {"<=": 5.0, "==": 1.0, "!=": 0.5, "<": 2.0},
    "==": {"<=": 1.5, ">=": 1.5, "<": 1.0, ">": 1.0, "in": 0.5},
    "!=": {"<": 1.5, ">": 1.5, "<=": 1.0, ">=": 1.0, "not in": 0.5},
}
BOTH = {"abs": 1.0, "set": 1.5, "sorted": 1.5, "len": 1.0, "str": 1.0, "int": 1.0, "tuple": 0.5}


def _operator(site: Site, view: View) -> tuple[Site, str]:
    sign = site.children[0]
    return sign, " ".join(view.text[sign.start : sign.end].split())


def boundary(site: Site, view: View) -> Iterator[Change]:
    """`<` to `<=`."""
    sign, code = _operator(site, view)
    if code in BOUNDARY:
        yield view.token(sign, BOUNDARY[code])


def inverse(site: Site, view: View) -> Iterator[Change]:
    """`==` to `!=`, `in` to `not in`."""
    sign, code = _operator(site, view)
    if code in INVERSE:
        yield view.token(sign, INVERSE[code])


def direction(site: Site, view: View) -> Iterator[Change]:
    """`<` to `>`, and less likely turns."""
    sign, code = _operator(site, view)
    for other, weight in OTHERS.get(code, {}).items():
        yield view.token(sign, other, weight)


def kind(site: Site, view: View) -> Iterator[Change]:
    """`==` to `is`, `in` to `==`."""
    sign, code = _operator(site, view)
    comparator = site.children[1].node
    if code in ("==", "!=") and isinstance(comparator, cst.BaseNumber | cst.SimpleString):
        return
    if code in KINDS:
        yield view.token(sign, KINDS[code])


def both_sides(site: Site, view: View) -> Iterator[Change]:
    """`a == b` to `set(a) == set(b)`, `a.lower() == b.lower()`."""
    comparisons = site.among("comparisons")
    left = site.child("left")
    if left is None or len(comparisons) != 1 or _operator(comparisons[0], view)[1] not in ("==", "!=", "<", ">"):
        return
    right = comparisons[0].children[1]
    if isinstance(right.node, cst.BaseNumber | cst.SimpleString) or isinstance(left.node, cst.BaseNumber | cst.SimpleString):
        return
    for name, weight in BOTH.items():
        yield Change(tuple(view.splice(s, f"{name}({view.code(s)})") for s in (left, right)), weight)
    yield Change(tuple(view.splice(s, f"{view.code(s, p.ATOM)}.lower()") for s in (left, right)), 1.0)


def first_character(site: Site, view: View) -> Iterator[Change]:
    """`x[0] != "."` to `not x.startswith(".")`, which also holds for an empty `x`."""
    comparison = site.child("comparisons")
    left = site.child("left")
    if comparison is None or left is None or not isinstance(left.node, cst.Subscript):
        return
    sign, right = _operator(comparison, view)[1], comparison.children[1]
    method = {"0": "startswith", "-1": "endswith"}.get(view.text[left.children[0].right + 1 : left.end - 1].strip())
    if sign in ("==", "!=") and isinstance(right.node, cst.SimpleString) and method:
        call = f"{view.code(left.children[0], p.ATOM)}.{method}({view.code(right)})"
        yield view.put(site, call if sign == "==" else f"not {call}", p.ATOM if sign == "==" else p.NOT)
