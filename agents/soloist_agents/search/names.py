"""Which names can be read at a place, and which of them play the part of which other."""

import re
from bisect import bisect
from collections import defaultdict

import libcst as cst

from soloist_agents.search.tree import Site, Tree, scope_of
from soloist_agents.search.uses import is_stored, uses_of, value_of

MOST = 12
"""Names offered at one place, so that a long function has no more edits a line than a short one."""

_COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)
_FILLED = {".append", ".add", ".extend", ".insert", ".appendleft", ".update", "updated"}


class Names:
    """The names of one function: where they are bound, and how they are used."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._bound: dict[Site, dict[str, int]] = defaultdict(dict)
        self.uses: dict[str, set[str]] = defaultdict(set)
        """Name -> tags such as "index", "called", "int"."""
        self._reads: dict[str, int] = defaultdict(int)
        self._stores: dict[str, int] = defaultdict(int)
        self._places: dict[str, list[int]] = defaultdict(list)
        self._likeness: dict[tuple[str, str], float] = {}
        self._visible: dict[tuple[int, int], list[str]] = {}
        for site in tree.of(cst.Name):
            self._note(site)
        for site in tree.of(cst.FunctionDef):
            if site.parent is not None:
                self._bind(site.above(cst.FunctionDef), site.child("name"))

    def _note(self, site: Site) -> None:
        name = value_of(site)
        if isinstance(site.parent and site.parent.node, cst.Param) and site.slot == "name":
            self._bind(scope_of(site), site)
        elif is_stored(site):
            self._bind(self._storing_scope(site), site)
            self._stores[name] += 1
        elif not site.expression:
            return
        else:
            self._reads[name] += 1
        self._places[name].append(site.start)
        self.uses[name].update(uses_of(site))

    def _storing_scope(self, site: Site) -> Site | None:
        loop = next((s for s in site.up() if isinstance(s.node, cst.CompFor | cst.FunctionDef | cst.Lambda)), None)
        return site.above(*_COMPREHENSIONS) if loop and isinstance(loop.node, cst.CompFor) else site.above(cst.FunctionDef)

    def _bind(self, scope: Site | None, site: Site | None) -> None:
        if scope is not None and site is not None:
            self._bound[scope].setdefault(value_of(site), site.start)

    def visible(self, site: Site) -> list[str]:
        """Local names that have a value when the site runs, those named nearby first; at most `MOST`."""
        key = (site.start, site.end)
        if key not in self._visible:
            near = sorted(self._defined(site), key=lambda name: (self._distance(name, site.start), name))
            self._visible[key] = near[:MOST]
        return self._visible[key]

    def neglected(self, name: str) -> bool:
        """True where the function makes the name and then leaves it: never reads it, never fills or changes what it starts as.

        Such a name is often what is missing somewhere.
        """
        uses = self.uses.get(name, set())
        if name == "_" or not self.local(name):
            return False
        if not self._reads[name]:
            return True
        if uses & {"list", "set"} and "parameter" not in uses:
            return "empty" in uses and not uses & _FILLED
        return self._stores[name] == 1 and "constant" in uses

    def local(self, name: str) -> bool:
        """True for a name that the function binds somewhere."""
        return any(name in bound for bound in self._bound.values())

    def defined(self, name: str, site: Site) -> bool:
        """True where a local name has a value when the site runs, near or far."""
        return any(
            place is not None and (place <= site.start or self._comes_round(scope, site))
            for scope in (site, *site.up())
            for place in (self._bound.get(scope, {}).get(name),)
        )

    def _defined(self, site: Site) -> set[str]:
        found: set[str] = set()
        for scope in (site, *site.up()):
            round_ = self._comes_round(scope, site) if scope in self._bound else False
            found.update(name for name, place in self._bound.get(scope, {}).items() if place <= site.start or round_)
        return found

    def _distance(self, name: str, place: int) -> int:
        places = self._places.get(name)
        if not places:
            return 1_000_000
        at = bisect(places, place)
        return min(abs(place - p) for p in places[max(0, at - 1) : at + 1])

    def _comes_round(self, scope: Site, site: Site) -> bool:
        """True where the name is bound further down, but a comprehension or an inner function makes that come first."""
        if isinstance(scope.node, _COMPREHENSIONS):
            return True
        inner = next((s for s in (site, *site.up()) if isinstance(s.node, cst.FunctionDef)), None)
        return inner is not scope and inner is not None

    def likeness(self, one: str, other: str) -> float:
        """How readily one name is written for the other: alike in use, in kind or in spelling. Between 0 and about 3."""
        if (one, other) not in self._likeness:
            self._likeness[one, other] = self._compared(one, other)
        return self._likeness[one, other]

    def _compared(self, one: str, other: str) -> float:
        a, b = self.uses.get(one, set()), self.uses.get(other, set())
        alike = len(a & b) / len(a | b) if a or b else 0.0
        related = 0.6 if f"with {other}" in a else 0.0
        kinds = {"int", "str", "list", "set", "dict"}
        clash = -0.5 if (a & kinds) and (b & kinds) and not (a & b & kinds) else 0.0
        return max(0.05, 0.15 + alike + related + clash + _spelling(one, other))


def _spelling(one: str, other: str) -> float:
    """Shared words (`left_count`, `right_count`) or a shared stem (`idx`, `idx2`)."""
    if one.rstrip("0123456789") == other.rstrip("0123456789"):
        return 0.5
    a, b = set(re.findall(r"[a-z]+|\d+|[A-Z][a-z]*", one)), set(re.findall(r"[a-z]+|\d+|[A-Z][a-z]*", other))
    return 0.4 * len(a & b) / max(len(a), len(b)) if a & b else 0.0
