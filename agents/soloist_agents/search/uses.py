"""How a name is used: the tags by which names are told apart and found alike."""

import libcst as cst

from soloist_agents.search.tree import Site

_MAKES = {"len": "int", "range": "int", "int": "int", "sum": "int", "list": "list", "sorted": "list", "set": "set"}
_MAKES |= {
    "dict": "dict",
    "str": "str",
    "float": "int",
    "abs": "int",
    "ord": "int",
    "defaultdict": "dict",
    "deque": "list",
    "Counter": "dict",
}
_LITERALS: dict[type[cst.CSTNode], str] = {
    cst.Integer: "int",
    cst.Float: "int",
    cst.List: "list",
    cst.ListComp: "list",
    cst.Set: "set",
    cst.SetComp: "set",
    cst.Dict: "dict",
    cst.DictComp: "dict",
    cst.SimpleString: "str",
    cst.FormattedString: "str",
}
_METHODS = {"append": "list", "extend": "list", "insert": "list", "add": "set", "lower": "str", "upper": "str", "split": "str"}
_METHODS |= {"join": "str", "strip": "str", "startswith": "str", "items": "dict", "keys": "dict", "values": "dict", "get": "dict"}
_CONSTANTS = ("None", "True", "False")


def value_of(site: Site) -> str:
    """The text of a name."""
    if not isinstance(site.node, cst.Name):
        raise TypeError(f"not a name: {type(site.node).__name__}")
    return site.node.value


def is_stored(site: Site) -> bool:
    """True for a name that is assigned to, also inside a tuple of targets."""
    here = site
    while here.parent is not None and isinstance(here.parent.node, cst.Element | cst.Tuple | cst.List | cst.StarredElement):
        here = here.parent
    return here.slot == "target" or (here.slot == "name" and isinstance(here.parent and here.parent.node, cst.AsName))


def uses_of(site: Site) -> set[str]:
    """What this use says about the name: tags such as "index", "called", "int", ".append"."""
    parent = site.parent
    if parent is None:
        return set()
    node = parent.node
    match node:
        case cst.Param():
            return {"parameter"}
        case cst.Call():
            return {"called"}
        case cst.Attribute():
            method = node.attr.value
            return {"object", f".{method}", *([_METHODS[method]] if method in _METHODS else [])}
        case cst.Subscript():
            return {"indexed"}
        case cst.Index() | cst.Slice():
            return {"index", "int"}
        case cst.BinaryOperation():
            return {"arithmetic", *_relatives(parent, site)}
        case cst.Comparison():
            return {"compared", *_relatives(parent, site)}
        case cst.ComparisonTarget():
            return {"compared", *(_relatives(parent.parent, site) if parent.parent else ())}
        case cst.AssignTarget():
            return {"assigned", *_assigned_kind(parent)}
        case cst.AugAssign():
            return {"assigned", "updated"} if site.slot == "target" else {"arithmetic"}
        case cst.For() | cst.CompFor():
            return {"loop", *_loop_kind(parent)} if site.slot == "target" else {"iterated"}
        case cst.Arg():
            return _argument_tags(parent)
        case cst.If() | cst.While() | cst.BooleanOperation() | cst.UnaryOperation():
            return {"tested"}
        case cst.Return():
            return {"returned"}
        case cst.Element():
            return {"element", *({"assigned"} if is_stored(site) else ())}
        case _:
            return set()


def _relatives(expression: Site, site: Site) -> set[str]:
    """Names on the other side of a comparison or an operation."""
    return {f"with {value_of(s)}" for s in expression.down() if isinstance(s.node, cst.Name) and s is not site and s.expression}


def _assigned_kind(target: Site) -> set[str]:
    value = target.parent.child("value") if target.parent else None
    if value is None:
        return set()
    node = value.node
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in _MAKES:
        return {_MAKES[node.func.value], *(() if node.args else ("empty",))}
    empty = isinstance(node, cst.List | cst.Dict) and not node.elements
    constant = isinstance(node, cst.BaseNumber | cst.SimpleString) or (isinstance(node, cst.Name) and node.value in _CONSTANTS)
    words = {"empty"} if empty else {"constant"} if constant else set()
    return words | ({_LITERALS[type(node)]} if type(node) in _LITERALS else set())


def _loop_kind(loop: Site) -> set[str]:
    iterable = loop.child("iter")
    if iterable and isinstance(iterable.node, cst.Call) and isinstance(iterable.node.func, cst.Name):
        return {"int"} if iterable.node.func.value == "range" else set()
    return {"item"}


def _argument_tags(argument: Site) -> set[str]:
    call = argument.parent
    if call is None or not isinstance(call.node, cst.Call):
        return set()
    callee = call.node.func
    name = callee.value if isinstance(callee, cst.Name) else callee.attr.value if isinstance(callee, cst.Attribute) else ""
    return {"argument", f"to {name}", *({"int"} if name == "range" else set())}
