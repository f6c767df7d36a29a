"""From the bytes that a job wrote about itself to a `TestReport`. The job may have written anything: nothing here raises.

What can't be understood ends the reading, and the report is then incomplete, which no judgement takes for a pass.

A report that is to be evidence starts with a hash, written before any foreign code ran, and ends with the secret that gives this
hash and with the tests whose functions have returned (see `image/witness.py`). Of the others none counts as passed.
"""

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, TypeAdapter, ValidationError

from soloist_sandbox.contract import FileSpectrum, Frame, LineCount, Meddling, TestReport, TestResult, TestStatus

MAX_LINE: Final = 8 << 20
MAX_TESTS: Final = 200_000
_MESSAGE: Final = 4000
_UNFINISHED: Final = "did not finish: the run ended while this test was running"
_UNSEEN: Final = "pytest says that it passed, but its function was not seen to come to its end"
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


class _Sealed(_Event):
    t: Literal["sealed"]
    hash: _Name


class _Meddled(_Event):
    t: Literal["meddled"]
    path: _Name
    act: _Name
    laid: StrictBool


class _Witness(_Event):
    t: Literal["witness"]
    secret: _Name
    returned: list[_Name] = Field(max_length=MAX_TESTS)


class _Spectrum(_Event):
    t: Literal["spectrum"]
    path: _Name
    lines: list[tuple[_Count, _Count, _Count]]


_EVENT: Final[TypeAdapter[Any]] = TypeAdapter(
    Annotated[_Collected | _Start | _Test | _End | _Canary | _Spectrum | _Sealed | _Meddled | _Witness, Field(discriminator="t")]
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
        self.meddling: dict[Meddling, None] = {}
        self.seal: str | None = None
        self.returned: frozenset[str] | None = None
        self._begun = False

    def take(self, event: _Event) -> None:
        """Raises ValueError for what a pytest run can't say."""
        if self.returned is not None:
            raise ValueError("a line after the last")
        begun, self._begun = self._begun, True
        match event:
            case _Sealed():
                if begun:
                    raise ValueError("a seal that is not the first line")
                self.seal = event.hash
            case _Meddled():
                self.meddling[Meddling(path=event.path, act=event.act, laid=event.laid)] = None
            case _Witness():
                if self.exit_code is None or hashlib.sha256(event.secret.encode()).hexdigest() != self.seal:
                    raise ValueError("a last line that nobody has sealed")
                self.returned = frozenset(event.returned)
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
        complete = complete and self.exit_code is not None and (self.seal is None or self.returned is not None)
        tests = list(self.tests.values())
        if complete and self.returned is not None:
            tests = [self._seen(test, self.returned) for test in tests]
        if not complete:
            tests += [self._missing(name) for name in dict.fromkeys(self.collected) if name not in self.tests]
        return TestReport(
            tests=tuple(tests),
            complete=complete,
            exit_code=self.exit_code if complete else None,
            canary_caught=complete and self.canary and self.returned is not None,
            meddling=tuple(self.meddling),
            spectrum=tuple(self.spectrum.values()),
        )

    def _seen(self, test: TestResult, returned: frozenset[str]) -> TestResult:
        if test.status not in ("passed", "xpassed") or test.id in returned:
            return test
        return test.model_copy(update={"status": "failed", "message": _UNSEEN})

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
