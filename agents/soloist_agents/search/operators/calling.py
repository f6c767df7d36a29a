"""Calls: which function or method, and with which arguments in which order."""

from collections.abc import Iterator

import libcst as cst

from soloist_agents.search import precedence as p
from soloist_agents.search.change import Change, Splice
from soloist_agents.search.tree import Site
from soloist_agents.search.uses import value_of
from soloist_agents.search.view import View
from soloist_agents.search.vocabulary import MOST, builtin

FAMILIES: tuple[tuple[str, ...], ...] = (
    ("min", "max"),
    ("any", "all"),
    ("sorted", "list", "reversed", "set", "tuple"),
    ("int", "float", "str", "round", "bool"),
    ("floor", "ceil", "trunc"),
    ("sum", "max", "min", "len"),
    ("map", "filter"),
    ("zip", "enumerate"),
    ("append", "extend", "insert", "appendleft", "add"),
    ("pop", "popleft", "remove", "discard"),
    ("lower", "upper", "swapcase", "title", "capitalize", "casefold"),
    ("strip", "lstrip", "rstrip"),
    ("startswith", "endswith"),
    ("find", "rfind", "index", "rindex"),
    ("split", "rsplit", "partition", "rpartition", "splitlines"),
    ("isupper", "islower", "isalpha", "isdigit", "isalnum", "isnumeric", "isdecimal", "isspace"),
    ("keys", "values", "items"),
    ("union", "intersection", "difference", "symmetric_difference"),
    ("issubset", "issuperset"),
    ("add", "update", "discard"),
    ("match", "search", "fullmatch"),
    ("read", "readline", "readlines"),
    ("get", "pop", "setdefault"),
    ("ljust", "rjust", "center", "zfill"),
    ("now", "utcnow"),
    ("islice", "chain"),
)
KEYWORDS = {"sorted": ("reverse=True", "key=len"), "sort": ("reverse=True", "key=len"), "zip": ("strict=True",)}
KEYWORDS |= {
    "max": ("default=None", "default=0", "key=len"),
    "min": ("default=None", "default=0", "key=len"),
    "print": ("end=''",),
}


def kin(site: Site, view: View) -> Iterator[Change]:
    """`min` to `max`, `lower` to `swapcase`: another function or method of the same family."""
    name = _callee_name(site)
    if name is not None and not _rebound(name, view):
        word = value_of(name)
        for family in FAMILIES:
            if word in family:
                yield from (view.token(name, other, 1.0 if len(family) < 4 else 0.7) for other in family if other != word)


def function_passed(site: Site, view: View) -> Iterator[Change]:
    """A function that is handed on (`map(int, x)`) to another of its family."""
    if site.expression and isinstance(site.parent and site.parent.node, cst.Arg) and not _rebound(value_of(site), view):
        for family in FAMILIES:
            if value_of(site) in family:
                yield from (view.token(site, other) for other in family if other != value_of(site) and builtin(other))


def other_function(site: Site, view: View) -> Iterator[Change]:
    """`f(x)` to `g(x)`, a function or a method that the file also calls."""
    name = _callee_name(site)
    if name is None:
        return
    if isinstance(site.node, cst.Call) and isinstance(site.node.func, cst.Name):
        others = view.functions()
    else:
        others = [n for n, _ in view.words.methods.most_common(MOST)]
    yield from (view.token(name, other) for other in others[:MOST] if other != value_of(name))


def arguments_swapped(site: Site, view: View) -> Iterator[Change]:
    """`f(a, b)` to `f(b, a)`."""
    values = [a.child("value") for a in site.among("args") if a.child("keyword") is None]
    for i, one in enumerate(values):
        for j in range(i + 1, len(values)):
            other = values[j]
            if one is not None and other is not None:
                yield view.swap(one, other, 1.0 if j == i + 1 else 0.4)


def argument_dropped(site: Site, view: View) -> Iterator[Change]:
    """`f(a, b)` to `f(a)`."""
    arguments = site.among("args")
    for i, argument in enumerate(arguments):
        if len(arguments) == 1:
            yield Change((Splice(argument.start, argument.end, ""),), 0.4)
        elif i == 0:
            yield Change((Splice(argument.start, arguments[1].start, ""),), 0.6)
        else:
            yield Change((Splice(arguments[i - 1].children[-1].right, argument.children[-1].right, ""),), 1.0)


def argument_added(site: Site, view: View) -> Iterator[Change]:
    """`f(a)` to `f(a, b)`, where `b` is a name at hand or a usual constant."""
    name = _callee_name(site)
    arguments = site.among("args")
    if name is None or any(isinstance(a.children[-1].node, cst.GeneratorExp) for a in arguments):
        return
    word = value_of(name)
    used = {view.code(a) for a in arguments}
    names = [n for n in view.names.visible(site) if n not in used and n not in ("self", "cls")][:MOST]
    for value, weight in (*((n, 1.0) for n in names), ("0", 0.4), ("1", 0.6), ("None", 0.3), ("True", 0.3), ("' '", 0.2)):
        yield _with_argument(site, view, arguments, value, weight)
    if word == "range" and len(arguments) == 1:
        yield from (Change((Splice(arguments[0].start, arguments[0].start, f"{start}, "),)) for start in ("1", "2"))


def keyword_added(site: Site, view: View) -> Iterator[Change]:
    """`f(a)` to `f(a, key=b)`: a keyword usual for it, seen with it, or a parameter handed on under its own name."""
    name = _callee_name(site)
    arguments = site.among("args")
    if name is None or any(isinstance(a.children[-1].node, cst.GeneratorExp) for a in arguments):
        return
    word = value_of(name)
    used = {value_of(k) for a in arguments if (k := a.child("keyword"))}
    visible = set(view.names.visible(site))
    handed = [f"{x}={x}" for x in view.words.parameters.get(word, ()) if x in visible and x not in ("self", "cls")]
    seen = [k for k, _ in view.words.keywords.get(word, {}).items()]
    for keyword in dict.fromkeys((*handed, *KEYWORDS.get(word, ()), *seen)):
        if keyword.partition("=")[0] not in used and not any(view.code(a) == keyword.partition("=")[2] for a in arguments):
            yield _with_argument(site, view, arguments, keyword, 1.0)


def argument_replaced(site: Site, view: View) -> Iterator[Change]:
    """An argument to another expression of the function."""
    value = site.child("value")
    if value is None or isinstance(value.node, cst.Name):
        return
    for other in view.expressions(site):
        if view.code(other) != view.code(value) and site not in other.down():
            yield view.put_site(value, other, 2.0 if isinstance(other.node, cst.Name) else 1.0)


def arguments_all_replaced(site: Site, view: View) -> Iterator[Change]:
    """`max(xs)` to `max(a, b)`: two names at hand instead of one."""
    name, arguments = _callee_name(site), site.among("args")
    if name is not None and value_of(name) in ("min", "max") and len(arguments) == 1:
        target = site.above(cst.Assign)
        stored = {view.code(s) for s in target.among("targets")} if target else set()
        names = [n for n in view.names.visible(site) if n not in view.words.top]
        for i, one in enumerate(names):
            for other in names[i + 1 :]:
                weight = 3.0 if {one, other} & stored else 1.0
                first, second = (one, other) if one in stored else (other, one)
                yield Change((Splice(arguments[0].start, arguments[0].end, f"{first}, {second}"),), weight)


def _with_argument(site: Site, view: View, arguments: list[Site], code: str, weight: float) -> Change:
    if not arguments:
        return Change((Splice(site.end - 1, site.end - 1, code),), weight)
    end = arguments[-1].children[-1].right
    return Change((Splice(end, end, f", {code}"),), weight)


def _callee_name(site: Site) -> Site | None:
    """The name of the function or method that a call calls."""
    func = site.child("func")
    if func is None:
        return None
    return func if isinstance(func.node, cst.Name) else func.child("attr") if isinstance(func.node, cst.Attribute) else None


def _rebound(name: Site | str, view: View) -> bool:
    word = name if isinstance(name, str) else value_of(name)
    return bool(view.names.uses.get(word, set()) & {"parameter", "assigned", "loop"})


def receiver_and_argument(site: Site, view: View) -> Iterator[Change]:
    """`a.f(b)` to `b.f(a)`."""
    func, arguments = site.child("func"), site.among("args")
    if func is not None and isinstance(func.node, cst.Attribute) and len(arguments) == 1 and not arguments[0].child("keyword"):
        base, value = func.children[0], arguments[0].child("value")
        if value is not None and value.binds == p.ATOM:
            yield view.swap(base, value)
