"""What a sandbox is: the values that go in and come out, and the protocol that every backend keeps.

The types keep two facts apart that must never be mixed up:

* *The program failed* is a value: an `Outcome`.
* *The sandbox failed* is an exception: `SandboxUnavailable`.

A third type keeps a shortcut honest. Many candidates can be tried in one warm container (`Session.screen`), but such a
trial is only a filter: it returns `Screened`, from which no verdict can be made. Only `Session.run`, one check in one
clean container, returns an `Outcome`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["unverified", "agreed", "executed", "tested"]
"""How much evidence an answer stands on, weakest first."""

LimitName = Literal["seconds", "memory", "output"]
TestStatus = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]
Changes = Mapping[str, bytes]
"""Files to lay over the workspace before a job: path relative to its root (POSIX) -> whole new content."""


class SandboxUnavailable(RuntimeError):
    """No sandbox, or the sandbox itself broke. The text says why and what to do; it is never a program's output."""


class Value(BaseModel):
    """Base of the contract's values: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Value):
    """What one job may use. Reaching a limit ends the whole process tree and is named in `Outcome.limit`."""

    seconds: float = Field(default=60.0, gt=0, le=7200)
    """Wall-clock seconds."""
    test_seconds: float = Field(default=30.0, gt=0)
    """CPU seconds for each test of a `PytestCheck`; a test that uses more has failed, and the next one goes on. Once a
    test was cut, later ones get less: 20 times what the slowest test that ended by itself took, at least 0.5 s."""
    memory_mb: int = Field(default=1024, ge=64)
    """MiB for all processes together under Docker; for each process under bubblewrap."""
    processes: int = Field(default=128, ge=8)
    disk_mb: int = Field(default=256, ge=8)
    """MiB that the job may write on top of the workspace's own size."""
    output_kb: int = Field(default=256, ge=1)
    """KiB kept of stdout and of stderr; a job that writes more is ended."""
    cpus: float = Field(default=1.0, gt=0)


class PytestCheck(Value):
    """A pytest run. It passes by exit code *and* by exact test ids (see `integrity.judge`)."""

    kind: Literal["pytest"] = "pytest"
    args: tuple[str, ...] = ()
    """Arguments as the user typed them after `pytest`."""
    as_module: bool = False
    """True for `python -m pytest`, which puts the working folder on the import path."""
    ids: tuple[str, ...] = ()
    """When not empty: run just these test ids instead of the paths in `args`, in this order."""
    fail_fast: bool = False

    def narrowed(self, ids: Sequence[str], *, fail_fast: bool = False) -> Self:
        """The same check on only some of its tests."""
        return self.model_copy(update={"ids": tuple(ids), "fail_fast": fail_fast})

    def __str__(self) -> str:
        return " ".join((*(("python", "-m") if self.as_module else ()), "pytest", *self.args))


class CommandCheck(Value):
    """Any shell command; it passes when it exits with 0."""

    kind: Literal["command"] = "command"
    command: str = Field(min_length=1)
    """Given to `sh -c` in the workspace's root."""

    def __str__(self) -> str:
        return self.command


Check = Annotated[PytestCheck | CommandCheck, Field(discriminator="kind")]


class Frame(Value):
    """One traceback entry inside the workspace."""

    path: str
    line: int
    function: str


class TestResult(Value):
    """One test, or one file that could not be collected (status "error", id = its path)."""

    __test__ = False  # not a test class, whatever pytest thinks of its name
    id: str
    status: TestStatus
    seconds: float = 0.0
    message: str = ""
    """Why it did not pass: the end of pytest's long representation, at most 4,000 characters."""
    frames: tuple[Frame, ...] = ()
    """Traceback inside the workspace, innermost last."""


class LineCount(Value):
    """How many failing and how many passing tests executed a line."""

    line: int
    failed: int
    passed: int


class FileSpectrum(Value):
    """The executed lines of one file of the workspace."""

    path: str
    lines: tuple[LineCount, ...]


class TestReport(Value):
    """What pytest reported from inside the job. Written in the same process as the code under test: data, not proof."""

    __test__ = False
    tests: tuple[TestResult, ...] = ()
    complete: bool = False
    """The session ended by itself. False after a crash, `os._exit` or a limit."""
    exit_code: int | None = None
    """pytest's own exit code; None when not complete."""
    canary_caught: bool = False
    """A test that must fail, run after the check in the same interpreter, was reported as failed."""
    spectrum: tuple[FileSpectrum, ...] = ()
    """Only when asked for with `trace`."""

    def ids(self, *statuses: TestStatus) -> tuple[str, ...]:
        """Ids of the tests with one of these statuses (all tests when none is named), in order of execution."""
        return tuple(t.id for t in self.tests if not statuses or t.status in statuses)


class Outcome(Value):
    """One execution in one clean container. Never made when the sandbox itself failed."""

    exit_code: int | None
    """None when a signal or a limit ended the program."""
    signal: int | None = None
    limit: LimitName | None = None
    """Which limit ended it."""
    stdout: str = ""
    stderr: str = ""
    """Undecodable bytes are replaced."""
    truncated: bool = False
    seconds: float = 0.0
    """Wall-clock, by the runner's clock."""
    peak_memory_mb: float | None = None
    """MiB resident of the largest process; None where it can't be known."""
    report: TestReport | None = None
    """Only for a `PytestCheck`."""
    backend: str = ""
    """Which sandbox ran it, for example "docker" or "bubblewrap"."""


class Screened(Value):
    """A trial in a shared warm container: a filter, no evidence. No verdict can be made from it."""

    index: int
    """Position of the variant in the sequence given to `Session.screen`."""
    exit_code: int | None
    limit: LimitName | None = None
    seconds: float = 0.0
    report: TestReport | None = None


class Session(Protocol):
    """A workspace held ready for jobs. The tree that it was opened over is never written."""

    async def run(
        self, check: Check, *, changes: Changes | None = None, limits: Limits | None = None, trace: bool = False
    ) -> Outcome:
        """Run one check in one clean container.

        `trace` collects `TestReport.spectrum` (pytest only). Cancelling ends the container.
        Raises `SandboxUnavailable` when the sandbox fails, `ValueError` for changes that leave the workspace.
        """
        ...

    def screen(self, check: Check, variants: Sequence[Changes], *, limits: Limits | None = None) -> AsyncIterator[Screened]:
        """Try many variants in warm containers, several at a time; yields in order of completion.

        `limits.seconds` bounds each variant. Closing the iterator stops the work. Raises as `run`.
        """
        ...

    async def close(self) -> None:
        """End everything that the session started. Safe to call twice."""
        ...


class Sandbox(Protocol):
    """A place where untrusted code runs."""

    @property
    def name(self) -> str:
        """The backend's name, for reports."""
        ...

    async def probe(self) -> None:
        """Run a trivial job. Raises `SandboxUnavailable` with the reason and the cure."""
        ...

    async def open(self, tree: Path, *, limits: Limits | None = None) -> Session:
        """A session over a copy of `tree` (regular files, folders and symbolic links), with default `limits`."""
        ...
