"""Branches inside expressions and the shape of `if`: conditional values, `else`, `elif`."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search import precedence as p
from soloist_agents.search.change import Change, Splice
from soloist_agents.search.conditions import guards_of
from soloist_agents.search.tree import Site
from soloist_agents.search.view import View


def value_guarded(site: Site, view: View) -> Iterator[Change]:
    """`f(x)` to `f(x) if x else 0`, `None` or an empty value."""
    value = site.child("value")
    if value is None or isinstance(value.node, cst.Name | cst.BaseNumber | cst.SimpleString | cst.IfExp):
        return
    conditions: dict[str, float] = {}
    for part in value.down():
        if isinstance(part.node, cst.Name) and part.expression and view.code(part) in view.names.visible(site):
            conditions |= {view.code(part): 1.0, f"{view.code(part)} is not None": 0.7, f"{view.code(part)} != 0": 0.5}
    conditions |= {holds: weight for holds, _, weight in guards_of(value, view)}
    for condition, weight in conditions.items():
        for otherwise, share in (("None", 1.0), ("0", 1.0), ("[]", 0.5), ("''", 0.7)):
            yield view.put(value, f"{view.code(value, p.OR)} if {condition} else {otherwise}", p.CHOICE, weight * share)


def default_added(site: Site, view: View) -> Iterator[Change]:
    """`x` to `x or []`, `x or 0`."""
    taken = isinstance(site.parent and site.parent.node, cst.Arg | cst.Return | cst.Assign | cst.For | cst.CompFor)
    if taken and site.expression and not view.stored(site) and isinstance(site.node, cst.Name | cst.Call | cst.Attribute):
        for value, weight in (("[]", 1.0), ("0", 0.7), ("''", 1.0), ("{}", 0.7), ("None", 0.7), ("()", 0.5)):
            yield view.put(site, f"{view.code(site, p.OR)} or {value}", p.OR, weight)


def default_for_none_only(site: Site, view: View) -> Iterator[Change]:
    """`x or y` to `y if x is None else x`, so that an empty `x` counts."""
    left, _, right = site.children
    if isinstance(site.node, cst.BooleanOperation) and isinstance(site.node.operator, cst.Or) and left.binds == p.ATOM:
        x = view.code(left)
        yield view.put(site, f"{view.code(right, p.OR)} if {x} is None else {x}", p.CHOICE)
        yield view.put(site, f"{x} if {x} is not None else {view.code(right, p.CHOICE)}", p.CHOICE)


def branches_swapped(site: Site, view: View) -> Iterator[Change]:
    """`a if c else b` to `b if c else a`."""
    body, orelse = site.child("body"), site.child("orelse")
    if body is not None and orelse is not None:
        yield view.swap(body, orelse)


def branch_taken(site: Site, view: View) -> Iterator[Change]:
    """`a if c else b` to `a` or to `b`."""
    yield from (view.put_site(site, branch) for branch in (site.child("body"), site.child("orelse")) if branch is not None)


def elif_if(site: Site, view: View) -> Iterator[Change]:
    """`elif` to `if`, and `if` after an `if` to `elif`."""
    if view.text.startswith("elif", site.start):
        yield Change((Splice(site.start, site.start + 4, "if"),))
    elif site.parent is not None and site.slot == "body":
        siblings = site.parent.among("body")
        place = siblings.index(site)
        if place and isinstance(siblings[place - 1].node, cst.If) and siblings[place - 1].child("orelse") is None:
            yield Change((Splice(site.start, site.start, "el"),))


def else_dropped(site: Site, view: View) -> Iterator[Change]:
    """Drop `else:` and its block, or keep the block and drop the `else:` over it."""
    start, end = view.span(site)
    yield Change((Splice(start, end, ""),), 1.0)
    body = site.children[-1]
    owner = site.parent
    if isinstance(body.node, cst.IndentedBlock) and owner is not None and body.children:
        inner = "".join(view.block(s, -1) or "" for s in body.children)
        yield Change((Splice(start, end, inner),), 1.0)


def condition_pulled_out(site: Site, view: View) -> Iterator[Change]:
    """A branch of `if … else` runs always: the `if` line goes, its block stays."""
    body = site.child("body")
    if site.slot != "body" or body is None or not isinstance(body.node, cst.IndentedBlock) or site not in view.statements:
        return
    inner = [view.block(s, -1) for s in body.children]
    start, end = view.span(site)
    if all(inner):
        yield Change((Splice(start, end, "".join(i or "" for i in inner)),))


def returns_swapped(site: Site, view: View) -> Iterator[Change]:
    """`return a` and `return b` exchange their values."""
    returns = [s for s in view.tree.of(cst.Return) if s.child("value")]
    for i, one in enumerate(returns):
        for other in returns[i + 1 :]:
            a, b = one.child("value"), other.child("value")
            if a is not None and b is not None and view.code(a) != view.code(b):
                yield view.swap(a, b, 2.0 if {view.code(a), view.code(b)} == {"True", "False"} else 0.5)
