"""Questions that code usually asks about a name, and what an expression takes for granted."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search.tree import Site
from soloist_agents.search.uses import value_of
from soloist_agents.search.view import View

MOST_NAMES = 6


def guards_of(site: Site, view: View) -> Iterator[tuple[str, str, float]]:
    """(what must hold, its opposite, weight) for the parts of an expression, such as a position before its index."""
    seen: set[str] = set()
    for part in site.down():
        for guard in _guards(part, view):
            if guard[0] not in seen:
                seen.add(guard[0])
                yield guard


def _guards(part: Site, view: View) -> Iterator[tuple[str, str, float]]:
    if isinstance(part.node, cst.Attribute):
        base = view.code(part.children[0])
        if base not in ("self", "cls") and isinstance(part.node.value, cst.Name | cst.Attribute | cst.Subscript):
            yield f"{base} is not None", f"{base} is None", 2.0
            yield base, f"not {base}", 1.0
    elif isinstance(part.node, cst.Subscript) and part.expression:
        base, index = view.code(part.children[0]), view.text[part.children[0].right + 1 : part.end - 1]
        if ":" not in index and "," not in index and not isinstance(part.node.value, cst.Call):
            yield f"{index} < len({base})", f"{index} >= len({base})", 1.0
            yield base, f"not {base}", 1.0
            yield f"{index} in {base}", f"{index} not in {base}", 0.5
    elif isinstance(part.node, cst.Comparison) and isinstance(part.node.left, cst.Name):
        base, other = view.code(part.children[0]), part.node.comparisons[0].comparator
        yield f"{base} is not None", f"{base} is None", 1.0
        if isinstance(other, cst.SimpleString):
            yield f"isinstance({base}, str)", f"not isinstance({base}, str)", 0.7


def invented(site: Site, view: View) -> Iterator[tuple[str, float]]:
    """(condition, weight): usual questions about the names that the place can read, nearest names first."""
    names = [n for n in view.names.visible(site) if n not in ("self", "cls", "_")]
    near = {value_of(s) for s in site.down() if isinstance(s.node, cst.Name)}
    names.sort(key=lambda n: n not in near)
    for rank, name in enumerate(names[:MOST_NAMES]):
        share = 1.0 / (1 + rank)
        for condition, weight in _questions(name, view):
            yield condition, weight * share


def _questions(name: str, view: View) -> Iterator[tuple[str, float]]:
    uses = view.names.uses.get(name, set())
    if not uses & {"list", "set", "dict", "str", "called"}:
        yield from ((f"{name} % 2 == 1", 0.5), (f"{name} % 2 == 0", 0.5), (f"{name} > 0", 1.0), (f"{name} < 0", 1.0))
        yield from ((f"{name} == 0", 1.0), (f"{name} == 1", 0.5))
    if not uses & {"int", "called", "index"}:
        yield from ((f"not {name}", 1.0), (f"len({name}) == 1", 0.7), (f"len({name}) == 0", 0.5), (f"len({name}) > 1", 0.5))
        yield from ((f"isinstance({name}, {kind})", 0.4) for kind in ("str", "list", "tuple", "dict", "int"))
    if "parameter" in uses:
        yield from ((f"{name} is not None and {name} < 0", 0.4), (f"not callable({name})", 0.2))
    yield from ((name, 0.6), (f"{name} is None", 1.0), (f"{name} is not None", 1.0))
    yield from ((f"{predicate}({name})", 1.5) for predicate in view.words.predicates if predicate != view.target.node.name)
