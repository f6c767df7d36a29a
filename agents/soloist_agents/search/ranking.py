"""Put a function's edits in order: how usual the edit is, and how suspicious its lines are."""

import math
from collections import defaultdict

import libcst as cst

from soloist_agents.search.change import Change, Edit, Splice
from soloist_agents.search.table import TABLE, Operator
from soloist_agents.search.target import Target
from soloist_agents.search.view import Suspicion, View

SHARING = 0.8
"""How much an operator pays for having many edits: 0 not at all, 1 in full proportion."""
SHARPNESS = 1.5
"""How strongly suspicion counts beside the operator's prior."""
FLOOR = 0.1
"""Suspicion of a line that the evidence says nothing about: what never ran may still be where code is missing."""


def rank(target: Target, suspicion: Suspicion) -> list[Edit]:
    """All single edits, likeliest first; in the same order for the same function."""
    view = View(target, suspicion)
    shares = _line_shares(view, suspicion)
    asked: dict[type[cst.CSTNode], list[Operator]] = defaultdict(list)
    for operator in TABLE:
        for kind in operator.on:
            asked[kind].append(operator)
    found: dict[str, list[tuple[Change, float]]] = defaultdict(list)
    for site in view.tree.sites:
        if isinstance(site.node, cst.FunctionDef) and site is not view.tree.root:
            continue  # an inner function is seen as part of the outer one
        focused = site.lines[0] in view.focus
        for operator in asked.get(type(site.node), ()):
            if operator.wide and not focused:
                continue
            changes = found[operator.name]
            for change in operator.changes(site, view):
                changes.append((change, change.weight * _share(change, view, shares)))
    edits = [edit for operator in TABLE for edit in _priced(operator, found[operator.name])]
    edits.sort(key=lambda e: e.cost)
    return edits


def _priced(operator: Operator, changes: list[tuple[Change, float]]) -> list[Edit]:
    total = sum(likely for _, likely in changes)
    base = SHARING * math.log(total) - math.log(operator.prior) if total else 0.0
    return [Edit(operator.name, change.splices, base - math.log(likely)) for change, likely in changes if likely > 0]


def _line_shares(view: View, suspicion: Suspicion) -> list[float]:
    """Line (from 1; 0 is unused) -> how much of the likelihood it gets. A statement is as suspicious as its worst line."""
    count = view.text.count("\n") + 2
    if not suspicion:
        return [1.0] * (count + 1)
    shares = [suspicion.get(line, 0.0) for line in range(count + 1)]
    for statement in view.tree.of(cst.SimpleStatementLine):
        first, last = statement.lines
        shares[first : last + 1] = [max(shares[first : last + 1])] * (last + 1 - first)
    return [max(FLOOR, share) ** SHARPNESS for share in shares]


def _share(change: Change, view: View, shares: list[float]) -> float:
    """The most suspicious line that the change touches; an insertion touches the lines on both sides."""
    if len(change.splices) == 1:
        return _splice_share(change.splices[0], view, shares)
    return max(_splice_share(splice, view, shares) for splice in change.splices)


def _splice_share(splice: Splice, view: View, shares: list[float]) -> float:
    line = view.line_of(splice.start)
    if splice.start == splice.end:
        return max(shares[line - 1], shares[line]) if splice.new.endswith("\n") else shares[line]
    last = view.line_of(splice.end - 1)
    return shares[line] if last == line else max(shares[line : last + 1])
