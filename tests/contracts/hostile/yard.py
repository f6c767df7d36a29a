"""Where hostile programs are let loose: one warm container, and after each of them an honest job in the same container.

The honest job looks around. It must find what the first job of the container found, and be the next job of that container:
the time of its source file counts the container's jobs.
"""

import ast
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from soloist_sandbox.contract import (
    Call,
    Case,
    Changes,
    Check,
    CommandCheck,
    Ending,
    FunctionCheck,
    Limits,
    Outcome,
    ProgramCheck,
    PytestCheck,
    Screened,
    Session,
)

from .witness import WITNESS

LIMITS = Limits(seconds=10, memory_mb=256, disk_mb=16, processes=32, output_kb=256)
LATE = 0.5
"""Seconds that a job may take on top of its limit."""


@dataclass
class Yard:
    """A session with one worker."""

    session: Session
    engine: str
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    """Among the arguments of every hostile command, so that what is left of it can be found from outside."""
    _pristine: dict[str, Any] | None = None
    _jobs: int = 0

    async def command(self, source: str, **limits: float) -> Screened:
        """Run Python source below an init of the broker's."""
        return await self.trial(CommandCheck(command=f"exec python3 job.py {self.mark}"), {"job.py": source.encode()}, **limits)

    async def told(self, source: str, **limits: float) -> str:
        """What Python source prints, run below an init of the broker's; it must end by itself, with 0."""
        check = ProgramCheck(path="job.py", cases=(Case(stdin=""),))
        result = await self.trial(check, {"job.py": source.encode()}, **limits)
        assert [(case.exit_code, case.stderr) for case in result.ran] == [(0, "")], result
        return result.ran[0].stdout

    async def function(self, source: str, **limits: float) -> Screened:
        """Call the source's `f()` in the first process of a namespace."""
        check = FunctionCheck(path="job.py", function="f", calls=(Call(arguments=""),))
        return await self.trial(check, {"job.py": source.encode()}, **limits)

    async def trial(self, check: Check, changes: Changes, **limits: float) -> Screened:
        """Run one hostile job; then see that the container is as it was."""
        await self._first()
        given = LIMITS.model_copy(update=limits)
        result = await self._screened(check, changes, given)
        await self.is_clean()
        assert result.seconds < given.seconds + LATE, result
        return result

    async def preload(self) -> None:
        """Let the broker import pytest; what an honest job sees from now on is what is right."""
        await self._screened(PytestCheck(), {}, LIMITS)
        self._pristine = None

    async def is_clean(self) -> None:
        """The next job runs in the same container and finds nothing of those before."""
        found = await self._look()
        before, self._jobs = self._jobs, found.pop("jobs")
        assert found == self._pristine
        assert self._jobs >= before + 2, "the container was replaced"  # it begins to count at 1

    async def _first(self) -> None:
        if self._pristine is None:
            self._pristine = await self._look()
            self._jobs = self._pristine.pop("jobs")

    async def _look(self) -> dict[str, Any]:
        check = FunctionCheck(path="witness.py", function="look", calls=(Call(arguments=""),))
        result = await self._screened(check, {"witness.py": WITNESS.encode()}, LIMITS)
        (returned,) = result.returned
        assert returned.value is not None, returned
        found: dict[str, Any] = ast.literal_eval(returned.value)
        return found

    async def _screened(self, check: Check, changes: Changes, limits: Limits) -> Screened:
        (result,) = [result async for result in self.session.screen(check, [changes], limits=limits)]
        return result


def ended(result: Screened | Outcome) -> Ending:
    """How a job ended, in one word. Without an exit code and without a limit it was a signal."""
    if isinstance(result, Outcome):
        return result.ended
    signal = 9 if result.exit_code is None and result.limit is None else None
    return Outcome(exit_code=result.exit_code, signal=signal, limit=result.limit).ended


def numbered(rows: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Arguments of `pytest.mark.parametrize`: the ids begin with the numbers of the rows of the suite."""
    return {"argvalues": list(rows.values()), "ids": list(rows)}
