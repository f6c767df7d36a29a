"""From the bytes that a job wrote about itself to a `TestReport`. The job may have written anything: nothing here raises.

What can't be understood ends the reading, and the report is then incomplete, which no judgement takes for a pass.
"""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, TypeAdapter, ValidationError

from soloist_sandbox.contract import FileSpectrum, Frame, LineCount, TestReport, TestResult, TestStatus

MAX_LINE: Final = 8 << 20
MAX_TESTS: Final = 200_000
_MESSAGE: Final = 4000
_UNFINISHED: Final = "did not finish: the run ended while this test was running"
_UNSTARTED: Final = "was not started: the run ended before it"

_Count = Annotated[StrictInt, Field(ge=0, le=1 << 31)]
_Name = Annotated[str, Field(min_length=1, max_length=20_000)]


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Collected(_Event):
    t: Literal["collected"]
    ids: list[_Name] = Field(max_length=MAX_TESTS)


class _Start(_Event):
    t: Literal["start"]
    id: _Name


class _Test(_Event):
    t: Literal["test"]
    id: _Name
    status: TestStatus
    seconds: float = Field(ge=0, allow_inf_nan=False)
    message: str
    frames: list[tuple[str, _Count, str]] = Field(max_length=50)


class _End(_Event):
    t: Literal["end"]
    exit: StrictInt


class _Canary(_Event):
    t: Literal["canary"]
    caught: StrictBool


class _Spectrum(_Event):
    t: Literal["spectrum"]
    path: _Name
    lines: list[tuple[_Count, _Count, _Count]]


_EVENT: Final[TypeAdapter[Any]] = TypeAdapter(
    Annotated[_Collected | _Start | _Test | _End | _Canary | _Spectrum, Field(discriminator="t")]
)


class _Reader:
    """Collects events into a report."""

    def __init__(self) -> None:
        self.tests: dict[str, TestResult] = {}
        self.collected: list[str] = []
        self.running: str | None = None
        self.exit_code: int | None = None
        self.canary = False
        self.spectrum: dict[str, FileSpectrum] = {}

    def take(self, event: _Event) -> None:
        """Raises ValueError for what a pytest run can't say."""
        match event:
            case _Test():
                if event.id in self.tests or self.exit_code is not None or len(self.tests) >= MAX_TESTS:
                    raise ValueError("a test more than there can be")
                frames = tuple(Frame(path=path, line=line, function=function) for path, line, function in event.frames)
                message = event.message[-_MESSAGE:]
                result = TestResult(id=event.id, status=event.status, seconds=event.seconds, message=message, frames=frames)
                self.tests[event.id] = result
                self.running = None
            case _Start():
                self.running = event.id
            case _Collected():
                self.collected = event.ids
            case _End():
                if self.exit_code is not None:
                    raise ValueError("a second end")
                self.exit_code = event.exit
            case _Canary():
                self.canary = event.caught and self.exit_code is not None
            case _Spectrum():
                counts = tuple(LineCount(line=line, failed=failed, passed=passed) for line, failed, passed in event.lines)
                self.spectrum[event.path] = FileSpectrum(path=event.path, lines=counts)

    def report(self, complete: bool) -> TestReport:
        complete = complete and self.exit_code is not None
        tests = list(self.tests.values())
        if not complete:
            tests += [self._missing(name) for name in dict.fromkeys(self.collected) if name not in self.tests]
        return TestReport(
            tests=tuple(tests),
            complete=complete,
            exit_code=self.exit_code if complete else None,
            canary_caught=complete and self.canary,
            spectrum=tuple(self.spectrum.values()),
        )

    def _missing(self, name: str) -> TestResult:
        running = name == self.running
        return TestResult(id=name, status="failed" if running else "error", message=_UNFINISHED if running else _UNSTARTED)


def parse_report(data: bytes) -> TestReport:
    """Never raises. Tests that were collected but have no result are named as failed or error when the run was cut off."""
    reader = _Reader()
    lines = data.split(b"\n")
    whole = lines.pop() == b""  # a last line without its end was cut off
    for line in lines:
        try:
            if len(line) > MAX_LINE:
                raise ValueError("too long a line")
            reader.take(_EVENT.validate_python(json.loads(line, parse_constant=_no_constant)))
        except (ValueError, RecursionError, ValidationError):
            whole = False
            break
    return reader.report(whole)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
