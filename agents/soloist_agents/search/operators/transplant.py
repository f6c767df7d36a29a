"""An expression of the function put in the place of another one ("plastic surgery")."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search.change import Change
from soloist_agents.search.tree import Site
from soloist_agents.search.view import View


def expression(site: Site, view: View) -> Iterator[Change]:
    """A call, subscript, attribute or operation to another expression of the function, one of its kind first."""
    if (
        not site.expression
        or view.stored(site)
        or site.slot == "func"
        or isinstance(site.parent and site.parent.node, cst.Return | cst.Arg)
    ):
        return
    own = view.code(site)
    for other in view.expressions(site):
        if view.code(other) != own:
            yield view.put_site(site, other, 2.0 if type(other.node) is type(site.node) else 0.7)


def negative(site: Site, view: View) -> Iterator[Change]:
    """A value to the opposite of a name: `x = f(y)` to `x = -z`."""
    value = site.child("value")
    if value is None or isinstance(value.node, cst.List | cst.SimpleString | cst.Dict):
        return
    for name in view.names.visible(site):
        uses = view.names.uses.get(name, set())
        if uses & {"int", "arithmetic", "compared"} or "assigned" in uses:
            yield view.put(value, f"-{name}", 13, 1.0)


def condition(site: Site, view: View) -> Iterator[Change]:
    """A test to another test of the function."""
    if site.slot != "test" or not site.expression:
        return
    for other in view.conditions(site):
        if view.code(other) != view.code(site):
            yield view.put_site(site, other)
