"""What tests and examples claim: calls of one function with literal arguments, and what is said to come back.

Read from text alone; nothing is run. What can't be read (names, fixtures, two calls) is left out: a test less, never an error.
"""

import ast
import doctest
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from pydantic import Field
from soloist_sandbox.contract import Value
from soloist_sandbox.literals import parse_arguments
from soloist_sandbox.values import literal

from soloist_agents.selection.behaviour_equality import is_true, key, number

Relation = Literal["equals", "differs", "near", "true", "false"]

_ARROWS: Final = re.compile(r"\s*(?:==>|=>|->|➞|→|==|=|➔|returns|should return|# returns|#\s*=>)\s*")
_TOLERANCE: Final = 1e-6


class Claim(Value):
    """One statement about one call."""

    arguments: str
    """As in `Call.arguments`, in canonical form."""
    relation: Relation
    expected: str = ""
    """Key of the value (see `behaviour_equality.key`); "" for "true" and "false"."""
    tolerance: float = 0.0
    """Absolute; for "near"."""
    count: int = Field(default=1, ge=1)
    """How often it was stated."""

    def holds(self, same: str) -> bool:
        """Whether it is true of a call that returned the value with this key."""
        match self.relation:
            case "equals":
                return same == self.expected
            case "differs":
                return same != self.expected
            case "true" | "false":
                return is_true(same) == (self.relation == "true")
            case "near":
                got, wanted = number(same), number(self.expected)
                return got is not None and wanted is not None and abs(got - wanted) <= self.tolerance


def claims_of(tests: Sequence[str], function: str, counts: Sequence[int] | None = None) -> tuple[Claim, ...]:
    """The claims of all `assert` statements in these sources, in order of appearance; equal ones are counted together.

    `counts`: how often each source was written, where that is known.
    """
    found: Counter[Claim] = Counter()
    for at, source in enumerate(tests):
        for claim in _claims(source, function):
            found[claim] += counts[at] if counts else 1
    return tuple(claim.model_copy(update={"count": count}) for claim, count in found.items())


def examples_of(docstring: str, function: str) -> tuple[Claim, ...]:
    """The claims of a docstring's examples: `>>> f(1)` with its answer, and lines such as `f(1) -> 2` or `f(1) == 2`."""
    found: dict[Claim, None] = {}
    for source in (*_doctests(docstring), *_lines(docstring, function)):
        found.update(dict.fromkeys(_claims(source, function)))
    return tuple(found)


def _claims(source: str, function: str) -> Iterator[Claim]:
    try:
        tree = ast.parse(textwrap.dedent(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and (claim := _claim(node.test, function)) is not None:
            yield claim


def _claim(test: ast.expr, function: str) -> Claim | None:
    try:
        return _stated(test, function)
    except (ValueError, RecursionError):
        return None


def _stated(test: ast.expr, function: str) -> Claim | None:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _made(operand, function, "false")
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            if isinstance(right, ast.Call) and _called(right, function):
                left, right = right, left
            return _equal(left, right, function)
        case ast.Compare(left=left, ops=[ast.NotEq() | ast.IsNot()], comparators=[right]):
            return _made(left, function, "differs", right)
        case ast.Compare(left=left, ops=[ast.Lt() | ast.LtE()], comparators=[ast.Constant(value=float() | int() as most)]):
            return _close(left, function, float(most))
        case ast.Call(func=ast.Name(id="isclose") | ast.Attribute(attr="isclose"), args=[left, right]):
            return _made(left, function, "near", right, _TOLERANCE)
        case ast.Call():
            return _made(test, function, "true")
    return None


def _equal(left: ast.expr, right: ast.expr, function: str) -> Claim | None:
    match left:
        case ast.Call(func=ast.Name(id="round"), args=[inner, ast.Constant(value=int() as digits)]):
            return _made(inner, function, "near", right, 0.5 * 10.0**-digits)
    return _made(left, function, "equals", right)


def _close(left: ast.expr, function: str, most: float) -> Claim | None:
    """`abs(f(x) - y) < e`."""
    match left:
        case ast.Call(func=ast.Name(id="abs"), args=[ast.BinOp(left=made, op=ast.Sub(), right=value)]):
            return _made(made, function, "near", value, most)
    return None


def _made(
    call: ast.expr, function: str, relation: Relation, value: ast.expr | None = None, tolerance: float = 0.0
) -> Claim | None:
    if not isinstance(call, ast.Call) or not _called(call, function):
        return None
    expected = key(ast.unparse(value)) if value is not None else ""
    return Claim(arguments=written(call), relation=relation, expected=expected, tolerance=tolerance)


def _called(call: ast.Call, function: str) -> bool:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name == function.rpartition(".")[2]
    return False


def written(call: ast.Call) -> str:
    """The arguments of a call in canonical form. Raises `ValueError` where they are no literals."""
    between = ", ".join(ast.unparse(part) for part in (*call.args, *call.keywords))
    positional, named = parse_arguments(between)
    return ", ".join([*map(literal, positional), *(f"{name}={literal(node)}" for name, node in named.items())])


def _doctests(docstring: str) -> Iterator[str]:
    try:
        examples = doctest.DocTestParser().get_examples(docstring)
    except ValueError:
        return
    for example in examples:
        if example.want.strip():
            yield f"assert ({example.source.strip()}) == ({example.want.strip()})"


def _lines(docstring: str, function: str) -> Iterator[str]:
    """Each line that starts, but for a bullet, with a call, an arrow of some kind and a value."""
    start = re.compile(rf"^[^\w(]*(?:assert\s+|>>>\s*)?({re.escape(function)}\()")
    for line in docstring.splitlines():
        if (match := start.match(line)) is not None:
            yield from _arrowed(line[match.start(1) :])


def _arrowed(text: str) -> Iterator[str]:
    for arrow in _ARROWS.finditer(text):
        call, value = text[: arrow.start()], text[arrow.end() :]
        if _is_expression(call):
            if (shown := _longest_expression(value)) is not None:
                yield f"assert {call} == {shown}"
            return


def _longest_expression(text: str) -> str | None:
    """The text up to where it stops being an expression: examples are followed by words and full stops."""
    ends = [len(text), *(at for at in range(len(text) - 1, 0, -1) if text[at] in " .,;#\t")]
    return next((text[:end] for end in ends if _is_expression(text[:end])), None)


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return bool(text.strip())
