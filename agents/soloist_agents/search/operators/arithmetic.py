"""Arithmetic and bits: operators, their order, their operands, and one too many or too few."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search import precedence as p
from soloist_agents.search.change import Change, Splice
from soloist_agents.search.tree import Site
from soloist_agents.search.view import View

SIGNS = {
    "+": {"-": 4.0, "*": 1.5},
    "-": {"+": 4.0, "/": 0.5, "//": 0.5, "%": 0.3},
    "*": {"**": 1.0, "/": 1.5, "+": 2.0, "//": 1.0},
    "/": {"//": 4.0, "*": 2.0, "%": 1.0},
    "//": {"/": 3.0, "%": 2.0, "*": 0.5, "-": 0.3},
    "%": {"//": 3.0, "/": 1.0, "*": 0.3},
    "**": {"*": 2.0},
    "&": {"|": 3.0, "^": 2.0},
    "|": {"&": 3.0, "^": 2.0},
    "^": {"&": 3.0, "|": 3.0},
    "<<": {">>": 3.0},
    ">>": {"<<": 3.0},
}
BINDS = {"+": p.SUM, "-": p.SUM, "|": p.BITOR, "^": p.BITXOR, "&": p.BITAND, "<<": p.SHIFT, ">>": p.SHIFT, "**": p.POWER}
COUNTED = ("range", "islice", "randint", "rjust", "ljust", "zfill", "chr")


def sign(site: Site, view: View) -> Iterator[Change]:
    """`+` to `-`, `/` to `//`."""
    left, operator, right = site.children
    for new, weight in SIGNS.get(view.text[operator.start : operator.end], {}).items():
        binds = BINDS.get(new, p.PRODUCT)
        code = f"{view.code(left, binds)} {new} {view.code(right, binds + 1)}"
        plain = binds == site.binds or site.wrapped
        yield view.token(operator, new, weight) if plain else view.put(site, code, binds, weight)


def augmented_sign(site: Site, view: View) -> Iterator[Change]:
    """`+=` to `-=`."""
    operator = site.child("operator")
    if operator is not None:
        for new, weight in SIGNS.get(view.text[operator.start : operator.end].strip()[:-1], {}).items():
            yield view.token(operator, f"{new}=", weight)


def augmented_or_plain(site: Site, view: View) -> Iterator[Change]:
    """`+=` to `=`, and back."""
    if isinstance(site.node, cst.AugAssign):
        operator = site.child("operator")
        if operator is not None:
            yield view.token(operator, "=")
    elif isinstance(site.node, cst.Assign) and len(site.among("targets")) == 1 and site.above(cst.For, cst.While):
        end = site.among("targets")[0].children[0].right
        equals = view.text.index("=", end)
        yield from (Change((Splice(equals, equals + 1, new),), weight) for new, weight in (("+=", 2.0), ("-=", 0.5), ("*=", 0.5)))


def operand_order(site: Site, view: View) -> Iterator[Change]:
    """`a - b` to `b - a`; for `+` and `*` only where the order may matter."""
    left, operator, right = site.children
    code = view.text[operator.start : operator.end]
    numbers = any(isinstance(s.node, cst.BaseNumber) for s in (left, right))
    if code not in ("*", "&", "|", "^") and not (numbers and code == "+"):
        yield view.swap(left, right, 0.4 if numbers else 1.0)


def regrouping(site: Site, view: View) -> Iterator[Change]:
    """`a - b // c` to `(a - b) // c` and to `a // c - b`."""
    left, operator, right = site.children
    sign_ = view.text[operator.start : operator.end]
    for side, keeps_left in ((right, True), (left, False)):
        if not isinstance(side.node, cst.BinaryOperation):
            continue
        a, inner, b = side.children
        inner_sign = view.text[inner.start : inner.end]
        if BINDS.get(inner_sign, p.PRODUCT) == BINDS.get(sign_, p.PRODUCT):
            continue
        x, y, z = (view.code(s, p.SIGN) for s in ((left, a, b) if keeps_left else (a, b, right)))
        if keeps_left:
            yield view.put(site, f"({x} {sign_} {y}) {inner_sign} {z}", BINDS.get(inner_sign, p.PRODUCT))
            yield view.put(site, f"{x} {inner_sign} {z} {sign_} {y}", min(BINDS.get(sign_, p.PRODUCT), p.SUM))
        else:
            yield view.put(site, f"{x} {inner_sign} ({y} {sign_} {z})", BINDS.get(inner_sign, p.PRODUCT))


def operand_dropped(site: Site, view: View) -> Iterator[Change]:
    """`a + b` to `a` or `b`; a number is the likelier one to be too much."""
    left, _, right = site.children
    yield view.put_site(site, left, 2.0 if isinstance(right.node, cst.BaseNumber) else 1.0)
    yield view.put_site(site, right, 0.3 if isinstance(right.node, cst.BaseNumber) else 0.8)


def off_by_one(site: Site, view: View) -> Iterator[Change]:
    """`x` to `x + 1` or `x - 1`, where a count or a position is meant."""
    weight = _counts(site, view)
    if weight and not isinstance(site.node, cst.BaseNumber) and not _off_already(site):
        up = 1.4 if weight >= 1 else 1.0
        yield view.put(site, f"{view.code(site, p.SUM)} + 1", p.SUM, weight * up)
        yield view.put(site, f"{view.code(site, p.SUM)} - 1", p.SUM, weight)


def _off_already(site: Site) -> bool:
    """`x + 1` has a number to change, and dropping it is an edit of its own."""
    sides = (site, site.parent) if site.slot == "left" and site.parent else (site,)
    return any(isinstance(s.node, cst.BinaryOperation) and isinstance(s.node.right, cst.Integer) for s in sides)


def sign_change(site: Site, view: View) -> Iterator[Change]:
    """`-x` to `x`, `x` to `-x`, `~x`."""
    if isinstance(site.node, cst.UnaryOperation):
        if not isinstance(site.node.operator, cst.Not):
            yield view.put_site(site, site.children[1], 3.0)
    elif isinstance(site.node, cst.Name | cst.Call | cst.Subscript | cst.Integer) and _counts(site, view):
        yield view.put(site, f"-{view.code(site, p.SIGN)}", p.SIGN, 0.5)


def _counts(site: Site, view: View) -> float:
    """How likely the expression is a count or a position; 0 where it can't be."""
    parent = site.parent
    if (
        parent is None
        or not site.expression
        or isinstance(site.node, cst.List | cst.Dict | cst.Set | cst.SimpleString | cst.Tuple)
    ):
        return 0.0
    if isinstance(site.node, cst.Comparison | cst.BooleanOperation | cst.Lambda | cst.ListComp | cst.GeneratorExp):
        return 0.0
    match parent.node:
        case cst.Arg():
            call = parent.parent.node if parent.parent else None
            name = call.func.value if isinstance(call, cst.Call) and isinstance(call.func, cst.Name) else ""
            return 2.0 if name in COUNTED else 0.3
        case cst.Slice() | cst.Index():
            return 1.2
        case cst.Comparison() | cst.ComparisonTarget():
            return 0.8
        case cst.BinaryOperation():
            return 0.5 if view.text[parent.children[1].start] in "-+" else 0.4
        case cst.Assign() | cst.Return() | cst.AugAssign():
            return 0.5
        case _:
            return 0.0
