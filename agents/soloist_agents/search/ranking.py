"""Put a function's edits in order: how usual the edit is, and how suspicious its lines are."""

import math
from collections import defaultdict

import libcst as cst

from soloist_agents.search.change import Change, Edit
from soloist_agents.search.suspicion import Suspects, Suspicion
from soloist_agents.search.table import TABLE, Operator
from soloist_agents.search.target import Target
from soloist_agents.search.view import View

SHARING = 0.8
"""How much an operator pays for having many edits: 0 not at all, 1 in full proportion."""


def rank(target: Target, suspicion: Suspicion) -> list[Edit]:
    """All single edits, likeliest first; in the same order for the same function."""
    view = View(target, suspicion)
    suspects = Suspects(view.tree, suspicion)
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
                changes.append((change, change.weight * _share(change, view, suspects)))
    edits = [edit for operator in TABLE for edit in _priced(operator, found[operator.name])]
    edits.sort(key=lambda e: e.cost)
    return edits


def _priced(operator: Operator, changes: list[tuple[Change, float]]) -> list[Edit]:
    total = sum(likely for _, likely in changes)
    base = SHARING * math.log(total) - math.log(operator.prior) if total else 0.0
    return [Edit(operator.name, change.splices, base - math.log(likely)) for change, likely in changes if likely > 0]


def _share(change: Change, view: View, suspects: Suspects) -> float:
    """The share of the most suspicious piece."""
    return max(suspects.share(s, view.line_of(s.start), view.line_of(max(s.start, s.end - 1))) for s in change.splices)
