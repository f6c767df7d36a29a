"""`--call "f(2, [3])"` and what is expected of it, as a `FunctionCheck`."""

import ast
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from soloist_sandbox.contract import Call, FunctionCheck
from soloist_sandbox.grading import question

_RAISES: Final = "raises "


def function_check(path: str, calls: Sequence[str], expected: Sequence[str], tolerance: float) -> FunctionCheck:
    """Calls of one function; the n-th expectation belongs to the n-th call. Raises `ValueError`, in one line."""
    if expected and len(expected) != len(calls):
        raise ValueError(
            f"give one --expect for each --call, or none: there are {len(calls)} calls and {len(expected)} expectations"
        )
    parts = [_parts(call) for call in calls]
    if len(names := {name for name, _ in parts}) > 1:
        raise ValueError(f"calls of one function at a time, please; these are of {', '.join(sorted(names))}")
    asked = [_call(arguments, text) for (_, arguments), text in zip_longest(parts, expected)]
    check = FunctionCheck(path=path, function=names.pop(), calls=tuple(asked), tolerance=tolerance)
    question(check)  # refuses what is no literal
    return check


def _parts(call: str) -> tuple[str, str]:
    """("f", "2, [3]") of "f(2, [3])"."""
    text = call.strip()
    try:
        found = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = None
    if not isinstance(found, ast.Call) or not text.endswith(")"):
        raise ValueError(f'{call!r} is no call; write it as in Python: --call "f(2, [3])"')
    name = ast.unparse(found.func)
    return name, text[text.index("(") + 1 : -1].strip()


def _call(arguments: str, expected: str | None) -> Call:
    if expected is not None and expected.startswith(_RAISES):
        return Call(arguments=arguments, raises=expected.removeprefix(_RAISES).strip())
    return Call(arguments=arguments, returns=expected)
