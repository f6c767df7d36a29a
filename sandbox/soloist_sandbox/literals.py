"""Reading literals: Python's own, and besides them `nan`, `inf`, `set()`, `frozenset(…)` and `complex(…)`. Nothing is evaluated.

What is read becomes a tree of JSON, in the form of `image.values`.
"""

import ast
import json
import math
from functools import lru_cache
from typing import Final, cast

from soloist_sandbox.image.values import Node, decode, encode

_NAMES: Final = {"nan": math.nan, "inf": math.inf}
_SHOWN: Final = 80


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """A trusted text, as the value that Python makes of it: `{1, 1}` has one element. Not to be changed. Raises `ValueError`."""
    return _normal(read(text))


@lru_cache(maxsize=1024)
def parse_arguments(text: str) -> tuple[list[Node], dict[str, Node]]:
    """Positional and named arguments, from what stands between a call's brackets. Not to be changed. Raises `ValueError`."""
    call = _tree(f"f({text}\n)")
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError(f"{_short(text)} is no list of arguments")
    named: dict[str, Node] = {}
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg in named:
            raise ValueError(f"{_short(text)} has ** or a name twice")
        named[keyword.arg] = _normal(_node(keyword.value))
    return [_normal(_node(argument)) for argument in call.args], named


def read(text: str) -> Node:
    """A literal's tree, for texts of any origin: no value is built. Raises `ValueError`."""
    try:
        return _node(_tree(text.strip()))
    except RecursionError:
        raise ValueError(f"{_short(text)} is nested too deep") from None


def _normal(node: Node) -> Node:
    try:
        return json.loads(encode(decode(node)))
    except TypeError as error:  # a list as a key
        raise ValueError(str(error)) from None


def _tree(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"{_short(text)} is no literal: {error}") from None


def _node(tree: ast.expr) -> Node:
    match tree:
        case ast.Constant(value=None | bool() | int() | str()):
            return tree.value
        case ast.Constant(value=float() | complex() | bytes()):
            return json.loads(encode(tree.value))
        case ast.List(elts=parts):
            return ["l", *map(_node, parts)]
        case ast.Tuple(elts=parts):
            return ["t", *map(_node, parts)]
        case ast.Set(elts=parts):
            return ["s", *map(_node, parts)]
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return ["d", *(_node(part) for pair in zip(keys, values, strict=True) for part in pair if part)]
        case ast.Name(id=name) if name in _NAMES:
            return ["f", name]
        case ast.UnaryOp() | ast.BinOp():
            return json.loads(encode(_number(tree)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return _called(tree, name, args)
    raise _refused(tree)


def _called(tree: ast.expr, name: str, args: list[ast.expr]) -> Node:
    match name, args:
        case "set", []:
            return ["s"]
        case "frozenset", []:
            return ["z"]
        case "frozenset", [ast.Set() | ast.List() | ast.Tuple() as parts]:
            return ["z", *map(_node, parts.elts)]
        case "complex", [real, imaginary]:
            return ["c", _real(real).hex(), _real(imaginary).hex()]
    raise _refused(tree)


def _number(tree: ast.expr) -> int | float | complex:
    """A number, perhaps with a sign, or the sum that a complex number is written as."""
    match tree:
        case ast.Constant(value=int() | float() | complex()) if not isinstance(tree.value, bool):
            return cast("int | float | complex", tree.value)
        case ast.Name(id=name) if name in _NAMES:
            return _NAMES[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(operand)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=ast.Constant(value=complex())):
            imaginary = _number(tree.right)
            return _real(left) + imaginary if isinstance(tree.op, ast.Add) else _real(left) - imaginary
    raise _refused(tree)


def _real(tree: ast.expr) -> float:
    number = _number(tree)
    if isinstance(number, complex):
        raise _refused(tree)
    return float(number)


def _refused(tree: ast.AST) -> ValueError:
    return ValueError(f"{_short(ast.unparse(tree))} is no literal")


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
