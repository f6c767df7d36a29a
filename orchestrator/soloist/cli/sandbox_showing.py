"""What came out of `soloist sandbox run`: for people, for pipes, as JSON, and as an exit code."""

import json
import os
import sys
from typing import Final, TextIO

from soloist_sandbox.contract import Check, FunctionCheck, LimitName, Outcome, Returned, TestResult
from soloist_sandbox.integrity import Judgement

from soloist.cli.exits import Exit
from soloist.cli.printable import printable

LIMIT_EXITS: Final[dict[LimitName, int]] = {"refused": 120, "memory": 121, "output": 122, "disk": 123, "seconds": 124}
_REACHED: Final[dict[LimitName, str]] = {
    "refused": "it was ended for a system call that no program may make here",
    "memory": "it was ended for its memory; --memory gives it more",
    "output": "it was ended for its output; --output lets it write more",
    "disk": "it was ended for the space that it took; --disk gives it more",
    "seconds": "it was ended for its time; --seconds gives it more",
}
_MESSAGE_LINES: Final = 12


def exit_code(check: Check, outcome: Outcome, judgement: Judgement | None) -> int:
    """What the command exits with: the verdict where there is one, else what became of the calls or of the program."""
    if judgement is not None:
        return Exit.SOLVED if judgement.passed else Exit.NOT_SOLVED
    if isinstance(check, FunctionCheck) and outcome.limit is None:
        return Exit.SOLVED if _all_made(check, outcome) else Exit.NOT_SOLVED
    if outcome.limit is not None:
        return LIMIT_EXITS[outcome.limit]
    return 128 + outcome.signal if outcome.signal is not None else outcome.exit_code or 0


def show_json(outcome: Outcome, judgement: Judgement | None) -> None:
    """One object: the `Outcome`, how it ended in one word, and the verdict (null where nothing was checked)."""
    told = outcome.model_dump(mode="json") | {"ended": outcome.ended, "judgement": judgement and judgement.model_dump()}
    _put(json.dumps(told) + "\n", sys.stdout)


def show_program(outcome: Outcome) -> None:
    """Its output as it is; on a terminal, control characters are shown and not obeyed."""
    _put(outcome.stdout, sys.stdout)
    _put(outcome.stderr, sys.stderr)
    if outcome.limit is not None:
        say(_REACHED[outcome.limit])


def show_tests(outcome: Outcome, judgement: Judgement) -> None:
    """A line for each test, why it did not pass, and the verdict."""
    report = outcome.report
    if report is None or not report.tests:
        show_program(outcome)
    for test in report.tests if report else ():
        _line(f"{test.status:<7} {test.id}")
        if test.status in ("failed", "error"):
            _line(_indented(test))
    _verdict(judgement)


def show_calls(check: FunctionCheck, outcome: Outcome, judgement: Judgement | None) -> None:
    """A line for each call that was made, and the verdict where something was expected."""
    if not outcome.exit_code:
        for call, result in zip(check.calls, outcome.returned, strict=False):
            _line(f"{check.function}({call.arguments}) {_came(result)}")
    if judgement is not None:
        _verdict(judgement)
    elif outcome.limit is not None:
        say(_REACHED[outcome.limit])
    elif not _all_made(check, outcome):
        _put(outcome.stderr, sys.stderr)
        say(f"{check.path} can't be used, or left before it had returned from every call")


def _all_made(check: FunctionCheck, outcome: Outcome) -> bool:
    return outcome.ended == "ok" and len(outcome.returned) == len(check.calls)


def say(line: str) -> None:
    """One line about the run itself, beside the program's own output."""
    _put(f"soloist: {printable(' '.join(line.split()))}\n", sys.stderr)


def _came(result: Returned) -> str:
    if result.raised:
        return f"raised {result.raised[0]}: {result.message}" if result.message else f"raised {result.raised[0]}"
    return f"= {result.value}" if result.value is not None else f"returned what is no literal: {result.message}"


def _verdict(judgement: Judgement) -> None:
    _line(f"{'passed' if judgement.passed else 'not passed'} ({judgement.level}): {judgement.why}")


def _indented(test: TestResult) -> str:
    lines = [line for line in test.message.splitlines() if line.strip()]
    return "\n".join(f"        {line}" for line in lines[-_MESSAGE_LINES:])


def _line(text: str) -> None:
    _put(f"{text}\n", sys.stdout)


def _put(text: str, stream: TextIO) -> None:
    """Written to the end, or until who reads it goes away."""
    try:
        stream.buffer.write((printable(text) if stream.isatty() else text).encode())
        stream.flush()
    except BrokenPipeError:
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, stream.fileno())  # else Python complains at its end
        os.close(nobody)
