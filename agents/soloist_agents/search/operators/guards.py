"""Whole guards: `if …: return …` in front of a statement, `if` round one, `else` by analogy, `try` round one."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search.change import Change, Splice
from soloist_agents.search.conditions import guards_of, invented
from soloist_agents.search.operators.statements import renamed
from soloist_agents.search.tree import Site
from soloist_agents.search.view import View

ERRORS = ("ValueError", "KeyError", "IndexError", "TypeError", "AttributeError", "StopIteration")
MOST = 24
MOST_VALUES = 6


def early_return(site: Site, view: View) -> Iterator[Change]:
    """`if not x: return []` in front of a statement."""
    values = _returned(view)
    for place in view.places:
        if place.above(cst.For, cst.While) is None or _loops_return(view):
            for condition, weight in _conditions(place, view):
                for value, share in values.items():
                    line = f"return {value}".rstrip()
                    yield Change((view.before(place, f"if {condition}:", f"\t{line}"),), weight * share)


def early_error(site: Site, view: View) -> Iterator[Change]:
    """`if x < 0: raise ValueError` in front of a statement."""
    for place in view.places[:4]:
        for condition, weight in _conditions(place, view):
            yield Change((view.before(place, f"if {condition}:", "\traise ValueError"),), weight)
            yield Change((view.before(place, f"if {condition}:", "\traise TypeError"),), weight * 0.4)


def loop_skipped(site: Site, view: View) -> Iterator[Change]:
    """`if …: continue` or `break` in front of a statement of a loop."""
    for place in view.places:
        if place.above(cst.For, cst.While):
            for condition, weight in _conditions(place, view):
                yield Change((view.before(place, f"if {condition}:", "\tcontinue"),), weight)
                yield Change((view.before(place, f"if {condition}:", "\tbreak"),), weight * 0.7)


def wrapped(site: Site, view: View) -> Iterator[Change]:
    """A statement runs only under a condition."""
    for place in view.places:
        code = view.block(place, 1)
        if code is None or isinstance(place.node, cst.FunctionDef):
            continue
        start, end = view.span(place)
        for condition, weight in _conditions(place, view):
            yield Change((Splice(start, end, f"{view.indent(place)}if {condition}:{view.newline}{code}"),), weight)


def conditional_update(site: Site, view: View) -> Iterator[Change]:
    """`if …: x = …`: a flag or a counter of the function is set in one more case."""
    for place in view.places:
        for update in filter(_is_update, view.simple_statements(place, 6)):
            for condition, weight in _conditions(place, view):
                yield Change((view.before(place, f"if {condition}:", f"\t{view.code(update)}"),), weight)


def else_by_analogy(site: Site, view: View) -> Iterator[Change]:
    """An `else:` that does what the `if` does, with one name or one sign changed."""
    for owner in view.tree.of(cst.If, cst.For, cst.While):
        body = owner.child("body")
        if (
            owner.child("orelse") is not None
            or body is None
            or len(body.children) != 1
            or not isinstance(body.node, cst.IndentedBlock)
        ):
            continue
        only = body.children[0]
        if isinstance(only.node, cst.SimpleStatementLine):
            for code, weight in _variants(only, view):
                place = view.span(only)[1]
                head = view.text[view.line_start(owner.start) : owner.start]
                lines = f"{head}else:{view.newline}{head}{view.tree.unit}{code}{view.newline}"
                yield Change((Splice(place, place, lines),), weight)


def caught(site: Site, view: View) -> Iterator[Change]:
    """`try:` round a statement, and a way on when it fails."""
    for place in view.places:
        code = view.block(place, 1)
        if code is None or isinstance(place.node, cst.FunctionDef):
            continue
        start, end = view.span(place)
        ways = ["pass", "return None", "return False", *(("continue", "break") if place.above(cst.For, cst.While) else ())]
        for error in ERRORS:
            for way in ways:
                pad, line = view.indent(place), view.newline
                text = f"{pad}try:{line}{code}{pad}except {error}:{line}{pad}{view.tree.unit}{way}{line}"
                yield Change((Splice(start, end, text),))


def _conditions(place: Site, view: View) -> list[tuple[str, float]]:
    """Conditions that could stand in front of a statement: what it takes for granted, seen ones, usual ones; at most `MOST`."""
    header = place.child("test") or place.child("iter") or place
    simple = isinstance(header.node, cst.BaseExpression | cst.SimpleStatementLine)
    found: dict[str, float] = {}
    for _, fails, weight in guards_of(header, view) if simple else ():
        found.setdefault(fails, weight)
    for seen in view.conditions(place):
        found.setdefault(view.code(seen), 0.7)
    for condition, weight in invented(place, view):
        found.setdefault(condition, weight)
    return sorted(found.items(), key=lambda item: -item[1])[:MOST]


def _returned(view: View) -> dict[str, float]:
    """Values that the function already returns, then usual ones."""
    values: dict[str, float] = {}
    for site in view.tree.of(cst.Return):
        value = site.child("value")
        if value is not None and not any(isinstance(s.node, cst.Call | cst.ListComp) for s in value.down()):
            values[view.code(value)] = 2.0
    usual = {"None": 0.5, "0": 0.3, "[]": 0.3, "False": 0.3, "True": 0.3, "''": 0.2}
    parameters = {n: 0.3 for n, u in view.names.uses.items() if "parameter" in u and n not in ("self", "cls")}
    if any(isinstance(s.node, cst.Yield) for s in view.tree.sites):
        return {"": 2.0}
    likeliest = sorted({**usual, **parameters, **values}.items(), key=lambda item: -item[1])
    return dict(likeliest[:MOST_VALUES])


def _loops_return(view: View) -> bool:
    return any(s.above(cst.For, cst.While) for s in view.tree.of(cst.Return))


def _is_update(statement: Site) -> bool:
    body = statement.node.body if isinstance(statement.node, cst.SimpleStatementLine) else ()
    if len(body) == 1 and isinstance(body[0], cst.AugAssign):
        return True
    return len(body) == 1 and isinstance(body[0], cst.Assign) and isinstance(body[0].value, cst.Name | cst.Integer)


def _variants(statement: Site, view: View) -> Iterator[tuple[str, float]]:
    yield from renamed(statement, view)
    code = view.code(statement)
    for one, other in (("+=", "-="), ("-=", "+="), ("True", "False"), ("False", "True")):
        if one in code:
            yield code.replace(one, other, 1), 1.0
