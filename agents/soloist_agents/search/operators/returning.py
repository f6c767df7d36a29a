"""What leaves the function or the loop: `return`, `yield`, `break`, `continue`, `raise`, and its value."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search import precedence as p
from soloist_agents.search.change import Change, Splice
from soloist_agents.search.tree import Site
from soloist_agents.search.view import View

USUAL = {"None": 1.0, "True": 1.0, "False": 1.0, "[]": 1.0, "0": 1.0, "1": 0.7, "-1": 0.7, "''": 0.7, "{}": 0.4, "()": 0.3}
ERRORS = (
    "ValueError",
    "TypeError",
    "KeyError",
    "IndexError",
    "AttributeError",
    "StopIteration",
    "RuntimeError",
    "LookupError",
    "OSError",
    "Exception",
)


def value_to_usual(site: Site, view: View) -> Iterator[Change]:
    """`return x` to `return None`, `[]`, `True`, 0."""
    value = site.child("value")
    if value is not None:
        for code, weight in USUAL.items():
            if code != view.code(value):
                yield view.put(value, code, p.ATOM, weight)


def value_to_seen(site: Site, view: View) -> Iterator[Change]:
    """`return x` to `return y`, a name or an expression of the function."""
    value = site.child("value")
    if value is None:
        return
    for other in view.expressions(site):
        if view.code(other) != view.code(value):
            weight = 2.0 if isinstance(other.node, cst.Name) else 1.0
            yield view.put_site(value, other, weight if view.code(other) != view.target.node.name else 0.05)
    for name in view.names.visible(site):
        if name not in ("self", "cls"):
            yield view.put(value, name, p.ATOM, 2.0)


def value_added(site: Site, view: View) -> Iterator[Change]:
    """A bare `return` to `return x`."""
    if site.child("value") is None:
        for code in (*view.names.visible(site), "None", "True", "False", "0", "[]"):
            yield Change((Splice(site.end, site.end, f" {code}"),))


def generator(site: Site, view: View) -> Iterator[Change]:
    """`yield x` to `yield from x`, and back; `return x` to `yield x`."""
    code = view.text[site.start : site.end]
    if code.startswith("yield from "):
        yield Change((Splice(site.start, site.start + 11, "yield "),))
    elif code.startswith("yield "):
        yield Change((Splice(site.start, site.start + 6, "yield from "),))
    elif code.startswith("return ") and any(isinstance(s.node, cst.Yield) for s in view.tree.sites):
        yield Change((Splice(site.start, site.start + 7, "yield "),), 0.5)
        yield Change((Splice(site.start, site.start + 7, "yield from "),), 0.5)


def jump(site: Site, view: View) -> Iterator[Change]:
    """`break` to `continue`, `return` or `pass`, and the other way round."""
    own = view.code(site)
    loop = site.above(cst.For, cst.While, cst.FunctionDef)
    in_loop = loop is not None and not isinstance(loop.node, cst.FunctionDef)
    for word in ("break", "continue", "pass", "return"):
        if word != own and (in_loop or word not in ("break", "continue")):
            yield Change((Splice(site.start, site.end, word),), 1.0)


def return_in_loop(site: Site, view: View) -> Iterator[Change]:
    """`return x` in a loop to `continue` or `break`; `return x` to a plain expression, `x` alone to `return x`."""
    if isinstance(site.node, cst.Expr):
        yield Change((Splice(site.start, site.start, "return "),))
    else:
        loop = site.above(cst.For, cst.While, cst.FunctionDef)
        if loop is not None and not isinstance(loop.node, cst.FunctionDef):
            yield from (Change((Splice(site.start, site.end, word),)) for word in ("continue", "break"))


def raised(site: Site, view: View) -> Iterator[Change]:
    """`raise A(...)` to `raise B(...)`, and `return x` to an error."""
    if isinstance(site.node, cst.Return):
        yield from (Change((Splice(site.start, site.end, f"raise {error}"),), 0.5) for error in ("ValueError", "TypeError"))
    name = next((s for s in site.down() if isinstance(s.node, cst.Name) and s.expression), None)
    if isinstance(site.node, cst.Raise) and name is not None:
        classes = [n for n in view.words.callables if n.endswith(("Error", "Exception"))]
        yield from (view.token(name, e, 1.0) for e in (*classes, *ERRORS) if e != view.code(name))


def caught(site: Site, view: View) -> Iterator[Change]:
    """`except A` to `except B` or `except (A, B)`."""
    kind = site.child("type")
    if kind is not None:
        for error in ERRORS:
            if error not in view.code(kind):
                yield view.put(kind, error, p.ATOM, 0.7)
                held = view.text[kind.start : kind.end]
                yield Change((Splice(kind.left, kind.right, f"({held}, {error})"),), 1.0)
