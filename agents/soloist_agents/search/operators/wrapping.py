"""A call or a method put round an expression, or taken off it."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search import precedence as p
from soloist_agents.search.change import Change
from soloist_agents.search.tree import Site
from soloist_agents.search.uses import value_of
from soloist_agents.search.view import View

CALLS = {"abs": 1.5, "int": 1.2, "len": 1.0, "str": 1.2, "list": 1.5, "sorted": 1.2, "set": 1.2, "tuple": 1.0, "float": 0.6}
CALLS |= {"sum": 0.5, "reversed": 0.5, "bool": 0.3, "max": 0.3, "min": 0.3, "round": 0.4, "type": 0.3, "iter": 0.3, "dict": 0.3}
METHODS = {"lower()": 1.5, "upper()": 1.2, "strip()": 1.5, "copy()": 1.0, "swapcase()": 0.4, "items()": 0.7, "keys()": 0.4}
METHODS |= {
    "values()": 0.5,
    "split()": 0.5,
    "rstrip()": 0.5,
    "lstrip()": 0.4,
    "capitalize()": 0.2,
    "encode()": 0.4,
    "decode()": 0.3,
}
METHODS |= {"total_seconds()": 0.1, "isoformat()": 0.1}
NUMERIC = {"abs", "int", "float", "round"}
GROUPS = {"list", "sorted", "set", "tuple", "sum", "reversed", "max", "min", "dict", "iter", "len"}


def call_added(site: Site, view: View) -> Iterator[Change]:
    """`x` to `abs(x)`, `sorted(x)`, or a function of the file."""
    likely = _plausible(site, view)
    if likely is None:
        return
    numeric, group = likely
    for name, weight in CALLS.items():
        fits = (name in NUMERIC and numeric) or (name in GROUPS and group) or name in ("str", "bool", "type")
        if not _calls(site.parent, name) and not _calls(site, name):
            yield view.put(site, f"{name}({_inside(site, view)})", p.ATOM, weight * (1.0 if fits else 0.15))
    for name in view.words.predicates:
        if name not in CALLS and not _calls(site, name) and name != view.target.node.name:
            yield view.put(site, f"{name}({_inside(site, view)})", p.ATOM, 0.3)


def call_and_bound(site: Site, view: View) -> Iterator[Change]:
    """`x` to `max(x, 0)`, `min(x, len(y))`."""
    numeric = _plausible(site, view)
    if numeric and numeric[0]:
        yield view.put(site, f"max({_inside(site, view)}, 0)")
        yield view.put(site, f"max({_inside(site, view)}, 1)", p.ATOM, 0.5)
        for name in view.names.visible(site):
            if view.names.uses.get(name, set()) & {"indexed", "list", "str"}:
                yield view.put(site, f"min({_inside(site, view)}, len({name}))", p.ATOM, 0.5)


def wrapped_everywhere(site: Site, view: View) -> Iterator[Change]:
    """The same name or attribute, wrapped in the same way at two to four places."""
    groups: dict[str, list[Site]] = {}
    for part in view.tree.of(cst.Name, cst.Attribute):
        if part.expression and _plausible(part, view) is not None:
            groups.setdefault(view.code(part), []).append(part)
    for parts in groups.values():
        if 2 <= len(parts) <= 4:
            for name in ("int", "str", "list", "abs", "len", "float"):
                yield Change(tuple(view.splice(s, f"{name}({view.code(s)})") for s in parts))
            for method in ("lower", "upper", "strip"):
                yield Change(tuple(view.splice(s, f"{view.code(s)}.{method}()") for s in parts))


def call_dropped(site: Site, view: View) -> Iterator[Change]:
    """`f(x)` to `x`, `f(x, y)` to `x` or `y`."""
    func = site.child("func")
    own = func is not None and isinstance(func.node, cst.Name) and view.defines(func.node.value)
    arguments = [a.child("value") for a in site.among("args")]
    for i, argument in enumerate(arguments):
        if argument is not None:
            weight = (1.0 if len(arguments) == 1 else 0.5) / (1 + i)
            yield view.put_site(site, argument, weight * (0.2 if own else 1.0))  # a recursion is rarely what is too much


def method_added(site: Site, view: View) -> Iterator[Change]:
    """`x` to `x.lower()`, or to a method that the file calls without arguments."""
    if _plausible(site, view) is None or isinstance(site.node, cst.BaseNumber | cst.BinaryOperation):
        return
    text = isinstance(site.node, cst.Name) and "str" in view.names.uses.get(value_of(site), set())
    for method, weight in METHODS.items():
        yield view.put(site, f"{view.code(site, p.ATOM)}.{method}", p.ATOM, weight * (1.5 if text else 1.0))


def method_dropped(site: Site, view: View) -> Iterator[Change]:
    """`x.lower()` to `x`."""
    func = site.child("func")
    if func is not None and isinstance(func.node, cst.Attribute):
        yield view.put_site(site, func.children[0])


def sorting_added(site: Site, view: View) -> Iterator[Change]:
    """`x` to `sorted(x, key=…)`, `sorted(x, reverse=True)`, `sorted(set(x))`."""
    likely = _plausible(site, view)
    if likely is None or not likely[1] or site.slot not in ("value", "iter"):
        return
    code = _inside(site, view)
    keys = [f"{n}.get" for n, u in view.names.uses.items() if "dict" in u and n in view.names.visible(site)]
    tables = [f"lambda x: {n}[x]" for n, u in view.names.uses.items() if "dict" in u and n in view.names.visible(site)]
    for keyword in ("reverse=True", "key=len", "key=str.lower", "key=abs", *keys, *(f"key={t}" for t in tables)):
        yield view.put(site, f"sorted({code}, {keyword if '=' in keyword else f'key={keyword}'})", p.ATOM, 1.0)
    yield view.put(site, f"sorted(set({code}))", p.ATOM, 0.7)


def literal_to_call(site: Site, view: View) -> Iterator[Change]:
    """`[x]` to `list(x)`, `(x,)` to `tuple(x)`, `list(x)` to `[x]`."""
    if isinstance(site.node, cst.List) and len(site.children) == 1 and site.expression:
        yield view.put(site, f"list({view.code(site.children[0])})")
        yield view.put_site(site, site.children[0].children[0], 0.7)
    elif isinstance(site.node, cst.Call) and isinstance(site.node.func, cst.Name) and site.node.func.value in ("list", "set"):
        arguments = site.among("args")
        if len(arguments) == 1:
            ends = "[]" if site.node.func.value == "list" else "{}"
            yield view.put(site, f"{ends[0]}{view.code(arguments[0])}{ends[1]}")


def literal_added(site: Site, view: View) -> Iterator[Change]:
    """`x` to `[x]` or `(x,)`, `[]` to `[[]]`."""
    empty = isinstance(site.node, cst.List | cst.Dict) and not site.children
    if (
        site.expression
        and (_plausible(site, view) is not None or empty)
        and not isinstance(site.parent and site.parent.node, cst.Subscript)
    ):
        in_call_or_return = isinstance(site.parent and site.parent.node, cst.Return | cst.Arg | cst.BinaryOperation | cst.Yield)
        yield view.put(site, f"[{_inside(site, view)}]", p.ATOM, (3.0 if empty else 1.0) if in_call_or_return else 0.4)


def awaited(site: Site, view: View) -> Iterator[Change]:
    """`await f()` to `f()`, and back in an `async` function."""
    function = site.above(cst.FunctionDef)
    if isinstance(site.node, cst.Await):
        yield view.put_site(site, site.children[0])
    elif (
        function
        and isinstance(function.node, cst.FunctionDef)
        and function.node.asynchronous
        and not (isinstance(site.parent and site.parent.node, cst.Await))
    ):
        yield view.put(site, f"await {view.code(site, p.ATOM)}", p.AWAIT)


def _inside(site: Site, view: View) -> str:
    """The code as the only argument of a call."""
    if isinstance(site.node, cst.Tuple | cst.GeneratorExp):
        return view.code(site, p.ATOM)
    return view.text[site.start : site.end] if site.wrapped else view.code(site)


def _plausible(site: Site, view: View) -> tuple[bool, bool] | None:
    """(may be a number, may hold several things); None where a call round the expression makes no sense."""
    node, parent = site.node, site.parent
    if parent is None or not site.expression or view.stored(site) or site.slot == "func":
        return None
    if isinstance(node, cst.SimpleString | cst.BaseNumber | cst.Lambda | cst.Dict | cst.Yield | cst.IfExp | cst.StarredElement):
        return None
    if isinstance(node, cst.Name) and (
        node.value in ("None", "True", "False", "self", "cls") or node.value not in view.names.uses
    ):
        return None
    if isinstance(parent.node, cst.Attribute) and isinstance(node, cst.Name):
        return None
    if isinstance(node, cst.Comparison | cst.BooleanOperation):
        return None
    uses = view.names.uses.get(node.value, set()) if isinstance(node, cst.Name) else set()
    numeric = isinstance(node, cst.BinaryOperation | cst.Call | cst.Subscript) or bool(uses & {"int", "arithmetic"})
    group = not isinstance(node, cst.BinaryOperation) and not uses & {"int", "index"}
    return numeric or not uses, group


def _calls(site: Site | None, name: str) -> bool:
    """True for a call of that function, or its only argument."""
    here = site.parent if site is not None and isinstance(site.node, cst.Arg) else site
    return (
        here is not None
        and isinstance(here.node, cst.Call)
        and isinstance(here.node.func, cst.Name)
        and here.node.func.value == name
    )
