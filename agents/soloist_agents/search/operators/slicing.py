"""Indexes, slices and literal collections."""

from collections.abc import Iterator
from itertools import pairwise

import libcst as cst

from soloist_agents.search import precedence as p
from soloist_agents.search.change import Change, Splice
from soloist_agents.search.tree import Site
from soloist_agents.search.uses import value_of
from soloist_agents.search.view import View


def slice_added(site: Site, view: View) -> Iterator[Change]:
    """`x` to `x[1:]`, `x[:-1]`, `x[::-1]`, `x[i:]`, `x[:i]`."""
    if not _sliceable(site, view):
        return
    code = view.code(site, p.ATOM)
    for bounds, weight in (("1:", 1.5), (":-1", 1.0), ("::-1", 1.0), (":", 0.5), ("2:", 0.3)):
        yield view.put(site, f"{code}[{bounds}]", p.ATOM, weight)
    for name in view.names.visible(site):
        if view.names.uses.get(name, set()) & {"int", "index", "arithmetic", "compared"} and name != view.code(site):
            weight = 1.5 if view.names.uses[name] & {"int", "index"} else 0.5
            yield view.put(site, f"{code}[{name}:]", p.ATOM, weight)
            yield view.put(site, f"{code}[:{name}]", p.ATOM, weight)


def index_added(site: Site, view: View) -> Iterator[Change]:
    """`x` to `x[0]`, `x[-1]`, `x[i]`."""
    if not _sliceable(site, view):
        return
    for index, weight in (("0", 1.5), ("-1", 1.0), ("1", 0.5)):
        yield view.put(site, f"{view.code(site, p.ATOM)}[{index}]", p.ATOM, weight)
    for name in view.names.visible(site):
        if view.names.uses.get(name, set()) & {"int", "index"} and name != view.code(site):
            yield view.put(site, f"{view.code(site, p.ATOM)}[{name}]", p.ATOM, 1.0)


def subscript_dropped(site: Site, view: View) -> Iterator[Change]:
    """`x[i]` to `x`, also for a slice."""
    if site.expression and not view.stored(site):
        yield view.put_site(site, site.children[0])


def subscript_to_total(site: Site, view: View) -> Iterator[Change]:
    """`x[0]` to `sum(x)`, `max(x)`, `len(x)`: one item to something of them all."""
    if site.expression and not view.stored(site) and len(site.among("slice")) == 1:
        for name, weight in (("sum", 1.0), ("max", 1.0), ("min", 1.0), ("len", 1.0)):
            yield view.put(site, f"{name}({view.code(site.children[0])})", p.ATOM, weight)


def bounds(site: Site, view: View) -> Iterator[Change]:
    """`x[a:b]` to `x[a:]`, `x[:b]`, `x[b:a]`, `x[a:b:-1]`, `x[:a]`."""
    lower, upper, step = (site.child(slot) for slot in ("lower", "upper", "step"))
    a, b = (view.code(s) if s else "" for s in (lower, upper))
    c = f":{view.code(step)}" if step else ""
    options = {
        f"{a}:{c}": 1.0,
        f":{b}{c}": 1.0,
        f"{b}:{a}{c}": 1.0,
        f"{a}:{b}": 1.0,
        f"{a}:{b}:-1": 0.3,
        f"1:{b}{c}": 0.7,
        f"{a}:-1{c}": 0.5,
    }
    own = view.text[site.start : site.end].replace(" ", "")
    for code, weight in options.items():
        if code.replace(" ", "") != own:
            yield Change((Splice(site.start, site.end, code),), weight)


def index_changed(site: Site, view: View) -> Iterator[Change]:
    """`x[0]` to `x[-1]`, `x[1]`; `x[i]` to `x[-i]`, `x[i]` to `x[len(x) - 1 - i]`."""
    index = site.child("value")
    base = site.above(cst.Subscript)
    if index is None or base is None:
        return
    if isinstance(index.node, cst.Integer | cst.UnaryOperation):
        for other in ("0", "-1", "1", "-2", "2"):
            if other != view.code(index):
                yield view.put(index, other, p.SIGN if other[0] == "-" else p.ATOM, 2.0 if other in ("0", "-1") else 1.0)
    elif isinstance(index.node, cst.Name):
        yield view.put(index, f"-{view.code(index)}", p.SIGN, 0.5)
        yield view.put(index, f"len({view.code(base.children[0])}) - 1 - {view.code(index)}", p.SUM, 0.3)
        yield from (view.put(index, other, p.SIGN, 0.5) for other in ("0", "-1"))


def subscripts_swapped(site: Site, view: View) -> Iterator[Change]:
    """`x[i, j]` to `x[j, i]`, `x[i][j]` to `x[j][i]`."""
    elements = site.among("slice")
    if len(elements) == 2:
        yield _exchange(view, elements[0], elements[1])
    elif len(elements) == 1 and isinstance(
        elements[0].node.slice if isinstance(elements[0].node, cst.SubscriptElement) else None, cst.Index
    ):
        inner = elements[0].children[0].child("value")
        if inner is not None and isinstance(inner.node, cst.Tuple) and len(inner.children) == 2:
            yield _exchange(view, inner.children[0], inner.children[1])
        outer = site.child("value")
        if outer is not None and isinstance(outer.node, cst.Subscript) and len(outer.among("slice")) == 1:
            yield _exchange(view, outer.among("slice")[0], elements[0])


def elements_swapped(site: Site, view: View) -> Iterator[Change]:
    """`[a, b]` to `[b, a]`, `a, b = …` to `b, a = …`."""
    elements = site.among("elements")
    for one, other in pairwise(elements):
        if len(elements) <= 4 and view.code(one) != view.code(other):
            yield _exchange(view, one, other)


def element_dropped(site: Site, view: View) -> Iterator[Change]:
    """`[a, b, c]` without one of them."""
    elements = site.among("elements")
    for i, element in enumerate(elements):
        if i == 0:
            end = elements[1].start if len(elements) > 1 else element.end
            yield Change((Splice(element.start, end, ""),), 0.7)
        else:
            yield Change((Splice(elements[i - 1].children[-1].right, element.children[-1].right, ""),), 1.0)


def element_added(site: Site, view: View) -> Iterator[Change]:
    """`[a]` to `[a, x]` or `[x, a]`, where `x` is a name at hand."""
    elements = site.among("elements")
    if not elements or view.stored(site):
        return
    used = {view.code(e) for e in elements}
    for name in view.names.visible(site):
        if name not in used and name not in ("self", "cls"):
            yield Change((Splice(elements[-1].children[-1].right, elements[-1].children[-1].right, f", {name}"),), 1.0)
            yield Change((Splice(elements[0].start, elements[0].start, f"{name}, "),), 0.5)


def store_to_append(site: Site, view: View) -> Iterator[Change]:
    """`x[i] = v` to `x.append(v)`."""
    targets, value = site.among("targets"), site.child("value")
    if len(targets) == 1 and value is not None and isinstance(targets[0].children[0].node, cst.Subscript):
        base = targets[0].children[0].children[0]
        yield Change((Splice(site.start, site.end, f"{view.code(base)}.append({view.code(value)})"),))


def _exchange(view: View, one: Site, other: Site) -> Change:
    a, b = (view.text[s.children[0].left : s.children[-1].right] for s in (one, other))
    first, second = (Splice(s.children[0].left, s.children[-1].right, code) for s, code in ((one, b), (other, a)))
    return Change((first, second))


def _sliceable(site: Site, view: View) -> bool:
    """A sequence that is read: a name that isn't a number, or something built on the spot."""
    node, parent = site.node, site.parent
    if parent is None or not site.expression or view.stored(site) or site.slot == "func":
        return False
    if isinstance(parent.node, cst.Attribute | cst.BinaryOperation) and not isinstance(node, cst.Name | cst.Attribute | cst.Call):
        return False
    if isinstance(node, cst.Name):
        uses = view.names.uses.get(value_of(site), set())
        fixed = node.value in ("self", "cls", "None", "True", "False")
        return not fixed and value_of(site) in view.names.uses and not uses & {"int", "index", "called", "set", "dict"}
    return isinstance(node, cst.Call | cst.Attribute | cst.ListComp | cst.Subscript)
