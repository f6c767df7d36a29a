"""Whether what came out of a function or program check is what was expected; if not, where it differs first."""

import builtins
from typing import Final

from soloist_sandbox.contract import Call, Case, FunctionCheck, Outcome, ProgramCheck, Ran, Returned
from soloist_sandbox.shown import shortened, side_by_side
from soloist_sandbox.values import canonical, same_value

_UNUSABLE: Final = 3
"""Exit code of a function job whose file could not be loaded, or has no such function."""
_SHOWN: Final = 600
"""Characters shown of an input, an output or the end of an error."""


def fault(check: FunctionCheck | ProgramCheck, outcome: Outcome) -> str | None:
    """Why the outcome is no pass, in words that help to repair the program; None when everything expected came. Never raises."""
    found = _function_fault(check, outcome) if isinstance(check, FunctionCheck) else _program_fault(check, outcome)
    return found or _ended_badly(outcome)


def _ended_badly(outcome: Outcome) -> str | None:
    if outcome.limit is not None:
        return f"the check was ended by its limit of {outcome.limit}"
    if outcome.signal is not None:
        return f"the check was ended by signal {outcome.signal}"
    return None if outcome.exit_code == 0 else f"the check ended with exit code {outcome.exit_code}"


def _function_fault(check: FunctionCheck, outcome: Outcome) -> str | None:
    if not any(call.returns is not None or call.raises is not None for call in check.calls):
        return "no call says what is expected, so nothing is proved"
    results, total = outcome.returned, len(check.calls)
    if outcome.exit_code == _UNUSABLE and len(results) == 1 and results[0].raised:
        return f"{check.path} can't be used: {results[0].raised[0]}: {shortened(results[0].message, _SHOWN)}"
    for number, (call, result) in enumerate(zip(check.calls, results, strict=False), 1):
        if (wrong := _call_fault(call, result, check.tolerance)) is not None:
            return f"call {number} of {total}: {_written(check, call)} {wrong}"
    if len(results) > total:
        return f"there are more results than calls ({len(results)} and {total}): the program has written results of its own"
    if len(results) < total:
        call = check.calls[len(results)]
        ended = _ended_badly(outcome) or "the program left before its end"
        return f"call {len(results) + 1} of {total}: {_written(check, call)} gave no result: {ended}"
    return None


def _written(check: FunctionCheck, call: Call) -> str:
    return f"{check.function}({shortened(call.arguments, _SHOWN)})"


def _call_fault(call: Call, result: Returned, tolerance: float) -> str | None:
    if call.raises is not None:
        expected = f"but expected is {call.raises}"
        if result.raised:
            return None if _bears(result.raised, call.raises) else f"raised {_told(result)}, {expected}"
        return f"returned {shortened(result.value or result.message, _SHOWN)}, {expected}"
    if call.returns is None:
        return None
    if result.raised:
        return f"raised {_told(result)}; expected is {shortened(call.returns, _SHOWN)}"
    if result.value is None:
        expected = shortened(call.returns, _SHOWN)
        return f"returned what can't be compared: {shortened(result.message, _SHOWN)}; expected is {expected}"
    try:
        if same_value(call.returns, result.value, tolerance):
            return None
        expected = canonical(call.returns)
    except (ValueError, RecursionError) as error:
        return f"can't be judged: {error}"
    got, expected = side_by_side(result.value, expected, _SHOWN)
    return f"returned {got}, but expected is {expected}"


def _bears(raised: tuple[str, ...], name: str) -> bool:
    """Whether a class or a base has this name: the last part of a dotted one, and IOError is OSError.

    An exception that inherits from unrelated built-in ones, to be whichever is expected, has only its own name.
    """
    last = name.rpartition(".")[2]
    known = [kind for one in raised if (kind := _built_in(one))]
    if not all(issubclass(known[0], kind) for kind in known):
        raised = raised[:1]
    expected = _built_in(last)
    return (expected.__name__ if expected else last) in raised


def _built_in(name: str) -> type[BaseException] | None:
    found = getattr(builtins, name, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


def _told(result: Returned) -> str:
    return f"{result.raised[0]}: {shortened(result.message, _SHOWN)}" if result.message else result.raised[0]


def _program_fault(check: ProgramCheck, outcome: Outcome) -> str | None:
    if all(case.stdout is None for case in check.cases):
        return "no case says what is expected, so nothing is proved"
    results, total = outcome.ran, len(check.cases)
    for number, (case, result) in enumerate(zip(check.cases, results, strict=False), 1):
        if (wrong := _case_fault(case, result)) is not None:
            return f"case {number} of {total}: {wrong}\ninput:\n{shortened(case.stdin, _SHOWN)}"
    if len(results) != total:
        return f"there are {len(results)} results of {total} cases: {_ended_badly(outcome) or 'the others were not run'}"
    return None


def _case_fault(case: Case, result: Ran) -> str | None:
    if result.late:
        return "it took too long"
    if result.exit_code is None:
        return f"it was ended: {result.stderr[-_SHOWN:]}"
    if result.exit_code != 0:
        return f"it ended with exit code {result.exit_code}: {result.stderr[-_SHOWN:]}"
    if case.stdout is None or _plain(result.stdout) == _plain(case.stdout):
        return None
    printed, expected = side_by_side(result.stdout, case.stdout, _SHOWN)
    return f"it printed\n{printed}\nbut expected is\n{expected}"


def _plain(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]
