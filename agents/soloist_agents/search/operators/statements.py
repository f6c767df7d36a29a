"""Statements: dropped, moved, repeated, swapped, wrapped, inserted by analogy."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search.change import Change, Splice
from soloist_agents.search.tree import Site
from soloist_agents.search.uses import value_of
from soloist_agents.search.view import View

GROWING = {"list": "append", "set": "add"}
_BLOCKS = (cst.If, cst.For, cst.While, cst.With, cst.Else, cst.Try)


def dropped(site: Site, view: View) -> Iterator[Change]:
    """A statement goes."""
    for statement in view.places:
        size = statement.lines[1] - statement.lines[0]
        ends_loop = any(isinstance(s.node, cst.Return | cst.AugAssign) for s in statement.down())
        yield Change((view.cut(statement),), (0.5 if ends_loop else 1.0) / (1 + size))


def swapped(site: Site, view: View) -> Iterator[Change]:
    """Two neighbours change places."""
    for first, second in _neighbours(view):
        a, b = (view.text[slice(*view.span(s))] for s in (first, second))
        yield Change((Splice(*view.span(first), b), Splice(*view.span(second), a)))


def moved_out(site: Site, view: View) -> Iterator[Change]:
    """A statement of a block comes behind the block or in front of it."""
    for statement in view.places:
        block = statement.parent
        owner = block.parent if block else None
        if block is None or owner is None or not isinstance(owner.node, _BLOCKS) or len(block.children) < 2:
            continue
        code = view.block(statement, -1)
        whole = owner.parent if isinstance(owner.node, cst.Else) else owner
        if code is None or whole is None or whole not in view.statements:
            continue
        ends = [block.children[-1] is statement, block.children[0] is statement]
        for place, at_the_end in zip((view.span(whole)[1], view.span(whole)[0]), ends, strict=True):
            yield Change((view.cut(statement), _at(place, code)), 1.0 if at_the_end else 0.3)


def moved_in(site: Site, view: View) -> Iterator[Change]:
    """A statement behind or in front of a block moves to the block's end or start."""
    for first, second in _neighbours(view):
        for block, other, last in ((first, second, True), (second, first, False)):
            body = block.child("body")
            if not isinstance(block.node, _BLOCKS) or body is None or not isinstance(body.node, cst.IndentedBlock):
                continue
            code = view.block(other, 1)
            if code is not None and body.children and other.parent and len(other.parent.children) > 1:
                place = view.span(body.children[-1])[1] if last else view.span(body.children[0])[0]
                yield Change((Splice(*view.span(other), ""), _at(place, code)))


def repeated(site: Site, view: View) -> Iterator[Change]:
    """A simple statement of the function is said once more, at another place."""
    for place, insert in _places(view):
        for source in view.simple_statements(place, 12):
            if source is not place:
                yield Change((insert(view.code(source)),))


def repeated_with_other_name(site: Site, view: View) -> Iterator[Change]:
    """A simple statement is said once more with one of its names replaced: `a.append(x)`, `a.append(y)`."""
    for place, insert in _places(view):
        for source in view.simple_statements(place, 3):
            for code, weight in renamed(source, view):
                yield Change((insert(code),), weight)


def renamed(statement: Site, view: View) -> Iterator[tuple[str, float]]:
    """(code, likeness): the statement with one of its names replaced."""
    code, start = view.code(statement), statement.left
    for name in (s for s in statement.down() if isinstance(s.node, cst.Name) and s.slot not in ("attr", "keyword")):
        for other, likeness in view.others(statement, value_of(name))[:4]:
            yield code[: name.left - start] + other + code[name.right - start :], likeness


def grown(site: Site, view: View) -> Iterator[Change]:
    """`xs.append(x)`, `seen.add(x)`: a collection takes in a name at hand."""
    for place, insert in _places(view):
        names = {n: view.names.uses.get(n, set()) for n in view.names.visible(place) if n not in ("self", "cls")}
        for holder, kinds in names.items():
            for method in (GROWING[kind] for kind in sorted(kinds & GROWING.keys())):
                for item, uses in names.items():
                    if item != holder and not uses & {"list", "set", "dict", "called"}:
                        weight = view.urgency(holder) * (1.5 if "assigned" in uses else 1.0)
                        yield Change((insert(f"{holder}.{method}({item})"),), weight)


def assigned(site: Site, view: View) -> Iterator[Change]:
    """`a = b`: a variable takes the value of another one."""
    changing = {n for n, u in view.names.uses.items() if u & {"assigned", "parameter"}}
    for place, insert in _places(view):
        names = [n for n in view.names.visible(place) if n not in ("self", "cls")][:8]
        for stored in names:
            if stored in changing and "called" not in view.names.uses[stored]:
                for other in names:
                    if other != stored:
                        weight = view.names.likeness(stored, other) * view.urgency(stored)
                        yield Change((insert(f"{stored} = {other}"),), weight)


def counted(site: Site, view: View) -> Iterator[Change]:
    """`n += 1`, `n -= 1`: a counter moves once more."""
    for place, insert in _places(view):
        for name in view.names.visible(place):
            uses = view.names.uses.get(name, set())
            if "assigned" in uses and uses & {"int", "index"}:
                yield Change((insert(f"{name} += 1"),), view.urgency(name))
                yield Change((insert(f"{name} -= 1"),), 0.5)


def rebound(site: Site, view: View) -> Iterator[Change]:
    """`x = sorted(x)`, `x = list(x)`, `x.sort()`: a name is made ready before it is used."""
    for place, insert in _places(view):
        if place is not (place.parent and place.parent.children[0]):
            continue
        for name in view.names.visible(place):
            uses = view.names.uses.get(name, set())
            if name in ("self", "cls") or uses & {"called"}:
                continue
            for call, weight in (
                ("list", 1.0),
                ("sorted", 1.0),
                ("str", 0.7),
                ("int", 0.7),
                ("set", 0.5),
                ("tuple", 0.7),
                ("abs", 0.5),
            ):
                yield Change((insert(f"{name} = {call}({name})"),), weight * (1.0 if "parameter" in uses else 0.3))
            yield from (
                Change((insert(f"{name} = {name}.{m}()"),), 0.3)
                for m in ("lower", "strip", "copy")
                if not uses & {"int", "index"}
            )


def _neighbours(view: View) -> Iterator[tuple[Site, Site]]:
    for first, second in zip(view.statements, view.statements[1:], strict=False):
        if first.parent is second.parent:
            yield first, second
    blocks = [s for s in view.statements if s.child("body")]
    for block in blocks:
        siblings = block.parent.among("body") if block.parent else []
        place = siblings.index(block) + 1
        if (
            place < len(siblings)
            and siblings[place] in view.statements
            and view.statements[view.statements.index(block) + 1] is not siblings[place]
        ):
            yield block, siblings[place]


def _places(view: View) -> Iterator[tuple[Site, "_Insert"]]:
    """Before every statement, and behind those that end a block."""
    for statement in view.places:
        yield statement, _Insert(view, statement, behind=False)
        if _last(statement) and not _leaves(statement):
            yield statement, _Insert(view, statement, behind=True)


class _Insert:
    """Inserts a line at one place."""

    def __init__(self, view: View, statement: Site, *, behind: bool) -> None:
        self._view, self._statement, self._behind = view, statement, behind

    def __call__(self, *lines: str) -> Splice:
        insert = self._view.after if self._behind else self._view.before
        return insert(self._statement, *lines)


def _last(statement: Site) -> bool:
    return statement.parent is not None and statement.parent.children[-1] is statement


def _leaves(statement: Site) -> bool:
    """True for `return`, `raise`, `break` and `continue`: nothing behind them runs."""
    return isinstance(statement.node, cst.SimpleStatementLine) and isinstance(
        statement.node.body[0], cst.Return | cst.Raise | cst.Break | cst.Continue
    )


def _at(place: int, code: str) -> Splice:
    return Splice(place, place, code)
