"""Truth: `and`, `or`, `not`, and conditions made wider or narrower."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search import precedence as p
from soloist_agents.search.change import Change, Splice
from soloist_agents.search.conditions import guards_of, invented
from soloist_agents.search.tree import Site
from soloist_agents.search.view import View


def is_test(site: Site) -> bool:
    """A condition of `if`, `while`, a comprehension or a conditional expression."""
    return site.slot == "test" and site.expression


def and_or(site: Site, view: View) -> Iterator[Change]:
    """`and` to `or`, and back."""
    left, operator, right = site.children
    if isinstance(site.node, cst.BooleanOperation) and isinstance(site.node.operator, cst.And):
        yield (
            view.put(site, f"{view.code(left, p.OR)} or {view.code(right, p.OR)}", p.OR)
            if site.above(cst.BooleanOperation)
            else view.token(operator, "or")
        )
    elif any(s.binds < p.AND for s in (left, right)):
        yield view.put(site, f"{view.code(left, p.AND)} and {view.code(right, p.AND)}", p.AND)
    else:
        yield view.token(operator, "and")


def negated(site: Site, view: View) -> Iterator[Change]:
    """Add or drop `not`."""
    if isinstance(site.node, cst.UnaryOperation):
        if isinstance(site.node.operator, cst.Not):
            yield view.put_site(site, site.children[1], 2.0)
    elif isinstance(site.node, cst.BooleanOperation | cst.Comparison | cst.Name | cst.Call | cst.Attribute | cst.Subscript):
        tested = is_test(site) or isinstance(site.parent and site.parent.node, cst.BooleanOperation)
        if tested or (isinstance(site.parent and site.parent.node, cst.Return) and _truth(site)):
            weight = 0.3 if isinstance(site.node, cst.Comparison) else 1.0
            yield view.put(site, f"not {view.code(site, p.NOT)}", p.NOT, weight)


def _truth(site: Site) -> bool:
    return isinstance(site.node, cst.BooleanOperation | cst.Comparison) or (
        isinstance(site.node, cst.Call)
        and isinstance(site.node.func, cst.Name)
        and site.node.func.value in ("any", "all", "bool")
    )


def operand_dropped(site: Site, view: View) -> Iterator[Change]:
    """`a and b` to `a` or to `b`."""
    left, _, right = site.children
    yield view.put_site(site, left)
    yield view.put_site(site, right)


def operand_order(site: Site, view: View) -> Iterator[Change]:
    """`a and b` to `b and a`, where the first protects the second."""
    left, _, right = site.children
    if right.children and left.children:
        yield view.swap(left, right)


def narrowed_by_seen(site: Site, view: View) -> Iterator[Change]:
    """`a` to `a and b` or `a or b`, where `b` is a condition that the function already has."""
    if not is_test(site):
        return
    own = {view.code(part) for part in _operands(site)}
    for other in view.conditions(site):
        if not own & {view.code(part) for part in _operands(other)}:
            yield from _joined(site, view, view.code(other, p.NOT), 1.0)


def _operands(site: Site) -> Iterator[Site]:
    """What `and` and `or` join, or the condition itself."""
    if isinstance(site.node, cst.BooleanOperation):
        for side in (site.children[0], site.children[2]):
            yield from _operands(side)
    else:
        yield site


def narrowed_by_new(site: Site, view: View) -> Iterator[Change]:
    """`a` to `a and b` or `a or b`, where `b` is a usual question about a name at hand."""
    if is_test(site):
        for condition, weight in invented(site, view):
            yield from _joined(site, view, condition, weight)


def _joined(site: Site, view: View, condition: str, weight: float) -> Iterator[Change]:
    for word, binds in (("and", p.AND), ("or", p.OR)):
        need = p.NOT if word == "and" else p.AND
        tight = f"({condition})" if " or " in condition or " if " in condition else condition
        yield view.put(site, f"{view.code(site, need)} {word} {tight}", binds, weight)


def guarded(site: Site, view: View) -> Iterator[Change]:
    """Put in front of a condition what it takes for granted: `x.y > 1` to `x is not None and x.y > 1`."""
    if is_test(site) or (isinstance(site.parent and site.parent.node, cst.BooleanOperation) and site.slot == "right"):
        for holds, fails, weight in guards_of(site, view):
            yield view.put(site, f"{holds} and {view.code(site, p.NOT)}", p.AND, weight)
            yield view.put(site, f"{fails} or {view.code(site, p.AND)}", p.OR, weight)


def none_or_empty(site: Site, view: View) -> Iterator[Change]:
    """`if x` to `if x is not None`, `if not x` to `if x is None`, and back."""
    tested = is_test(site) or isinstance(site.parent and site.parent.node, cst.BooleanOperation | cst.UnaryOperation)
    node = site.node
    if tested and isinstance(node, cst.Name | cst.Attribute):
        if isinstance(site.parent and site.parent.node, cst.UnaryOperation) and site.parent:
            yield view.put(site.parent, f"{view.code(site)} is None", p.COMPARE)
        else:
            yield view.put(site, f"{view.code(site)} is not None", p.COMPARE)
    elif isinstance(node, cst.Comparison) and len(node.comparisons) == 1 and _none(node.comparisons[0].comparator):
        absent = isinstance(node.comparisons[0].operator, cst.Is | cst.Equal)
        code = view.code(site.children[0], p.NOT)
        yield view.put(site, f"not {code}" if absent else code, p.NOT if absent else p.ATOM)


def _none(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value == "None"


def always(site: Site, view: View) -> Iterator[Change]:
    """A condition to `True` or `False`."""
    if is_test(site) and not isinstance(site.parent and site.parent.node, cst.While):
        yield from (view.put(site, word) for word in ("True", "False"))


def any_loop_ends(site: Site, view: View) -> Iterator[Change]:
    """`while True` to `while` a condition of the function, or a position that is still inside."""
    test = site.child("test")
    if test is None or view.code(test) not in ("True", "1"):
        return
    for other in view.conditions(site):
        if other is not test:
            yield Change((Splice(test.start, test.end, view.code(other)),))
    for holds, _, weight in guards_of(site, view):
        yield Change((Splice(test.start, test.end, holds),), weight)
