"""Exit codes, and the one place where errors become one clear line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from soloist.cli.printable import printable


class Exit(IntEnum):
    """What the command's exit code means."""

    SOLVED = 0
    NOT_SOLVED = 1
    BAD_INPUT = 2
    UNAVAILABLE = 3
    INTERRUPTED = 130


@contextmanager
def guarded(*, json: bool = False, goal: str = "") -> Iterator[None]:
    """Turn the errors that users may meet into one line and an exit code; with `json`, into a report as well."""
    try:
        yield
    except KeyboardInterrupt:
        _fail(Exit.INTERRUPTED, "interrupted", json, goal)
    except ValueError as error:
        _fail(Exit.BAD_INPUT, str(error), json, goal)
    except OSError as error:
        _fail(Exit.BAD_INPUT, f"{error.strerror or error}: {error.filename or 'no file named'}", json, goal)
    except RuntimeError as error:
        code = _code(error)
        if code is None:
            raise
        _fail(code, str(error), json, goal)


def _code(error: RuntimeError) -> Exit | None:
    """The exit code of one of our own errors; None for a defect, whose traceback should be seen."""
    from soloist_agents.contract import PlannerNeeded
    from soloist_agents.models.contract import ModelError
    from soloist_sandbox.contract import SandboxUnavailable
    from soloist_tools.workspace import TreeMoved

    if isinstance(error, PlannerNeeded | SandboxUnavailable | ModelError):
        return Exit.UNAVAILABLE
    return Exit.NOT_SOLVED if isinstance(error, TreeMoved) else None


def _fail(code: Exit, text: str, json: bool, goal: str) -> None:
    line = printable(" ".join(text.split()))
    sys.stderr.write(f"soloist: {line}\n")
    if json:
        from soloist.report import Report

        sys.stdout.write(
            Report(run="", goal=goal, solved=False, why="the run could not be made", error=line).model_dump_json() + "\n"
        )
    raise SystemExit(code)
