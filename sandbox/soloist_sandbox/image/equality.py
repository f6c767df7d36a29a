"""Asks the values that tests compare once more, to find those that equal whatever they are compared with.

An honest value equals one of two different numbers at most. Only values that are no exact built-ins are asked, and only about
built-ins, so a test pays for it with a few more comparisons where the project's own classes are compared with literals. Who is
found to lie is told to the witness (`sys.audit`); the test goes on.
"""

import ast
import sys
import types
import unittest
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

__unittest = True  # keeps this module out of the tracebacks of unittest's own assertions

_SCALARS: Final = (type(None), bool, int, float, complex, str, bytes)
_EXACT: Final = (*_SCALARS, list, tuple, dict, set, frozenset)
_MOST: Final = 1000
"""Values looked at for one comparison."""
_REMEMBERED: Final = 50
_STRANGE: Final = (8_191_737_271, "a value nobody expects \u2021", b"nobody expects this \x87", 0.918273645e77, -77_713_999_331)

_COMPARISONS: Final = ("__eq__", "__ne__", "__lt__", "__gt__", "__contains__", "__iter__", "__getitem__")
_OF_MOCK: Final = "/unittest/mock.py"

Compared = Callable[[Any, str, Any, bool, bool], bool]


def rewritten(tree: ast.Module) -> None:
    """Send the comparisons in pytest's rewritten assertions through `compared`, which `@pytest_ar` must have as an attribute."""
    mock = any(_mentions_mock(node) for node in ast.walk(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Compare) and _of_pytest(node.targets[0]):
            left, (operator,), (right,) = node.value.left, node.value.ops, node.value.comparators
            if isinstance(left, ast.Name | ast.Constant) and isinstance(right, ast.Name | ast.Constant):
                asked = ast.Attribute(ast.Name("@pytest_ar", ast.Load()), "soloist_compared", ast.Load())
                name = ast.Constant(type(operator).__name__)
                node.value = ast.copy_location(
                    ast.Call(asked, [left, name, right, node.value, ast.Constant(mock)], []), node.value
                )
                ast.fix_missing_locations(node.value)


def _of_pytest(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id.startswith("@py_assert")


def _mentions_mock(node: ast.AST) -> bool:
    """`mock.ANY` does equal everything, and who writes a test may use it."""
    return isinstance(node, ast.alias) and ("mock" in node.name or node.name == "ANY")


def make_compared() -> Compared:
    """A function that passes the result of a comparison on, and says `soloist.liar` with a file when a value has lied."""
    audit = sys.audit
    seen: dict[type, list[Any]] = {kind: [] for kind in _SCALARS}

    def others(value: Any) -> Iterator[Any]:
        """Built-in values that differ from this one: those of earlier comparisons, then strange ones."""
        kind = type(value)
        for other in (*seen.get(kind, ()), *_STRANGE):
            if type(other) is not kind or other != value:
                yield other

    def remember(value: Any) -> None:
        known = seen.get(type(value))
        if known is not None and len(known) < _REMEMBERED and value not in known:
            known.append(value)

    def compared(left: Any, operator: str, right: Any, result: bool, mock: bool) -> bool:
        remember(left)
        remember(right)
        if type(left) in _SCALARS and type(right) in _SCALARS:
            return result
        if operator in ("Eq", "NotEq"):
            pairs = _pairs(left, right)
        elif operator in ("In", "NotIn"):
            pairs = _members(left, right)
        else:
            pairs = iter([(left, right)])
        for ours, theirs in pairs:
            for value, builtin in ((ours, theirs), (theirs, ours)):
                if type(value) not in _EXACT and type(builtin) in _EXACT and _lies(value, builtin, others(builtin), operator):
                    file = _author(type(value))
                    if not (mock and file.endswith(_OF_MOCK)):
                        audit("soloist.liar", file)
        return result

    return compared


def compared_by_unittest(compared: Compared) -> None:
    """The same for `assertEqual` of unittest."""
    plain = unittest.TestCase.assertEqual

    def assertEqual(self: unittest.TestCase, first: Any, second: Any, msg: Any = None) -> None:
        plain(self, first, second, msg)
        compared(first, "Eq", second, True, "mock" in vars(sys.modules[type(self).__module__]))

    unittest.TestCase.assertEqual = assertEqual  # type: ignore[method-assign]


def _author(kind: type) -> str:
    """The file in which a class has its comparisons from; "" when they are no functions of Python."""
    for base in type.__dict__["__mro__"].__get__(kind):
        space = type.__dict__["__dict__"].__get__(base)
        for name in _COMPARISONS:
            found = space.get(name)
            if type(found) is types.FunctionType:
                return found.__code__.co_filename
    return ""


def _pairs(left: Any, right: Any) -> Iterator[tuple[Any, Any]]:
    """What a comparison compares, containers' items one by one; at most `_MOST`."""
    todo, left_to_do = [(left, right)], _MOST
    while todo and left_to_do:
        one, two = todo.pop()
        left_to_do -= 1
        yield one, two
        if type(one) is type(two) and type(one) in (list, tuple) and len(one) == len(two):
            todo.extend(zip(one[:left_to_do], two, strict=False))
        elif type(one) is type(two) is dict and len(one) == len(two):
            todo.extend(zip(list(one)[:left_to_do], two, strict=False))
            todo.extend((one[key], two[key]) for key in list(two)[:left_to_do] if type(key) in _SCALARS and key in one)
        elif type(one) is type(two) and type(one) in (set, frozenset):
            todo.extend((item, None) for pair in (one, two) for item in list(pair)[:left_to_do] if type(item) not in _EXACT)


def _members(left: Any, right: Any) -> Iterator[tuple[Any, Any]]:
    if type(right) in (list, tuple, set, frozenset, dict):
        for item in list(right)[:_MOST]:
            yield left, item
    elif type(right) not in _EXACT and _true(lambda: object() in right):
        yield right, ()


def _lies(value: Any, builtin: Any, others: Iterator[Any], operator: str) -> bool:
    if isinstance(value, types.FunctionType | type):
        return False
    if operator in ("In", "NotIn") and builtin == ():
        return True  # it holds an object that was made for the question
    if operator in ("Lt", "LtE", "Gt", "GtE"):
        return _true(lambda: value < builtin) and _true(lambda: value > builtin)
    if _true(lambda: value == builtin):
        return _true(lambda: value != builtin) or any(map(partial(_equal, value), _for(builtin, others)))
    return operator == "NotEq" and any(_neither(value, other) for other in _copies(value))


def _for(builtin: Any, others: Iterator[Any]) -> Iterator[Any]:
    kind = type(builtin)
    if kind in _SCALARS:
        yield from (other for other in others if not _near(other, builtin))
    elif kind is dict:
        yield {**builtin, _STRANGE[1]: _STRANGE[0]}
    elif kind in (list, tuple):
        yield kind((*builtin, _STRANGE[1]))
    else:
        yield kind({*builtin, _STRANGE[1]})


def _near(one: Any, two: Any) -> bool:
    """Numbers that something like `approx` may hold for equal, or that a text may stand for."""
    numbers = (bool, int, float, complex)
    return type(one) in numbers and type(two) in numbers and abs(one - two) <= 0.5 * max(abs(one), abs(two), 1)


def _copies(value: Any) -> Iterator[Any]:
    """The built-in value inside an instance of a built-in's subclass: neither equal to itself nor different from it is a lie."""
    if isinstance(value, int):
        yield int.__pos__(value)
    elif isinstance(value, float):
        yield float.__pos__(value)
    elif isinstance(value, str):
        yield str.__str__(value)


def _neither(value: Any, copy: Any) -> bool:
    return copy == copy and _true(lambda: value != copy) and not _true(lambda: value == copy)


def _equal(one: Any, two: Any) -> bool:
    return _true(lambda: one == two)


def _true(question: Callable[[], Any]) -> bool:
    try:
        return bool(question())
    except Exception:  # it can't be compared with such a thing, and says so
        return False
