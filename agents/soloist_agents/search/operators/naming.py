"""Names and attributes: another name of the scope, another attribute of the file."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search import precedence as p
from soloist_agents.search.change import Change
from soloist_agents.search.tree import Site
from soloist_agents.search.uses import is_stored, value_of
from soloist_agents.search.view import View
from soloist_agents.search.vocabulary import MOST, builtin


def other_name(site: Site, view: View) -> Iterator[Change]:
    """A name to another one that has a value there, the most alike first."""
    name = value_of(site)
    if not site.expression or is_stored(site) or name in ("self", "cls") or _callee(site) or _fixed(name, view):
        return
    for other, likeness in view.others(site, name):
        if other not in ("self", "cls"):
            yield view.put(site, other, p.ATOM, likeness)


def other_target(site: Site, view: View) -> Iterator[Change]:
    """The name that is assigned to, to another one."""
    if is_stored(site) and isinstance(site.parent and site.parent.node, cst.AssignTarget | cst.AugAssign):
        for other, likeness in view.others(site, value_of(site)):
            yield view.token(site, other, likeness)


def module_name(site: Site, view: View) -> Iterator[Change]:
    """A name to a constant of the file's top level."""
    name = value_of(site)
    if site.expression and not is_stored(site) and not _callee(site) and name not in ("self", "cls", "None", "True", "False"):
        top = name in view.words.top
        for other in view.module_values[:MOST]:
            if other != name:
                yield view.put(site, other, p.ATOM, 1.0 if top == other.isupper() else 0.3)


def name_to_expression(site: Site, view: View) -> Iterator[Change]:
    """A name to a call, subscript or attribute of the function that could be read in its place."""
    if not site.expression or is_stored(site) or value_of(site) in ("self", "cls", "None", "True", "False") or _callee(site):
        return
    for other in view.expressions(site):
        if isinstance(other.node, cst.Call | cst.Subscript | cst.Attribute) and site not in other.down():
            yield view.put_site(site, other)
    uses = {n: view.names.uses.get(n, set()) for n in view.names.visible(site)}
    for holder in (n for n, u in uses.items() if "indexed" in u):
        for index in (n for n, u in uses.items() if u & {"index", "loop"} and "int" in u and n != holder):
            yield view.put(site, f"{holder}[{index}]")


def other_attribute(site: Site, view: View) -> Iterator[Change]:
    """`x.left` to `x.right`: an attribute to another that the file reads."""
    attr = site.child("attr")
    if attr is None or _called(site):
        return
    own = isinstance(site.node, cst.Attribute) and isinstance(site.node.value, cst.Name) and site.node.value.value == "self"
    seen = view.words.own if own else view.words.plain_attributes()
    name = value_of(attr)
    for other, count in seen.most_common(MOST):
        if other != name:
            yield view.token(attr, other, 0.5 + view.names.likeness(name, other) + 0.1 * min(count, 5))


def own_attribute(site: Site, view: View) -> Iterator[Change]:
    """`x` to `self.x`, where the class has it."""
    name = value_of(site)
    if site.expression and name in view.words.own and "self" in view.names.visible(site):
        yield view.put(site, f"self.{name}")


def attribute_dropped(site: Site, view: View) -> Iterator[Change]:
    """`x.y` to `x`, and `self.y` to the parameter `y`."""
    if _called(site) or not site.expression or not isinstance(site.node, cst.Attribute):
        return
    if view.code(site.children[0]) in ("self", "cls"):
        if site.node.attr.value in view.names.visible(site):
            yield view.put(site, site.node.attr.value)
    else:
        yield view.put_site(site, site.children[0], 0.5)


def attribute_added(site: Site, view: View) -> Iterator[Change]:
    """`x` to `x.y`, an attribute that the file reads from that name."""
    if not site.expression or is_stored(site) or isinstance(site.parent and site.parent.node, cst.Attribute):
        return
    for tag in sorted(view.names.uses.get(value_of(site), ())):
        if tag.startswith(".") and tag[1:] not in view.words.methods:
            yield view.put(site, f"{value_of(site)}{tag}")


def _callee(site: Site) -> bool:
    return isinstance(site.parent and site.parent.node, cst.Call) and site.slot == "func"


def _called(site: Site) -> bool:
    return _callee(site)


def _fixed(name: str, view: View) -> bool:
    """Builtins, and names of modules, functions and constants, are no variables."""
    return name in ("None", "True", "False") or (name not in view.names.uses) or (builtin(name) and not _bound(name, view))


def _bound(name: str, view: View) -> bool:
    return bool(view.names.uses.get(name, set()) & {"parameter", "assigned", "loop", "element"})
