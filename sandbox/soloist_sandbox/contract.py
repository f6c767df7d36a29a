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

LimitName = Literal["seconds", "memory", "output", "disk", "refused"]
"""What ended a program that did not end by itself. "refused": a system call that no honest program makes (SIGSYS)."""
Ending = Literal["ok", "nonzero", "signal", "timeout", "oom", "output_limit", "disk_limit", "refused"]
"""How a program ended, in one word. What befalls the sandbox itself is no ending: that is `SandboxUnavailable`."""
TestStatus = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]
Changes = Mapping[str, bytes]
"""Files to lay over the workspace before a job: path relative to its root (POSIX) -> whole new content."""


class SandboxUnavailable(RuntimeError):
    """No sandbox, or the sandbox itself broke twice. The text says why and what to do; it is never a program's output."""

    def __init__(self, text: str, cause: Literal["unavailable", "setup_error", "sandbox_lost"] = "unavailable") -> None:
        super().__init__(text)
        self.cause = cause
        """"setup_error": a job could not be started. "sandbox_lost": a container went away, went silent or talked nonsense."""


class Value(BaseModel):
    """Base of the contract's values: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Value):
    """What one job may use. Reaching a limit ends the whole process tree and is named in `Outcome.limit`."""

    seconds: float = Field(default=60.0, gt=0, le=7200)
    """Wall-clock seconds."""
    test_seconds: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    """CPU seconds for each test of a `PytestCheck`; a test that uses more has failed, and the next one goes on. Once a
    test was cut, later ones get less: 20 times what the slowest test that ended by itself took, at least 0.5 s."""
    memory_mb: int = Field(default=1024, ge=64)
    """MiB for all processes together under Docker; for each process under bubblewrap."""
    processes: int = Field(default=128, ge=8)
    disk_mb: int = Field(default=256, ge=8)
    """MiB that the job may write on top of the workspace's own size."""
    output_kb: int = Field(default=256, ge=1)
    """KiB kept of stdout and of stderr; a job that writes more is ended."""
    cpus: float = Field(default=1.0, gt=0, allow_inf_nan=False)


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


class Call(Value):
    """One call of a function. What is expected of it never enters the sandbox."""

    arguments: str
    """As they stand between the brackets of a call, literals only: `"[1, 2], key=3"`. `nan` and `inf` are literals here."""
    returns: str | None = None
    """The expected value, a literal of exactly the expected type; None to only learn what is returned."""
    raises: str | None = None
    """Name of the expected exception's class, or of one of its bases."""


class FunctionCheck(Value):
    """Calls of one function, judged outside the interpreter that ran them (see `grading`)."""

    kind: Literal["function"] = "function"
    path: str
    """The Python file that holds it, relative to the workspace."""
    function: str
    """Its name; `Class.method` for a static or class method."""
    calls: tuple[Call, ...] = Field(min_length=1)
    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Relative difference that floats may have from the expected ones (absolute below 1)."""

    def __str__(self) -> str:
        return f"{len(self.calls)} calls of {self.function} in {self.path}"


class Case(Value):
    """One run of a program. What is expected of it never enters the sandbox."""

    stdin: str
    stdout: str | None = None
    """What it should print, up to white space at line ends and at the end; None to only learn what it prints."""


class ProgramCheck(Value):
    """Runs of a Python program, each in a process of its own, from standard input to standard output."""

    kind: Literal["program"] = "program"
    path: str
    """The program, relative to the workspace."""
    cases: tuple[Case, ...] = Field(min_length=1)
    case_seconds: float = Field(default=10.0, gt=0, le=7200)
    """Wall-clock seconds for each case. The first case that does not end with 0 is the last one that is run."""

    def __str__(self) -> str:
        return f"{len(self.cases)} cases of {self.path}"


RepositoryCheck = Annotated[PytestCheck | CommandCheck, Field(discriminator="kind")]
"""What a repository brings: its own tests, or any command."""
Check = Annotated[PytestCheck | CommandCheck | FunctionCheck | ProgramCheck, Field(discriminator="kind")]


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


class Meddling(Value):
    """What a file of the workspace did to the tests or to what runs them, seen while they ran."""

    path: str
    """"?": nobody can tell which file it was."""
    act: str
    laid: bool
    """The file was laid over the workspace for this run."""


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
    meddling: tuple[Meddling, ...] = ()
    spectrum: tuple[FileSpectrum, ...] = ()
    """Only when asked for with `trace`."""

    def ids(self, *statuses: TestStatus) -> tuple[str, ...]:
        """Ids of the tests with one of these statuses (all tests when none is named), in order of execution."""
        return tuple(t.id for t in self.tests if not statuses or t.status in statuses)


class Returned(Value):
    """What one call of a `FunctionCheck` gave. Written by the interpreter that ran it: data to compare, not proof."""

    value: str | None = None
    """The returned value as a literal, exact types and all (see `values`); None when there is none, or none that is a literal."""
    raised: tuple[str, ...] = ()
    """Names of the exception's class and of its bases, nearest first."""
    message: str = ""
    """The exception's text, or why the value is none that can be compared."""


class Ran(Value):
    """One case of a `ProgramCheck`, as the process above the program saw it."""

    exit_code: int | None
    """None when a signal or the time ended it."""
    stdout: str = ""
    stderr: str = ""
    """The end of it."""
    late: bool = False
    """It was ended by `case_seconds`."""


class ChangedFile(Value):
    """A regular file that a job has made or changed in the workspace, or a file or folder of the tree that is no longer there."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")  # most files are no text
    path: str
    content: bytes | None
    """None: removed."""
    executable: bool = False


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
    """Wall-clock, by the broker's clock."""
    cpu_seconds: float = 0.0
    """Processor time of all its processes."""
    peak_memory_mb: float | None = None
    """MiB resident of the largest process; None where it can't be known."""
    report: TestReport | None = None
    """Only for a `PytestCheck`."""
    returned: tuple[Returned, ...] = ()
    """Only for a `FunctionCheck`: one for each call that was made, in order; or one with the reason why none could be made."""
    ran: tuple[Ran, ...] = ()
    """Only for a `ProgramCheck`: one for each case that was run, in order."""
    files: tuple[ChangedFile, ...] = ()
    """Only when asked for with `collect`."""
    backend: str = ""
    """Which sandbox ran it, for example "docker" or "bubblewrap"."""

    @property
    def ended(self) -> Ending:
        """How the program ended, in one word."""
        if self.limit is not None:
            return _ENDINGS[self.limit]
        if self.signal is not None:
            return "signal"
        return "nonzero" if self.exit_code else "ok"


_ENDINGS: dict[LimitName, Ending] = {
    "seconds": "timeout",
    "memory": "oom",
    "output": "output_limit",
    "disk": "disk_limit",
    "refused": "refused",
}


class Screened(Value):
    """A trial in a warm container, forked and isolated for it alone: a filter, no evidence. No verdict can be made from it."""

    index: int
    """Position of the variant in the sequence given to `Session.screen`."""
    exit_code: int | None
    limit: LimitName | None = None
    seconds: float = 0.0
    report: TestReport | None = None
    returned: tuple[Returned, ...] = ()
    ran: tuple[Ran, ...] = ()


class Session(Protocol):
    """A workspace held ready for jobs. The tree that it was opened over is never written."""

    async def run(
        self,
        check: Check,
        *,
        changes: Changes | None = None,
        limits: Limits | None = None,
        trace: bool = False,
        collect: bool = False,
    ) -> Outcome:
        """Run one check in one clean container.

        `trace` collects `TestReport.spectrum` (pytest only), `collect` the files that the job has changed in the workspace; who
        has made more than can be brought back (10,000 files, 16 MiB in one, 32 MiB in all) has run into the limit "disk".
        Cancelling ends the container.
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

    async def probe(self) -> str:
        """Run a trivial job. Raises `SandboxUnavailable` with the reason and the cure.

        Returns why this sandbox must use a whole container for each job; "" when a fork into namespaces of its own is enough.
        """
        ...

    async def open(self, tree: Path, *, limits: Limits | None = None) -> Session:
        """A session over a copy of `tree` (regular files, folders and symbolic links), with default `limits`."""
        ...
