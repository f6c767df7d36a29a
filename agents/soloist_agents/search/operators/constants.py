"""Numbers, truth values, `None` and what variables start with."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search import precedence as p
from soloist_agents.search.change import Change, Splice
from soloist_agents.search.tree import Site
from soloist_agents.search.uses import value_of
from soloist_agents.search.view import View
from soloist_agents.search.vocabulary import MOST

START = {
    "0": 2.0,
    "1": 2.0,
    "-1": 1.0,
    "None": 1.0,
    "[]": 1.0,
    "''": 0.7,
    "{}": 0.5,
    "set()": 0.5,
    "float('inf')": 0.7,
    "float('-inf')": 0.7,
}
START |= {"True": 0.5, "False": 0.5, "2": 0.7}


def next_number(site: Site, view: View) -> Iterator[Change]:
    """`n` to `n + 1`, `n - 1`."""
    number = _number(site)
    if isinstance(number, int):
        for step, weight in ((1, 1.0), (-1, 1.0), (2, 0.25), (-2, 0.15)):
            if number + step or not _term(site):
                yield _put(site, view, number + step, weight)
    elif number is not None:
        yield _put(site, view, int(number) if number.is_integer() else round(number), 0.5)


def _term(site: Site) -> bool:
    """True for the number of `x + 1` or `x - 1`: to make it 0 is to drop it, which is an edit of its own."""
    parent = site.parent.node if site.parent else None
    return (
        site.slot == "right" and isinstance(parent, cst.BinaryOperation) and isinstance(parent.operator, cst.Add | cst.Subtract)
    )


def usual_number(site: Site, view: View) -> Iterator[Change]:
    """A number to 0, 1, -1, 2, 10, its double, its half, its opposite, its inverse."""
    number = _number(site)
    if number is None:
        return
    options: dict[float, float] = {
        0: 1.5,
        1: 1.5,
        -1: 0.8,
        2: 1.0,
        10: 0.3,
        100: 0.1,
        -number: 0.8,
        number * 2: 0.4,
        3: 0.1,
        4: 0.1,
    }
    if isinstance(number, float):
        options = {1.0: 1.0, 0.0: 1.0, 2.0: 1.0, 0.5: 0.7, -number: 0.7, number * 2: 0.5, **({1 / number: 1.0} if number else {})}
    elif number and number % 2 == 0:
        options.setdefault(number // 2, 0.4)
    for other, weight in options.items():
        if repr(other) != repr(number) and (other or not _term(site)):
            yield _put(site, view, other, weight)


def seen_number(site: Site, view: View) -> Iterator[Change]:
    """A number to another one that the file has."""
    number = _number(site)
    if number is not None:
        for other, count in view.words.numbers.most_common(MOST):
            if other != repr(number):
                yield view.put(site, other, p.ATOM, 0.5 + 0.1 * min(count, 5))


def number_to_name(site: Site, view: View) -> Iterator[Change]:
    """A number to a name at hand."""
    if _number(site) is not None:
        for name in view.names.visible(site):
            uses = view.names.uses.get(name, set())
            if name not in ("self", "cls"):
                yield view.put(site, name, p.ATOM, 1.5 if "int" in uses else 0.3 if uses & {"list", "str", "called"} else 0.8)
        for name in view.names.visible(site):
            if view.names.uses.get(name, set()) & {"list", "str", "indexed", "iterated"}:
                yield view.put(site, f"len({name})", p.ATOM, 0.5)


def name_to_number(site: Site, view: View) -> Iterator[Change]:
    """A variable to 0 or 1."""
    if site.expression and isinstance(site.node, cst.Name) and value_of(site) in view.names.visible(site) and _holds_value(site):
        yield view.put(site, "0")
        yield view.put(site, "1")


def _holds_value(site: Site) -> bool:
    return isinstance(
        site.parent and site.parent.node, cst.Arg | cst.Assign | cst.Comparison | cst.ComparisonTarget | cst.Index | cst.Slice
    )


def truth(site: Site, view: View) -> Iterator[Change]:
    """`True` to `False`, and back; `None` to either."""
    word = value_of(site)
    if site.expression and word in ("True", "False", "None"):
        yield from (
            view.put(site, other, p.ATOM, 0.3 if "None" in (word, other) else 2.0)
            for other in ("True", "False", "None")
            if other != word
        )


def start_value(site: Site, view: View) -> Iterator[Change]:
    """`best = 0` to `best = None`, `float('-inf')`, `xs[0]`: another value to start from."""
    value, targets = site.child("value"), site.among("targets")
    if (
        value is None
        or len(targets) != 1
        or not isinstance(
            value.node, cst.BaseNumber | cst.List | cst.SimpleString | cst.Name | cst.Dict | cst.Call | cst.UnaryOperation
        )
    ):
        return
    if isinstance(value.node, cst.List | cst.Dict | cst.Call) and value.among("elements") + value.among("args"):
        return
    for code, weight in START.items():
        if code != view.code(value):
            yield view.put(value, code, p.ATOM, weight)
    for name in view.names.visible(site):
        if view.names.uses.get(name, set()) & {"indexed", "iterated", "list"}:
            yield view.put(value, f"{name}[0]", p.ATOM, 0.7)
            yield view.put(value, f"len({name})", p.ATOM, 0.5)


def default_value(site: Site, view: View) -> Iterator[Change]:
    """A parameter's default to another one."""
    default = site.child("default")
    if default is not None:
        for code in ("None", "0", "1", "True", "False", "''", "()"):
            if code != view.code(default):
                yield view.put(default, code)


def everywhere(site: Site, view: View) -> Iterator[Change]:
    """The same constant or name, changed in the same way at every place where the function has it."""
    groups: dict[str, list[Site]] = {}
    for part in view.tree.of(cst.Integer, cst.SimpleString, cst.Float):
        groups.setdefault(view.code(part), []).append(part)
    for code, parts in groups.items():
        if 2 <= len(parts) <= 6:
            for other, weight in _alternatives(code, parts[0]):
                yield Change(tuple(view.splice(part, other) for part in parts), weight)


def _alternatives(code: str, site: Site) -> Iterator[tuple[str, float]]:
    number = _number(site)
    if number is not None:
        if isinstance(number, int):
            yield from ((str(number + step), 1.0) for step in (1, -1) if number + step >= 0)
        return
    quote = code[-1]
    if code[0] == quote and code[1] != quote:
        yield from ((f"{quote}{other}{quote}", 1.0) for other in dict.fromkeys(("", code[1:-1].strip())) if other != code[1:-1])


def _number(site: Site) -> float | int | None:
    node = site.node
    if isinstance(node, cst.Integer | cst.Float):
        value = node.evaluated_value
        return value if isinstance(value, int) else float(value)
    return None


def _put(site: Site, view: View, number: float, weight: float) -> Change:
    parent = site.parent
    if (
        number < 0
        and parent is not None
        and isinstance(parent.node, cst.UnaryOperation)
        and isinstance(parent.node.operator, cst.Minus)
    ):
        return Change((Splice(parent.start, parent.end, repr(-number)),), weight)
    return view.put(site, repr(number), p.SIGN if number < 0 else p.ATOM, weight)
