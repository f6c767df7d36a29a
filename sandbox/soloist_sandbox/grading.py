"""Function and program checks: what may enter the sandbox, and what came out of it.

What is expected stays out here, in the check. What comes out was written next to the code under test, by the interpreter that
ran it (function) or by the process above it (program); it may be anything, and is only ever compared (`faults`).
"""

import base64
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from soloist_sandbox.contract import Call, FunctionCheck, ProgramCheck, Ran, Returned
from soloist_sandbox.faults import fault
from soloist_sandbox.image.values import ITEMS
from soloist_sandbox.literals import parse, parse_arguments
from soloist_sandbox.paths import misplaced
from soloist_sandbox.values import Allowance, literal, same_value

__all__ = ["fault", "question", "ran", "returned", "same_value"]

MAX_LINE: Final = 3 << 20
"""Bytes; a value of 1 MiB, or 1 MiB of output in base 64, and what stands around it."""
MAX_LINES: Final = 100_000
_MOST_ITEMS: Final = 10 * ITEMS
"""In all values of one job together."""
_MESSAGE: Final = 2000
_SHORT: Final = 1 << 16
_CLASSES: Final = 30


def question(check: FunctionCheck | ProgramCheck) -> dict[str, Any]:
    """The check without its answers, as plain JSON for the job. The same check always gives the same question.

    Raises `ValueError`, one line for whoever wrote the check, for a path outside the workspace, a function that can't be named,
    and arguments or expected values that are no literals.
    """
    if reason := misplaced(check.path):
        raise ValueError(f"the check's path: {reason}")
    if isinstance(check, ProgramCheck):
        stdin = [case.stdin for case in check.cases]
        return {"kind": check.kind, "path": check.path, "stdin": stdin, "case_seconds": check.case_seconds}
    if not all(part.isidentifier() for part in check.function.split(".")):
        raise ValueError(f"{check.function!r} is no function's name")
    calls = [_asked(number, call) for number, call in enumerate(check.calls, 1)]
    return {"kind": check.kind, "path": check.path, "function": check.function, "calls": calls}


def _asked(number: int, call: Call) -> tuple[list[Any], dict[str, Any]]:
    if call.returns is not None and call.raises is not None:
        raise ValueError(f"call {number} expects both a value and an exception")
    try:
        if call.returns is not None:
            parse(call.returns)
        return parse_arguments(call.arguments)
    except ValueError as error:
        raise ValueError(f"call {number}: {error}") from None


def returned(data: bytes, most: int = MAX_LINES) -> tuple[Returned, ...]:
    """What a function job wrote, as far as it can be understood, and no more than `most` results. Never raises.

    A file that could not be loaded gives one result with exit code 3: the exception, and why.
    """
    return _remembered(data, most) if len(data) < _SHORT else _understood(data, most)


def _understood(data: bytes, most: int) -> tuple[Returned, ...]:
    found = []
    allowance = Allowance(_MOST_ITEMS)
    for entry in islice(_entries(data), most):
        try:
            found.append(_returned(entry, allowance))
        except (ValueError, RecursionError):
            break
    return tuple(found)


_remembered = lru_cache(maxsize=64)(_understood)
"""Many variants do the same."""


def ran(data: bytes) -> tuple[Ran, ...]:
    """What a program job wrote, as far as it can be understood. Never raises."""
    found = []
    for entry in _entries(data):
        try:
            found.append(_ran(entry))
        except ValueError:
            break
    return tuple(found)


def _entries(data: bytes) -> Iterator[dict[str, Any]]:
    """The JSON objects, one a line, up to the first line that is none or that was cut off."""
    lines = data.split(b"\n", MAX_LINES)
    for line in lines[:-1]:
        try:
            entry = json.loads(line, parse_constant=_no_constant) if len(line) <= MAX_LINE else None
        except (ValueError, RecursionError):
            return
        if not isinstance(entry, dict):
            return
        yield entry


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _returned(entry: Mapping[str, Any], allowance: Allowance) -> Returned:
    match entry:
        case {"value": node, **rest} if not rest:
            return Returned(value=literal(node, allowance))
        case {"opaque": str(reason), **rest} if not rest:
            return Returned(message=_clean(reason))
        case {"raised": list(names), "message": str(message), **rest} if not rest:
            return _exception(names, message)
        case {"unusable": list(names), "message": str(message), **rest} if not rest:
            return _exception(names, message)
    raise ValueError("no result")


def _exception(names: list[Any], message: str) -> Returned:
    if not 0 < len(names) <= _CLASSES or not all(isinstance(name, str) for name in names):
        raise ValueError("no classes")
    return Returned(raised=tuple(map(_clean, names)), message=_clean(message))


def _ran(entry: Mapping[str, Any]) -> Ran:
    match entry:
        case {
            "exit": int() | None as code,
            "signal": int() | None as signal,
            "late": bool(late),
            "too_much": bool(too_much),
            "stdout": str(stdout),
            "stderr": str(stderr),
        }:
            why = "it printed more than 1 MiB" if too_much else f"signal {signal} ended it" if signal and not late else ""
            told = _decoded(stderr)
            told = f"{told.rstrip()}\n{why}".lstrip() if why else told
            return Ran(exit_code=code, stdout=_decoded(stdout), stderr=told, late=late)
    raise ValueError("no case")


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode("utf-8", "replace")


def _clean(text: str) -> str:
    """Pydantic, like most of the world, refuses lone surrogates."""
    return text[:_MESSAGE].encode("utf-8", "backslashreplace").decode()
