"""Inputs where nobody has written a test: values that fit the signature, and where it says no types, values of several kinds.

What most programs refuse is dropped after they were run, so a wrong guess costs a call and nothing else.
"""

import ast
import itertools
import random
from collections.abc import Iterator
from typing import Final

_NUMBERS: Final = ("1", "2", "3", "5", "7", "4", "10", "0", "12", "6", "25", "-3", "100")
_FLOATS: Final = ("1.5", "2.0", "0.25", "3.75", "0.0", "-1.5", "10.0", "7.99")
_TEXTS: Final = ("'abc'", "'Hello world'", "'a'", "''", "'aabbA'", "'racecar'", "'12 abc 7'", "'one two  three'", "'xYz!?'")
_INT_LISTS: Final = (
    "[1, 2, 3]",
    "[3, 1, 2, 5, 4]",
    "[5]",
    "[]",
    "[2, 2, 1, 4]",
    "[-1, 4, 0, -7, 9, 6]",
    "[10, 8, 6, 7]",
    "[4, 9, 9, 1, 4, 2]",
)
_FLOAT_LISTS: Final = ("[1.0, 2.5, 3.9]", "[4.0, 1.5, 2.25, 0.5]", "[2.0]", "[-1.5, 3.0, 3.0]", "[]")
_TEXT_LISTS: Final = ("['a', 'bc', 'def']", "['xyz', 'b', 'b', '']", "['word']", "[]", "['Abc', 'aBd', 'cab']")
_NESTED: Final = ("[[1, 2], [3]]", "[[0, 1, 1], [1, 0, 0]]", "[[1, 1], [1, 0], [0, 0]]", "[]")
_DICTS: Final = ("{'a': 1, 'b': 2}", "{'x': 'y', 'A': 'B'}", "{}", "{1: 2, 3: 4}")
_BOOLS: Final = ("True", "False")
_STOCK: Final[dict[str, tuple[str, ...]]] = {
    "int": _NUMBERS,
    "float": _FLOATS,
    "str": _TEXTS,
    "bool": _BOOLS,
    "dict": _DICTS,
    "list": (*_INT_LISTS, *_TEXT_LISTS[:2]),
    "list[int]": _INT_LISTS,
    "list[float]": _FLOAT_LISTS,
    "list[str]": _TEXT_LISTS,
    "list[list[int]]": _NESTED,
    "tuple": tuple(f"({text[1:-1]},)" for text in _INT_LISTS[:3]),
    "set": ("{1, 2, 3}", "{4, 5}", "{7}"),
}
_UNKNOWN: Final = ("int", "list[int]", "str", "list[str]", "list[list[int]]", "float", "dict")
"""Kinds tried for parameters that say nothing, commonest first."""
MOST_PARAMETERS: Final = 6
_MOST_COMBINATIONS: Final = 60


def fitting(source: str, function: str, count: int, seed: int = 0) -> tuple[str, ...]:
    """Up to `count` argument texts for the function as this source defines it; none where it defines no such function."""
    kinds = _kinds(source, function)
    if not kinds or len(kinds) > MOST_PARAMETERS:
        return ()
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    combined = itertools.cycle(_combinations(kinds))
    found: dict[str, None] = {}
    for at in range(4 * count):
        chosen = next(combined)
        texts = [
            _STOCK[kind][at] if len(kinds) == 1 and at < len(_STOCK[kind]) else chance.choice(_STOCK[kind]) for kind in chosen
        ]
        found[", ".join(texts)] = None
        if len(found) == count:
            break
    return tuple(found)


def _combinations(kinds: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Parameters that leave a choice are first all of one kind; then of any that they allow."""
    open_ones = [options for options in kinds if len(options) > 1]
    shared = [kind for kind in _UNKNOWN if all(kind in options for options in open_ones)]
    same = [tuple(kind if len(options) > 1 else options[0] for options in kinds) for kind in shared]
    return list(dict.fromkeys([*same, *itertools.islice(itertools.product(*kinds), _MOST_COMBINATIONS)]))


def _kinds(source: str, function: str) -> list[tuple[str, ...]]:
    """For each parameter that must be given, the kinds that it may be of."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    wanted = function.rpartition(".")[2]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == wanted:
            parameters = [*node.args.posonlyargs, *node.args.args]
            needed = parameters[: len(parameters) - len(node.args.defaults)]
            return [_kind(parameter) for parameter in needed if parameter.arg not in ("self", "cls")]
    return []


def _kind(parameter: ast.arg) -> tuple[str, ...]:
    if parameter.annotation is None:
        return _UNKNOWN
    options = list(dict.fromkeys(_annotated(parameter.annotation)))
    return tuple(options) or _UNKNOWN


def _annotated(annotation: ast.expr) -> Iterator[str]:
    """The kinds in an annotation: unions name several, unknown names none."""
    match annotation:
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            yield from _annotated(left)
            yield from _annotated(right)
        case ast.Subscript(value=ast.Name(id="Optional" | "Union"), slice=inner):
            for part in inner.elts if isinstance(inner, ast.Tuple) else [inner]:
                yield from _annotated(part)
        case ast.Constant(value=str() as text):
            yield from _annotated(ast.parse(text, mode="eval").body if text.isidentifier() else ast.Constant(None))
        case _:
            text = ast.unparse(annotation).replace("typing.", "")
            text = text.replace("List", "list").replace("Dict", "dict").replace("Tuple", "tuple").replace("Set", "set")
            exact = text if text in _STOCK else text.partition("[")[0]
            if exact in _STOCK:
                yield exact
